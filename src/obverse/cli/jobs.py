"""The command that shows and cancels what services were asked to train."""

from pathlib import Path
from typing import Annotated

import typer


def jobs(
    directory: Annotated[Path, typer.Argument(help="What `obverse run --finetune` wrote.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel those that still run.")] = False,
) -> None:
    """Show the jobs that a study's services were asked for, and cancel them (docs/finetuning.md).

    Who interrupts a study interrupts no job: the service goes on, and so does its bill.
    """
    from obverse.studies.started import started

    none = True
    for one in started(directory):
        none = False
        status = one.status(cancel=cancel)
        cost = "" if one.cost is None else f", cost {one.cost:.2f}"
        model = f": {one.model}" if one.model else ""
        typer.echo(f"{one.run}: {one.job} {status}{model}{cost}")
    if none:
        typer.echo(f"{directory}: no job was started")
