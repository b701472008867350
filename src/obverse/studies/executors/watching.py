"""Looking on while others carry out what is written down in a study's directory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from obverse.run.folder import RunFolder
from obverse.run.task import Event, Failure, Task, Word, ended
from obverse.studies.executors.pending import Pending

SECONDS_BETWEEN_LOOKS = 0.5
# A look at thousands of runs over a network takes long itself: most of the time nothing is looked at.
SHARE_OF_TIME = 0.1
SECONDS_BETWEEN_PROBES = 10.0  # of locks, for runs that have begun and of which nothing is heard


@dataclass
class _Run:
    """What was seen last of a run, and since when nothing new was."""

    task: Task
    told: Word | None = None
    begun: bool = False
    since: float = field(default_factory=time.monotonic)


class Watch:
    """Tells of runs that others carry out, by what they write down, until all of them are settled."""

    def __init__(self, tasks: Sequence[Task], on: Callable[[Event], None], pending: Pending) -> None:
        self.on, self.pending = on, pending
        self.left = {task.id: _Run(task) for task in tasks}
        self.failures: list[Failure] = []
        for run in self.left.values():  # left there by whoever was at work before
            run.told = RunFolder(run.task.folder).told()

    def until_settled(self, each: Callable[[], None] = lambda: None) -> list[Failure]:
        """Look on until every run is finished or has failed; `each` is called after each look."""
        while self.left:
            began = time.monotonic()
            self.look()
            each()
            if self.left:
                took = time.monotonic() - began
                time.sleep(max(SECONDS_BETWEEN_LOOKS, took * (1 / SHARE_OF_TIME - 1)))
        return self.failures

    def look(self) -> None:
        for run in list(self.left.values()):
            folder = RunFolder(run.task.folder)
            if folder.finished:
                self.settle(run.task, None)
            elif (problem := self.pending.failure(run.task.id)) is not None:
                self.settle(run.task, problem)
            else:
                self._progress(run, folder)

    def settle(self, task: Task, problem: str | None) -> None:
        """Take note of a run that is finished, or has failed."""
        del self.left[task.id]
        if problem is None:
            self.pending.remove(task.id)
        else:
            self.failures.append(Failure(task=task, problem=problem))
        self.on(ended(task, problem))

    def _progress(self, run: _Run, folder: RunFolder) -> None:
        told, now = folder.told(), time.monotonic()
        if told is not None and told != run.told:
            if not run.begun:
                self.on(Event(task=run.task, kind="started"))
            run.told, run.begun, run.since = told, True, now
            self.on(told.of(run.task))
        elif run.begun and now - run.since > SECONDS_BETWEEN_PROBES:
            run.since = now
            if not folder.held:  # whoever was at work on it is gone
                run.begun = False
                self.on(Event(task=run.task, kind="waiting", problem="cut off; it goes on later"))
