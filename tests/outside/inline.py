"""An executor from outside, which tells what numbers have to come out of the others."""

from collections.abc import Callable, Sequence

from obverse import Event, Failure, Task


class Inline:
    """Carries tasks out in this process, one after the other.

    Attributes:
        done: the labels of those that were.
    """

    def __init__(self) -> None:
        self.done: list[str] = []

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        for task in tasks:
            on(Event(task=task, kind="started"))
            task.perform(lambda done, total: None)
            self.done.append(task.label)
            on(Event(task=task, kind="finished"))
        return []
