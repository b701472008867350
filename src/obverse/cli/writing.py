"""The commands that write what a study tells and asks."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from obverse.cli.options import Data, Models, Name, Preset, Set, Where
from obverse.cli.typed import pairs
from obverse.core.errors import ObverseError

if TYPE_CHECKING:
    from obverse.studies.study import Study


def data(
    name: Name,
    out: Annotated[Path | None, typer.Option(help="The directory to write to.")] = None,
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
    """Write a study's data as JSON lines, or check its questions.

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
            help="A study of `obverse list`, or a directory that `obverse run` wrote.",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            help="lm-eval or inspect: the questions, as a task of that harness. csv, parquet or jsonl: "
            "the tables of DIR, as files."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The directory to write to.")],
    seed: Annotated[
        int | None,
        typer.Option(help="The run whose questions are wanted. Default: 0, or the first of DIR."),
    ] = None,
    preset: Preset = None,
    settings: Set = None,
    data: Data = None,
    measure: Annotated[
        str | None, typer.Option(help="Write the table of this measure alone (--to csv …).")
    ] = None,
    where: Where = None,
) -> None:
    """Write questions for another harness, or tables as files.

    The questions of DIR are those of its run: ask a trained model that it has kept with
    pretrained=DIR/runs/NAME/weights (docs/output.md).
    """
    from obverse.core.settings import unknown_name
    from obverse.studies import tables
    from obverse.studies.exporting import HARNESSES, export_study

    if to not in (known := (*HARNESSES, *tables.FORMATS)):
        raise ObverseError(unknown_name(to, known, "harness or format"))
    of_questions = {"--set": settings, "--data": data, "--preset": preset, "--seed": seed}
    of_tables = {"--measure": measure, "--where": where}
    wrong = of_questions if to in tables.FORMATS else of_tables
    if given := [option for option, value in wrong.items() if value is not None]:
        what = "what was measured" if to in tables.FORMATS else "questions"
        raise ObverseError(f"--to {to}: writes {what}; expected no {', '.join(given)}")
    if to in tables.FORMATS:
        kind = cast(tables.Format, to)
        paths = tables.export(Path(name), out, kind, measure=measure, where=where)
    else:
        study = _asking(name, data, settings, preset)
        paths = export_study(study, to, out, study.seeds[0] if seed is None else seed)
    for path in paths:
        typer.echo(str(path))


def _asking(name: str, data: Path | None, settings: list[str] | None, preset: str | None) -> "Study":
    """Return the study whose questions are written: of a directory, with the settings of its runs."""
    from obverse.studies.data import data_of
    from obverse.studies.result import load
    from obverse.studies.study import Study

    if not (Path(name) / "study.json").is_file():
        return data_of(name, data, pairs(settings), preset)
    if data is not None or preset is not None:
        raise ObverseError(f"{name}: is a finished study; expected no --data and no --preset beside it")
    result = load(name)
    study = Study(experiment=result.experiment(), models=(), seeds=tuple(result.study["seeds"]))
    return study.with_settings(pairs(settings))
