"""The command that carries out what a study has written down, beside others that do."""

import time
from pathlib import Path
from typing import Annotated

import typer

from obverse.core.errors import ObverseError

SECONDS_BETWEEN_LOOKS = 2.0


def work(
    directory: Annotated[
        Path, typer.Argument(help="Where `obverse run --executor work --out DIRECTORY` writes.")
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time; else what the study says, or one a core.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="When nothing is left, wait for more until interrupted.")
    ] = False,
) -> None:
    """Carry out a study's runs beside others, on any machine.

    Every machine that sees the directory can help.
    Runs that others are at work on are waited for, and taken over if these die (docs/scale.md). What the
    directory names is executed: open one that somebody gave you as you would run a program of theirs.
    """
    from rich.console import Console

    from obverse.studies.carrying import carry_out
    from obverse.studies.executors.work import UnnotedError, Worker
    from obverse.studies.progress import say

    console, worker = Console(stderr=True), Worker(directory, workers)
    if not directory.is_dir() and not wait:
        raise ObverseError(f"{directory}: no such directory; expected one that `obverse run` writes to")
    failed = done = 0
    while True:
        tasks = worker.tasks()
        if tasks:
            try:
                carry_out(worker, tasks, len(tasks), console)
            except UnnotedError:
                raise
            except ObverseError as error:  # some failed; they may be asked for again meanwhile
                failed += 1
                say(console, str(error))
            done += len(tasks)
        elif not wait:
            break
        else:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if failed:
        raise typer.Exit(1)
    say(console, "nothing is left to do" if done else f"{directory}: nothing is to do")
