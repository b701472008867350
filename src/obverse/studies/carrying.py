"""Carrying out a study's runs: where to, with progress shown, and what is said when some fail."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from obverse.core.errors import ObverseError, Stopped
from obverse.core.format import count
from obverse.run.task import Executor, Failure, Task
from obverse.store import files
from obverse.studies.progress import View, say


def refuse_other(out: Path, name: str) -> None:
    """Refuse a directory that is none, or has another study's results, which would be lost.

    Raises:
        ObverseError: that says which study is there, or what is wrong with its study.json.
    """
    files.refuse_no_folder(out)
    if not (out / "study.json").is_file():
        return
    try:
        there = files.read_json(out / "study.json")
    except ObverseError as error:
        raise ObverseError(
            f"{error}\nremove the file, and the same command writes it anew from the runs that are "
            "there, or name another directory (--out)"
        ) from None
    other = there.get("study") if isinstance(there, dict) else None
    if other is not None and other != name:
        raise ObverseError(f"{out}: has the study {other!r}; name another directory for {name!r} (--out)")


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
