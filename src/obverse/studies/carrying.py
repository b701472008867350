"""Carrying out a study's runs: where to, with progress shown, and what is said when some fail."""

from collections.abc import Sequence

from rich.console import Console

from obverse.core.errors import ObverseError, Stopped
from obverse.core.format import count
from obverse.run.task import Executor, Failure, Task
from obverse.studies.progress import View, say


def carry_out(executor: Executor, tasks: Sequence[Task], n: int, console: Console) -> None:
    """Carry out tasks, showing progress.

    Raises:
        ObverseError: after all have ended, naming the runs that failed, why, and their logs.
    """
    view = View(console, n, n - len(tasks))
    try:
        with view:
            failures = executor.run(tasks, view)
    except BaseException as error:
        goes_on = getattr(executor, "on_interrupt", "")
        say(console, f"stopped: {view.tally} are finished and kept; the same command goes on")
        if goes_on and not isinstance(error, ObverseError):
            say(console, goes_on)
        if isinstance(error, Stopped):
            error.told = True
        raise
    if failures:
        raise ObverseError(
            f"{len(failures)} of {count(n, 'run')} failed; the others are kept\n"
            + "\n".join(map(_told, failures))
        )


def _told(failure: Failure) -> str:
    return f"{failure.task.label}: {failure.problem}\n  log: {failure.task.folder}/log.txt"
