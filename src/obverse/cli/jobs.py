"""The command that shows and cancels what services were asked to train."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer


def jobs(
    directory: Annotated[Path, typer.Argument(help="What `obverse run --finetune` wrote.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel those that still run.")] = False,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The environment variable with the service's key; without it you are asked whether to "
            "send the key that the study's files name to the address that they name.",
        ),
    ] = None,
) -> None:
    """Show the jobs of finetuning services, or cancel them.

    See docs/finetuning.md.
    Who interrupts a study interrupts no job: the service goes on, and so does its bill.
    """
    from obverse.studies.started import started

    none = True
    agreed: set[tuple[str, str]] = set()
    for one in started(directory):
        none = False
        if key is not None:
            one = replace(one, spec=one.spec.model_copy(update={"key": key}))
        elif not one.over and (where := (one.spec.url, one.spec.key)) not in agreed:
            if one.spec.secret() != "none":  # the folder may be somebody else's, and name any of both
                typer.confirm(f"send the key in {one.spec.key} to {one.spec.url}?", abort=True)
            agreed.add(where)
        status = one.status(cancel=cancel)
        cost = "" if one.cost is None else f", cost {one.cost:.2f}"
        model = f": {one.model}" if one.model else ""
        typer.echo(f"{one.run}: {one.job} {status}{model}{cost}")
    if none:
        typer.echo(f"{directory}: no job was started")
