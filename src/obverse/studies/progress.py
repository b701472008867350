"""What is shown while runs go on: bars in a terminal, a line at each start and end in a log."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from obverse.core.format import harmless
from obverse.run.task import Event


class Bars:
    """One bar for each run at work, told of events by an executor."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.finished = 0
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),  # a name is a name, whatever is in it
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total} steps", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        label = event.task.label
        if event.kind == "started":
            self._bars[event.task.id] = self._progress.add_task(harmless(label), total=None)
        elif event.kind == "progress":
            self._progress.update(self._bars[event.task.id], completed=event.done, total=event.total)
        self.finished += event.kind == "finished"
        if event.kind != "progress" and not self.console.is_terminal:
            say(self.console, f"{label}: {event.kind}")


def say(console: Console, line: str) -> None:
    """Print a line as it is: names may hold what rich takes for markup, or a terminal for an order."""
    console.print(harmless(line), highlight=False, markup=False, soft_wrap=True)
