"""How many runs of a study are done and at work, what each does, and how long the rest will take."""

import time
from collections import deque
from dataclasses import dataclass, field

from rich.progress import TaskID

from obverse.core.format import count
from obverse.run.task import Event

RESUMED = 0.1  # of a run; so much is seldom done before it is first heard of
ENOUGH = 0.02  # of a run; before so much is done, nobody knows how long the rest takes
SECONDS_OF_SPEED = 10.0  # over which steps are counted
A_WHILE = 2.0  # seconds after which it is said since when something is done


@dataclass
class AtWork:
    """A run that has begun: since when; since when it was heard of, its share of steps then and now; and
    the last of what it has told."""

    since: float
    heard: float = 0.0
    before: float | None = None
    share: float = 0.0
    bar: TaskID | None = None
    last: Event | None = None
    phase_since: float = 0.0
    steps: deque[tuple[float, int]] = field(default_factory=deque)  # when how many were done

    def hear(self, event: Event, now: float) -> None:
        if self.last is None or event.phase != self.last.phase:
            self.phase_since = now
        self.last = event
        self.steps.append((now, event.done))
        while now - self.steps[0][0] > SECONDS_OF_SPEED and len(self.steps) > 2:
            self.steps.popleft()

    def __str__(self) -> str:
        """Say what it does: its phase, steps, loss and speed, or how long a phase without steps takes."""
        if self.last is None:
            return ""
        event, said = self.last, []
        training = event.loss is not None or not event.phase
        if event.total and (training or event.phase.startswith(("training", "growing"))):
            said.append(f"{event.phase} {event.done}/{event.total}".strip())
            if event.loss is not None:
                said.append(f"loss {event.loss:.3g}")
            (since, before), (until, done) = self.steps[0], self.steps[-1]
            if until > since and done > before:
                speed = (done - before) / (until - since)
                said.append(f"{speed:,.0f} steps/s" if speed >= 10 else f"{speed:.2g} steps/s")
        elif event.phase:
            took = time.monotonic() - self.phase_since
            said.append(event.phase + (f", {time_of(took)}" if took > A_WHILE else ""))
        return ", ".join(said)


@dataclass
class Tally:
    """How many runs are done, running, failed and waiting, and how long the rest will take.

    The unit of work is a run; one that has begun counts by the share of its steps that are done.
    """

    count: int
    finished: int
    failed: int = 0
    elsewhere: set[str] = field(default_factory=set)
    running: dict[str, AtWork] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    worked: float = 0.0  # runs' worth of work that was done since it began, by runs that are over

    def hear(self, event: Event) -> None:
        id, now = event.task.id, time.monotonic()
        if event.kind == "started":
            self.running[id] = AtWork(now)
            self.elsewhere.discard(id)
        elif event.kind == "progress" and id in self.running:
            run = self.running[id]
            run.hear(event, now)
            if not event.total:
                return
            run.share = min(1.0, event.done / event.total)
            if run.before is None:
                # What was done by an earlier try is no work of now; so little that a run has done it
                # before it is first heard of, or all of it, is.
                run.before = run.share if RESUMED < run.share < 1 else 0.0
                run.heard = now if run.before else run.since
        elif event.kind == "waiting":
            self.running.pop(id, None)
            if not event.problem:
                self.elsewhere.add(id)
        elif event.kind in ("finished", "failed"):
            over = self.running.pop(id, None)
            self.elsewhere.discard(id)
            if over is not None and event.kind == "finished":
                self.worked += 1.0 - (over.before or 0.0)
            self.finished += event.kind == "finished"
            self.failed += event.kind == "failed"

    @property
    def waiting(self) -> int:
        return self.count - self.finished - self.failed - len(self.running) - len(self.elsewhere)

    @property
    def share(self) -> float:
        """How many runs' worth of work is done."""
        return self.finished + self.failed + sum(run.share for run in self.running.values())

    def left(self) -> float | None:
        """Return the seconds until all runs are over, None where nobody knows.

        The work that is left, at the rate of the work so far; but no less than what the slowest run that
        has begun takes, whatever others do beside it.
        """
        now = time.monotonic()
        done = self.worked + sum(run.share - (run.before or 0.0) for run in self.running.values())
        if done < ENOUGH:
            return None
        slowest = [
            (1.0 - run.share) * (now - run.heard) / gained
            for run in self.running.values()
            if (gained := run.share - (run.before or 0.0)) > ENOUGH
        ]
        return max((self.count - self.share) * (now - self.began) / done, *slowest, 0.0)

    def __str__(self) -> str:
        return f"{self.finished} of {count(self.count, 'run')}"

    def beside(self) -> str:
        """Return what else there is to say."""
        parts = {"running": len(self.running), "elsewhere": len(self.elsewhere), "failed": self.failed,
                 "waiting": self.waiting}  # fmt: skip
        said = [f"{number} {name}" for name, number in parts.items() if number]
        if (left := self.left()) is not None and self.share < self.count:
            said.append(f"{time_of(left)} left")
        return ", ".join(said)


def time_of(seconds: float) -> str:
    """Write a time that passes: "50 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
