"""The commands that write what a study tells and asks."""

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from obverse.cli.options import (
    Data,
    Models,
    Name,
    Out,
    Set,
    Where,
    pairs,
)
from obverse.core.errors import ObverseError


def data(
    name: Name,
    out: Annotated[Path | None, typer.Option(help="Where to write.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of a run whose data is wanted.")] = 0,
    preset: Annotated[str | None, typer.Option(help="The data of a preset, not all there is.")] = None,
    settings: Set = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check the questions; nothing is written.")
    ] = False,
    model: Models = None,
    data: Data = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="Another layout: one of the study's, or openai-completions or openai-chat, the training "
            "files of fine-tuning services."
        ),
    ] = None,
) -> None:
    """Write a study's data as JSON lines, or check its questions for a model's tokenizer.

    A directory for each variant and stage, with documents.jsonl and a file for each measure (ask.jsonl
    has the questions), unless the study has a layout of its own (docs/output.md).
    """
    from obverse.studies.data import check_data, data_of, write_data

    for option, given in (("out", out), ("layout", layout)):
        if check and given is not None:
            raise ObverseError(
                f"--check --{option} {given}: with --check nothing is written; expected one of the two"
            )
    study = data_of(name, data, pairs(settings), preset)
    if check:
        clean, lines = check_data(study.experiment, model or [])
        typer.echo("\n".join(lines))
        sys.exit(0 if clean else 1)
    if out is None:
        raise ObverseError("--out: name where to write")
    typer.echo(write_data(study, out, seed, layout))


def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="STUDY|DIR",
            help="A study, whose questions are written for another harness; or what `obverse run` wrote, "
            "whose tables are.",
        ),
    ],
    to: Annotated[str, typer.Option(help="The harness (lm-eval, inspect), or csv, parquet or jsonl.")],
    out: Out,
    settings: Set = None,
    data: Data = None,
    measure: Annotated[str | None, typer.Option(help="Of tables: this measure's alone.")] = None,
    where: Where = None,
) -> None:
    """Write a study's questions as a task of another harness, or a finished study's tables as files."""
    from obverse.studies import tables
    from obverse.studies.data import data_of
    from obverse.studies.data import export as write

    if to in tables.FORMATS:
        if settings or data is not None:
            raise ObverseError(f"--to {to}: writes what was measured; expected no --set and no --data")
        kind = cast(tables.Format, to)
        for path in tables.export(Path(name), out, kind, measure=measure, where=where):
            typer.echo(str(path))
        return
    if measure is not None or where is not None:
        raise ObverseError(
            f"--to {to}: writes questions; --measure and --where belong to {', '.join(tables.FORMATS)}"
        )
    for path in write(data_of(name, data, pairs(settings)).experiment, to, out):
        typer.echo(str(path))
