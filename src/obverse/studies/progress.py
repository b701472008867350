"""What is shown while runs go on: one view of all in a terminal, a line in a notebook, a calm account of
them in a log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.progress import Task as Bar
from rich.table import Column
from rich.text import Text

from obverse.core.format import harmless
from obverse.run.task import Event
from obverse.studies.in_notebook import Line
from obverse.studies.tally import A_WHILE, AtWork, Tally, time_of

MOST_BARS = 16  # of single runs; a cluster carries out hundreds
SECONDS_BETWEEN_LOOKS = 0.5  # at what changes in place in a notebook
SECONDS_BETWEEN_LINES = 30.0  # in a log, beside those of starts and ends


class View:
    """One view of all runs of a study, told of events by an executor.

    Args:
        console: a terminal has a bar for the study and one for each run at work; a notebook has one for
            the study; a log has a line for each start and end, and now and then one between them.
        count: how many runs the study has.
        finished: how many of them were finished before.
    """

    def __init__(self, console: Console, count: int, finished: int = 0) -> None:
        self.console = console
        self.tally = Tally(count, finished)
        self._said_at = time.monotonic()
        self._told: set[str] = set()  # what runs wait for, which is said once
        self._progress = _bars(console)
        self._all = self._progress.add_task("", total=count, said="")
        self._line = Line() if console.is_jupyter else None

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
        elif self._line is not None:
            self._note(event, self._line)
        else:
            self._say(event, run)

    def _draw(self, event: Event, before: AtWork | None) -> None:
        run = self.tally.running.get(event.task.id)
        shown = sum(r.bar is not None for r in self.tally.running.values())
        if run is None and before is not None and before.bar is not None:
            self._progress.remove_task(before.bar)
        elif run is not None and run.bar is None and shown < MOST_BARS:
            run.bar = self._progress.add_task(harmless(event.task.label), total=None, said=run)
        if run is not None and run.bar is not None and event.total:
            self._progress.update(run.bar, completed=event.done, total=event.total)
        if event.kind == "failed":
            say(self._progress.console, _failed(event))
        self._progress.update(
            self._all, description=str(self.tally), completed=self.tally.share, said=self.tally.beside()
        )

    def _note(self, event: Event, line: Line) -> None:
        if event.kind == "failed":
            say(self.console, _failed(event))
        now = time.monotonic()
        if event.kind == "progress" and now - self._said_at < SECONDS_BETWEEN_LOOKS:
            return
        self._said_at = now
        run = _of(event.task.label, self.tally.running.get(event.task.id))
        said = "; ".join(filter(None, (str(self.tally), self.tally.beside(), run)))
        line.show(said, self.tally.share / max(1, self.tally.count))

    def _say(self, event: Event, run: AtWork | None) -> None:
        label, now = event.task.label, time.monotonic()
        if event.kind == "progress":
            if now - self._said_at < SECONDS_BETWEEN_LINES:
                return
            line = "; ".join(filter(None, (f"{self.tally}, {self.tally.beside()}", _of(label, run))))
        elif event.kind == "waiting":
            line = f"{label}: {event.problem or 'another process is at work on it'}"
            if line in self._told:
                return
            self._told.add(line)
        elif event.kind == "failed":
            line = f"{_failed(event)} ({self.tally})"
        elif event.kind == "finished" and run is not None:
            line = f"{label}: finished, {time_of(now - run.since)} ({self.tally})"
        elif event.kind == "finished":
            line = f"{label}: finished elsewhere ({self.tally})"
        else:
            line = f"{label}: {event.kind} ({self.tally})"
        self._said_at = now
        say(self.console, f"{clock()} {line}")


@contextmanager
def doing(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show that something is done which may take a while: a bar in a terminal, a line in a log once it
    has taken a while.

    Yields what may be told how much of it is done, as `advance(done, total)`.
    """
    if console.is_jupyter:
        line = Line()
        line.show(what)
        yield lambda done, total: line.show(what, done / max(1, total))
        line.close()
        return
    if not console.is_terminal:
        later = threading.Timer(A_WHILE, lambda: say(console, f"{clock()} {what}"))
        later.daemon = True
        later.start()
        try:
            yield lambda done, total: None
        finally:
            later.cancel()
        return
    since = time.monotonic()
    with _bars(console, transient=True) as bars:
        bar = bars.add_task(what, total=None, said=_Since(since))
        yield lambda done, total: bars.update(bar, completed=done, total=total)


@dataclass
class _Since:
    """How long something has been done, once that is a while."""

    since: float

    def __str__(self) -> str:
        took = time.monotonic() - self.since
        return time_of(took) if took > A_WHILE else ""


class _Said(ProgressColumn):
    """What a bar is said to be at, asked anew whenever it is drawn."""

    def render(self, task: Bar) -> Text:
        return Text(harmless(str(task.fields["said"])), overflow="ellipsis", no_wrap=True)


def _bars(console: Console, transient: bool = False) -> Progress:
    """Return bars that fit into the console: what a run is called gives way to what it does."""
    label = Column(max_width=max(16, console.width // 3), no_wrap=True, overflow="ellipsis")
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=label),  # a name is a name
        BarColumn(bar_width=max(6, min(40, console.width // 8))),
        _Said(),
        console=console,
        transient=transient,
        disable=not console.is_terminal,
    )


def _of(label: str, run: AtWork | None) -> str:
    said = str(run or "")
    return f"{label}: {said}" if said else ""


def _failed(event: Event) -> str:
    first = event.problem.strip().partition("\n")[0]
    return f"{event.task.label}: failed" + (f": {first}" if first else "")


def clock() -> str:
    """Return the time of day, for a line of a log."""
    return time.strftime("%H:%M:%S")


def say(console: Console, line: str) -> None:
    """Print a line as it is: names may hold what rich takes for markup, or a terminal for an order."""
    console.print(harmless(line), highlight=False, markup=False, soft_wrap=True)
