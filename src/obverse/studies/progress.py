"""What is shown while runs go on: one view of all in a terminal, a calm account of them in a log."""

import time
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from obverse.core.format import count, harmless
from obverse.run.task import Event

MOST_BARS = 16  # of single runs; a cluster carries out hundreds
SECONDS_BETWEEN_LINES = 60.0  # in a log, beside those of starts and ends
RESUMED = 0.1  # of a run; so much is seldom done before it is first heard of
ENOUGH = 0.02  # of a run; before so much is done, nobody knows how long the rest takes


@dataclass
class _AtWork:
    """A run that has begun: since when; since when it was heard of, its share of steps then and now."""

    since: float
    heard: float = 0.0
    before: float | None = None
    share: float = 0.0
    bar: TaskID | None = None


@dataclass
class Tally:
    """How many runs are done, running, failed and waiting, and how long the rest will take.

    The unit of work is a run; one that has begun counts by the share of its steps that are done.
    """

    count: int
    finished: int
    failed: int = 0
    elsewhere: set[str] = field(default_factory=set)
    running: dict[str, _AtWork] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    worked: float = 0.0  # runs' worth of work that was done since it began, by runs that are over

    def hear(self, event: Event) -> None:
        id, now = event.task.id, time.monotonic()
        if event.kind == "started":
            self.running[id] = _AtWork(now)
            self.elsewhere.discard(id)
        elif event.kind == "progress" and id in self.running and event.total:
            run = self.running[id]
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
            said.append(f"{_time(left)} left")
        return ", ".join(said)


class View:
    """One view of all runs of a study, told of events by an executor.

    Args:
        console: a terminal has a bar for the study and one for each run at work; a log has a line for
            each start and end, and at most one a minute beside them.
        count: how many runs the study has.
        finished: how many of them were finished before.
    """

    def __init__(self, console: Console, count: int, finished: int = 0) -> None:
        self.console = console
        self.tally = Tally(count, finished)
        self._said_at = time.monotonic()
        self._told: set[str] = set()  # what runs wait for, which is said once
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),  # a name is a name, whatever is in it
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._all = self._progress.add_task("", total=count, said="")

    def __enter__(self) -> "View":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        run = self.tally.running.get(event.task.id)
        self.tally.hear(event)
        if self.console.is_terminal:
            self._draw(event, run)
        else:
            self._say(event, run)

    def _draw(self, event: Event, before: _AtWork | None) -> None:
        run = self.tally.running.get(event.task.id)
        shown = sum(r.bar is not None for r in self.tally.running.values())
        if run is None and before is not None and before.bar is not None:
            self._progress.remove_task(before.bar)
        elif run is not None and run.bar is None and shown < MOST_BARS:
            run.bar = self._progress.add_task(harmless(event.task.label), total=None, said="")
        if run is not None and run.bar is not None and event.total:
            said = f"{event.done}/{event.total} steps"
            self._progress.update(run.bar, completed=event.done, total=event.total, said=said)
        if event.kind == "failed":
            say(self._progress.console, _failed(event))
        self._progress.update(
            self._all, description=str(self.tally), completed=self.tally.share, said=self.tally.beside()
        )

    def _say(self, event: Event, run: _AtWork | None) -> None:
        label, now = event.task.label, time.monotonic()
        if event.kind == "progress":
            if now - self._said_at < SECONDS_BETWEEN_LINES:
                return
            line = f"{self.tally}: {self.tally.beside()}"
        elif event.kind == "waiting":
            line = f"{label}: {event.problem or 'another process is at work on it'}"
            if line in self._told:
                return
            self._told.add(line)
        elif event.kind == "failed":
            line = f"{_failed(event)} ({self.tally})"
        elif event.kind == "finished" and run is not None:
            line = f"{label}: finished, {now - run.since:.0f} s ({self.tally})"
        elif event.kind == "finished":
            line = f"{label}: finished elsewhere ({self.tally})"
        else:
            line = f"{label}: {event.kind} ({self.tally})"
        self._said_at = now
        say(self.console, line)


def _failed(event: Event) -> str:
    first = event.problem.strip().partition("\n")[0]
    return f"{event.task.label}: failed" + (f": {first}" if first else "")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def say(console: Console, line: str) -> None:
    """Print a line as it is: names may hold what rich takes for markup, or a terminal for an order."""
    console.print(harmless(line), highlight=False, markup=False, soft_wrap=True)
