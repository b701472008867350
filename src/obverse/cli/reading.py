"""The commands that read what studies left."""

from pathlib import Path
from typing import Annotated

import typer

from obverse.cli.options import (
    pairs,
    terminal,
)


def report(
    directory: Annotated[
        Path, typer.Argument(help="What `obverse run` wrote, or a folder of several such.")
    ],
) -> None:
    """Make a study's page and figures again, or an index page that leads to several studies'."""
    from obverse.report.build import build
    from obverse.report.index import build_index

    if (directory / "study.json").is_file() or not any(directory.glob("*/study.json")):
        typer.echo(f"report: {build(directory)}")
    else:
        typer.echo(f"index: {build_index(directory)}")


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="What `obverse run` wrote: DIR or DIR:MODEL, of one cell DIR[COLUMN=VALUE,…].",
        ),
    ],
    b: Annotated[
        str, typer.Argument(metavar="B", help="Another such, or another model or cell of the same.")
    ],
    metric: Annotated[
        str | None, typer.Option(help="A column; exact match, loss or log-probability by default.")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Ask whether both are alike within it, not whether A is above B.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column that tells groups apart, instead of all labels.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Take these rows alone, of both.")
    ] = None,
    measure: Annotated[str, typer.Option(help="Whose table is compared.")] = "ask",
) -> None:
    """Set two studies, or two models, side by side: A − B, paired by seed and fact (docs/results.md)."""

    from obverse.studies.compare import compare as compared

    found = compared(
        a, b, metric=metric, margin=margin, by=by, where=pairs(where, "--where"), measure=measure
    )
    console = terminal()
    console.print(found.table(console.width))
