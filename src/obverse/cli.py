"""The command line. Heavy imports wait until a command needs them."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from obverse.core.errors import ObverseError, Stopped

if TYPE_CHECKING:
    from obverse.studies.study import Study

app = typer.Typer(
    help="Controlled experiments on what language models generalise from what they were told.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A name of `obverse list`, or your own: FILE.py, FILE.py:CLASS, MODULE:CLASS.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(help="tiny (from scratch, minutes on 2 cores), paper, or another of `obverse list`."),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="A checkpoint directory, a hub name (NAME@REVISION for a checkpoint of its training), a "
        "family of `obverse list`, `scratch`, or a class of your own (FILE.py:CLASS); repeatable.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="The file or directory that the study reads; short for --set data=PATH."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting; see `obverse show`."),
]
Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="KEY=VALUE,VALUE…",
        help="Do it at each of these values of a setting, and at every combination of several such.",
    ),
]
Most = Annotated[int, typer.Option(min=1, help="Runs that a grid may make.")]
Out = Annotated[Path, typer.Option(help="Where to write.")]
Seeds = Annotated[
    str | None,
    typer.Option(
        help="How many seeds, counted from 0 (6: 0 to 5; 100: a hundred), or which: 1000-1009, or 3,5 "
        "(one alone: 100-100). By default as many as the study says."
    ),
]


@app.command()
def run(
    name: Name,
    preset: Preset = None,
    model: Models = None,
    data: Data = None,
    seeds: Seeds = None,
    settings: Set = None,
    grid: Grid = None,
    most: Most = 1000,
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="An OpenAI-compatible server that has --model (NAME=7e9 tells its parameters); #chat at "
            "its end for chat."
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="What the models have in common, for trends over size; published families are known."
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="What checkpoints that are only asked are loaded in: float32 (default), bfloat16 or "
            "float16."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; out/STUDY by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads a run.")] = 1,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where models are trained and asked.")
    ] = "auto",
    checkpoint_every: Annotated[
        int | None, typer.Option(min=1, help="Epochs between checkpoints; else every half minute.")
    ] = None,
    keep_weights: Annotated[bool, typer.Option(help="Keep the trained models.")] = False,
    looks: Annotated[
        int,
        typer.Option(
            min=1,
            help="How often you will look, with more seeds each time; each look has its share of α.",
        ),
    ] = 1,
) -> None:
    """Run a study: train, measure, repeat over seeds, evaluate the claims, write the report.

    The same command again finishes what was interrupted.
    """
    study = _study(
        name, preset, model, data, seeds, settings, endpoint, family, dtype, looks, _axes(grid), most
    )
    from rich.console import Console

    from obverse.report.build import build
    from obverse.run.task import Execution
    from obverse.store.files import safe_name
    from obverse.studies.findings import WIDE
    from obverse.studies.progress import say

    execution = Execution(
        workers=workers, threads=threads, device=device, checkpoint_every=checkpoint_every,
        keep_weights=keep_weights,
    )  # fmt: skip
    folder = out or Path("out") / safe_name(study.name)
    result = study.run(folder, execution=execution, command=shlex.join(["obverse", *sys.argv[1:]]))
    page = build(folder)
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    say(console, f"\n{study.experiment.title}\n")
    remark = study.experiment.remark()
    for line in ([remark] if remark else []) + [f"left out: {left.reason}" for left in study.skipped]:
        say(console, line)
    if result.claims:
        console.print(result.claims.table(console.width))
    elif study.experiment.claims():
        say(console, "No claim was measured: those on a family of models need one (--family).")
    say(console, f"report: {page}")


@app.command()
def plan(
    name: Name,
    preset: Preset = None,
    model: Models = None,
    data: Data = None,
    seeds: Seeds = None,
    settings: Set = None,
    grid: Grid = None,
    most: Most = 1000,
    gpu: Annotated[
        list[str] | None, typer.Option(help="A GPU by name (a100, h100 …) or its FLOP/s (312e12).")
    ] = None,
    power: Annotated[
        Path | None,
        typer.Option(help="A finished study or pilot: say how many seeds show --effect, by its spread."),
    ] = None,
    effect: Annotated[
        float | None, typer.Option(help="With --power: the smallest true value that would matter.")
    ] = None,
    claim: Annotated[str | None, typer.Option(help="With --power: one claim alone, by its id.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where runs may be done already.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads a run.")] = 1,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where models are trained and asked.")
    ] = "auto",
) -> None:
    """Say what a study will take: work, memory, time here and on a GPU (docs/plan.md). Nothing is run."""
    from rich.console import Console

    from obverse.run.task import Execution
    from obverse.store.files import safe_name
    from obverse.studies.findings import WIDE
    from obverse.studies.forecast import flops_of, forecast
    from obverse.studies.naming import study as study_of

    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    if power is not None:
        from obverse.studies import pilot
        from obverse.studies.catalogue import find
        from obverse.studies.result import load

        if effect is None:
            raise ObverseError("--power: name the smallest value that would matter, as --effect 0.1")
        done, wanted = load(power), find(name).name
        if done.study["study"] != wanted:
            raise ObverseError(f"{power}: is of the study {done.study['study']!r}, not {wanted!r}")
        console.print(pilot.table(pilot.seeds_from(done, effect, claim=claim)))
        return
    accelerators = flops_of(gpu or [])
    study = study_of(
        name, preset=preset, models=model or [], data=data, seeds=seeds, settings=_pairs(settings),
        grid=_axes(grid), most=most, at_hand=False,
    )  # fmt: skip
    folder = out or Path("out") / safe_name(study.name)
    found = forecast(study, folder, Execution(workers=workers, threads=threads, device=device))
    whom = f"{len(study.models)} model{'s' * (len(study.models) > 1)}"
    typer.echo(f"{study.name}: {found.runs:,} runs of {whom}, {found.done:,} done")
    if found.to_do:
        console.print(found.table(accelerators))


@app.command()
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
        str | None, typer.Option(help="Another layout, where the study has several.")
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
    study = data_of(name, data, _pairs(settings), preset)
    if check:
        clean, lines = check_data(study.experiment, model or [])
        typer.echo("\n".join(lines))
        sys.exit(0 if clean else 1)
    if out is None:
        raise ObverseError("--out: name where to write")
    typer.echo(write_data(study, out, seed, layout))


@app.command()
def export(
    name: Name,
    to: Annotated[str, typer.Option(help="The harness, such as lm-eval or inspect.")],
    out: Out,
    settings: Set = None,
    data: Data = None,
) -> None:
    """Write a study's questions as a task that runs in another harness as it is."""
    from obverse.studies.data import data_of
    from obverse.studies.data import export as write

    for path in write(data_of(name, data, _pairs(settings)).experiment, to, out):
        typer.echo(str(path))


