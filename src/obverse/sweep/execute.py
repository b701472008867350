"""Carrying out runs on this machine, several at a time, each in a process of its own."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

from obverse.core.errors import ObverseError
from obverse.store.runs import RunFolder
from obverse.sweep.process import Processes
from obverse.sweep.run import Execution, Run, perform

Work = tuple[Run, Path]


def execute(work: Sequence[Work], execution: Execution, console: Console) -> None:
    """Carry out every run that is not finished, showing progress.

    A run that fails does not stop the others.

    Raises:
        ObverseError: after all have ended, naming the runs that failed, why, and their logs.
    """
    waiting = [(run, path) for run, path in work if not RunFolder(path).finished]
    for _, path in work:
        if (folder := RunFolder(path)).finished:
            folder.tidy()
            if execution.keep_weights and not (path / "weights").is_dir():
                console.print(f"{path}: finished before without its weights; remove it to train again")
    if not waiting:
        return
    workers = min(execution.workers or _workers(execution), len(waiting))
    if any(_only_here(run) for run, _ in waiting):
        workers = 1  # they share this process, and so its random numbers
    failures: list[str] = []
    with _Bars(console) as bars:
        processes = Processes(execution.threads)
        pool = ThreadPoolExecutor(workers)
        try:
            jobs = {
                pool.submit(_one, run, path, execution, bars, processes): (run, path)
                for run, path in waiting
            }
            for job, (run, path) in jobs.items():
                try:
                    job.result()
                except ObverseError as error:
                    failures.append(f"{run.label}: {error}\n  log: {path}/log.txt")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.kill()
            raise
        pool.shutdown()
        processes.close()
    if failures:
        raise ObverseError(
            f"{len(failures)} of {len(work)} runs failed; the others are kept\n" + "\n".join(failures)
        )


def _workers(execution: Execution) -> int:
    if execution.device != "cpu" and _has_gpu():
        return 1
    return max(1, (os.cpu_count() or 1) // execution.threads)


def _only_here(run: Run) -> bool:
    """Return whether another process could not import the experiment: a script's or a notebook's."""
    return type(run.experiment).__module__ == "__main__"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _one(run: Run, path: Path, execution: Execution, bars: "_Bars", processes: Processes) -> None:
    with bars.bar(run.label) as on_step:
        if _only_here(run):
            perform(run, RunFolder(path), execution, on_step)
        else:
            processes.perform(run, path, execution, on_step)


class _OnStep:
    """Moves one bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task

    def __call__(self, done: int, total: int) -> None:
        self.progress.update(self.task, completed=done, total=total)


class _Bars:
    """One progress bar for each run at work."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TimeElapsedColumn(),
            Remaining(),
            console=console,
            disable=not console.is_terminal,
        )
        self.console = console
        self.lock = threading.Lock()

    def __enter__(self) -> "_Bars":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    @contextmanager
    def bar(self, label: str) -> Iterator[_OnStep]:
        if not self.console.is_terminal:
            self.console.print(f"{label}: started")
        task = self.progress.add_task(label, total=None)
        end = "failed"
        try:
            yield _OnStep(self.progress, task)
            end = "finished"
        finally:
            if not self.console.is_terminal:
                self.console.print(f"{label}: {end}")
