"""Runs spread by hand: a study writes down what is to do; any process that sees its directory does it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Failure, Task, Word
from obverse.studies.executors.here import Here
from obverse.studies.executors.pending import Pending
from obverse.studies.executors.watching import Watch

SECONDS_BETWEEN_WORDS = 1.0  # of progress, which goes to the disk


class Work:
    """Workers that are started by hand (`obverse work DIR`), on any machine that sees the directory.

    What is to do is written down, and waited for. An interrupt ends the waiting alone: the workers go on.
    """

    on_interrupt = "what is written down is still carried out by `obverse work`"

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        pending = Pending.of(tasks[0])
        for task in tasks:
            pending.add(task)
        return Watch(tasks, on, pending).until_settled()


class UnnotedError(ObverseError):
    """What became of a run could not be written down, so that it would be tried again and again."""


class Worker:
    """Carries out what is written down in a study's directory, on this machine.

    Args:
        out: the directory.
        workers: runs at a time; None: what the study says, or one for each core.
    """

    def __init__(self, out: Path, workers: int | None = None) -> None:
        self.pending = Pending(out)
        self.workers = workers

    def tasks(self) -> list[Task]:
        """Return what is to do.

        Raises:
            ObverseError: if a run cannot be carried out here.
        """
        return [
            replace(task, execution=replace(task.execution, workers=self.workers))
            for task in self.pending.tasks()
        ]

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        """Carry out tasks, as an Executor, and take note of what has become of them in the directory.

        Raises:
            UnnotedError: if that cannot be written.
        """
        told_at: dict[str, float] = {}

        def heard(event: Event) -> None:
            try:
                note(event)
            except ObverseError as error:
                raise UnnotedError(str(error)) from error
            on(event)

        def note(event: Event) -> None:
            id = event.task.id
            now = time.monotonic()
            if event.kind == "started" or (
                event.kind == "progress"
                and (event.done == event.total or now - told_at[id] > SECONDS_BETWEEN_WORDS)
            ):
                told_at[id] = now
                word = Word(done=event.done, total=event.total, phase=event.phase, loss=event.loss)
                RunFolder(event.task.folder).tell(word)
            elif event.kind == "finished":
                self.pending.remove(id)
                RunFolder(event.task.folder).untell()
            elif event.kind == "failed" and self.pending.has(id):
                if "status -15" in event.problem:  # whoever ends its process may be about to end this one
                    time.sleep(1)
                self.pending.fail(id, event.problem)

        return Here(self.pending.state).run(tasks, heard)