@app.command()
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


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="What `obverse run` wrote: DIR, or DIR:MODEL.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another such, or another model of the same.")],
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
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Take these rows alone.")
    ] = None,
) -> None:
    """Set two studies, or two models, side by side: A − B, paired by seed and fact (docs/results.md)."""
    from rich.console import Console

    from obverse.studies.compare import compare as compared
    from obverse.studies.findings import WIDE

    found = compared(a, b, metric=metric, margin=margin, by=by, where=_pairs(where, "--where"))
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(found.table(console.width))


@app.command()
def power(
    effect: Annotated[
        float | None, typer.Option(help="The smallest true value that would matter; else 0.")
    ] = None,
    spread: Annotated[
        float | None, typer.Option(help="Standard deviation of the seeds' own values, from a pilot.")
    ] = None,
    above: Annotated[
        float | None,
        typer.Option(help="The threshold that is claimed to be exceeded; else 0."),
    ] = None,
    within: Annotated[
        float | None, typer.Option(help="The margin within which a value is claimed to be, instead.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="The share of trainings that is claimed to be exceeded, instead (0.5: most)."),
    ] = None,
    claims: Annotated[
        int, typer.Option(min=1, max=10_000, help="Primary claims that share the level.")
    ] = 1,
    looks: Annotated[int, typer.Option(min=1, max=10_000, help="How often you will look.")] = 1,
    power: Annotated[float, typer.Option(min=0.01, max=0.999, help="How often it is to be shown.")] = 0.9,
) -> None:
    """Say before a study how many seeds a claim takes (docs/power.md)."""
    from math import isfinite

    from obverse.core.claim import Above, Within
    from obverse.core.format import count
    from obverse.stats.power import seeds_for, trainings_for
    from obverse.stats.tests import ALPHA

    of_values = {"effect": effect, "spread": spread, "above": above, "within": within}
    for option, given in (of_values | {"share": share}).items():
        if given is not None and not isfinite(given):
            raise ObverseError(f"--{option} {given}: expected a finite number")
    if within is not None and above is not None:
        raise ObverseError("--within, --above: expected one of the two, a margin or a threshold")
    if within is not None and not within > 0:
        raise ObverseError(f"--within {within}: expected a margin above 0")
    if share is not None:
        if beside := [f"--{option}" for option, given in of_values.items() if given is not None]:
            raise ObverseError(
                f"--share {share:g}: trainings that meet a criterion are counted, whatever their values; "
                f"expected no {', '.join(beside)} beside it"
            )
        if not 0 < share < 1:
            raise ObverseError(f"--share {share}: expected a number between 0 and 1")
        needed = trainings_for(share, power=power, claims=claims, looks=looks)
        what = f"that it is so in more than {100 * share:g} % of all trainings, if it is in every one"
    else:
        if spread is None or not spread > 0:
            raise ObverseError("--spread: name the standard deviation of the seeds' own values, above 0")
        effect = effect or 0.0
        criterion = Above(above or 0.0) if within is None else Within(within)
        needed = seeds_for(criterion, effect, spread, power=power, claims=claims, looks=looks)
        what = f"a value {criterion}, if it is {effect:g} and seeds differ by {spread:g} (SD)"
    level = f"one-sided level {ALPHA / claims / looks:.2g}"
    if needed is None:
        typer.echo(
            f"no number of seeds shows {what}: it does not meet the criterion, or hardly ({level})"
        )
    else:
        shown = f"{count(needed, 'seed')} show{'s' * (needed == 1)} {what}"
        typer.echo(f"{shown}, in {100 * power:g} of 100 studies or more ({level})")


@app.command(name="list")
def list_studies(
    own: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="Your own: FILE.py, MODULE:CLASS.")
    ] = None,
) -> None:
    """List the studies, and the families of models known by name."""
    from obverse.models.families import FAMILIES
    from obverse.studies.catalogue import find, registered

    for name in own or registered():
        try:
            kind = find(name)
        except ObverseError as error:
            if own:
                raise
            typer.echo(f"{name:<20} {error}")
            continue
        typer.echo(
            f"{name:<20} {kind.about or kind.title}\n{'':<20} presets: {', '.join(kind.presets())}"
        )
    if own:
        return
    typer.echo("\nyour own: FILE.py, FILE.py:CLASS or MODULE:CLASS in place of a name (docs/writing.md)")
    typer.echo("\nfamilies (--model NAME)")
    for family, members in FAMILIES.items():
        sizes = ", ".join(f"{m.parameters / 1e6:,.0f} M" for m in members)
        typer.echo(f"{family:<20} {members[0].name} …: {sizes}")


