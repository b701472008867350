"""The commands that read what studies left."""

from pathlib import Path
from typing import Annotated

import typer

from obverse.cli.options import Open, Where
from obverse.cli.showing import open_page, terminal
from obverse.cli.typed import pairs


def report(
    directory: Annotated[
        Path, typer.Argument(help="What `obverse run` wrote, or a folder of several such.")
    ],
    show: Open = False,
) -> None:
    """Draw a study's page again, or an index of several studies."""
    from obverse.report.build import build
    from obverse.report.index import build_index

    if (directory / "study.json").is_file() or not any(directory.glob("*/study.json")):
        page = build(directory)
        typer.echo(f"report: {page}")
    else:
        page = build_index(directory)
        typer.echo(f"index: {page}")
    if show:
        open_page(page)


def runs(
    directory: Annotated[Path, typer.Argument(help="What `obverse run` writes to, finished or not.")],
    where: Where = None,
    sort: Annotated[str | None, typer.Option(help="A column; -COLUMN: largest first.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many are shown.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="All of them, a JSON object a line.")] = False,
) -> None:
    """List a study's runs: which are finished, and what they took."""
    from obverse.core.format import count
    from obverse.studies.runs import listed, runs_of, table_of

    found = listed(runs_of(directory), where, sort)
    if as_json:
        typer.echo(found.write_ndjson(), nl=False)
        return
    terminal().print(table_of(found.head(most)))
    states = ", ".join(
        f"{n:,} {state}" for state, n in found["state"].value_counts(sort=True).iter_rows()
    )
    shown = f"; the first {most} are shown" if len(found) > most else ""
    typer.echo(f"{count(len(found), 'run')}: {states}{shown}" if len(found) else "no runs")


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
    """Compare two studies or models: A − B, paired (docs/results.md)."""

    from obverse.studies.compare import compare as compared

    found = compared(
        a, b, metric=metric, margin=margin, by=by, where=pairs(where, "--where"), measure=measure
    )
    console = terminal()
    console.print(found.table(console.width))