@app.command()
def show(name: Name, preset: Preset = None, settings: Set = None) -> None:
    """Show all settings of a study, resolved."""
    from obverse.core.model import ModelSpec
    from obverse.core.settings import leaf_keys
    from obverse.studies.catalogue import find, preset_of

    label, chosen = preset_of(find(name), preset)
    made_here = [m for m in chosen.models if isinstance(m, ModelSpec) and m.made_here]
    study = _study(name, preset, None if made_here else ["scratch"], None, "1", settings)
    typer.echo(f"{study.experiment.title} (preset {label})")
    typer.echo(f"models: {', '.join(m if isinstance(m, str) else m.name for m in chosen.models)}\n")
    shown: list[tuple[str, Any]] = [("", study.experiment)]
    if made_here or "scratch" in chosen.models:
        shown.append(("model.", study.models[0]))
    for prefix, group in shown:
        for key in leaf_keys(group):
            value: Any = group
            for part in key.split("."):
                value = getattr(value, part)
            given = "  (given)" if prefix + key in study.given else ""
            typer.echo(f"{prefix + key:<32} {value}{given}")
    for variant in study.experiment.variants():
        told = ", ".join(f"{k}={v}" for k, v in variant.settings.items())
        typer.echo(f"variant {variant.name!r}: {told or 'as above'}")


def _study(
    name: str,
    preset: str | None,
    models: list[str] | None,
    data: Path | None,
    seeds: str | None,
    settings: list[str] | None,
    endpoint: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
    looks: int = 1,
    grid: "dict[str, list[Any]] | None" = None,
    most: int = 1000,
) -> "Study":
    from obverse.studies.naming import study

    return study(
        name, preset=preset, models=models or [], data=data, seeds=seeds, settings=_pairs(settings),
        endpoint=endpoint, family=family, dtype=dtype, looks=looks, grid=grid, most=most,
    )  # fmt: skip


def _axes(grid: list[str] | None) -> dict[str, list[Any]]:
    """Return the axes of a grid. Values that have commas of their own stand in a JSON list."""
    axes: dict[str, list[Any]] = {}
    for text in grid or []:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not values:
            raise ObverseError(f"--grid {text}: expected KEY=VALUE,VALUE…")
        if key in axes:
            raise ObverseError(f"--grid {text}: {key} is named twice; expected all its values at once")
        listed = _json(values) if values.startswith("[") else None
        axes[key] = listed if isinstance(listed, list) else [v.strip() for v in values.split(",")]
    return axes


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _pairs(given: list[str] | None, option: str = "--set") -> dict[str, str]:
    pairs = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ObverseError(
                f"{option} {text}: expected {'KEY' if option == '--set' else 'COLUMN'}=VALUE"
            )
        pairs[key.strip()] = value.strip()
    return pairs


def _stop(number: int, _: object) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop_now)
    raise Stopped(number)


def _stop_now(number: int, _: object) -> NoReturn:
    """End at a second signal, whatever has become of the first; workers end with their parent."""
    os._exit(128 + number)


def main() -> None:
    """Run the command line.

    A problem that the user can mend is one message and status 1. Ctrl-C and SIGTERM stop everything, with
    status 130 and 143.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    try:
        app()
    except ObverseError as error:
        typer.echo(f"obverse: {error}", err=True)
        sys.exit(1)
    except Stopped as stopped:
        if not stopped.told:
            typer.echo("stopped: what is finished is kept; the same command goes on", err=True)
        sys.exit(128 + stopped.number)


if __name__ == "__main__":
    main()
