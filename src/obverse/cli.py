"""The command line. Heavy imports wait until a command needs them."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from obverse.core.errors import ObverseError

if TYPE_CHECKING:
    from obverse.sweep.study import Study

app = typer.Typer(
    help="Controlled experiments on what language models generalise from what they were told.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="STUDY", help="A study; see `obverse list`.")]
Preset = Annotated[
    str,
    typer.Option(help="tiny (from scratch, minutes on 2 cores), paper, or another of `obverse list`."),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="A checkpoint directory, a hub name (NAME@REVISION for a checkpoint of its training), a "
        "family of `obverse list`, or `scratch`; repeatable.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="reversal: published data, `obverse data` output, or a CSV/JSONL of name,description. "
        "repetition: classification data, a CSV/JSONL of prompt,classes,answer_index. reliability: "
        "CVDB's CSV, or T-REx's JSON (--preset trex)."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting; see `obverse show`."),
]
Out = Annotated[Path, typer.Option(help="Where to write.")]
Seeds = Annotated[int | None, typer.Option(min=1, help="How many seeds; 3 to 10 by default.")]


@app.command()
def run(
    name: Name,
    preset: Preset = "tiny",
    model: Models = None,
    data: Data = None,
    seeds: Seeds = None,
    settings: Set = None,
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
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    checkpoint_every: Annotated[
        int | None, typer.Option(min=1, help="Epochs between checkpoints; else every half minute.")
    ] = None,
    keep_weights: Annotated[bool, typer.Option(help="Keep the trained models.")] = False,
) -> None:
    """Run a study: train, probe, repeat over seeds, evaluate the claims, write the report.

    The same command again finishes what was interrupted.
    """
    study = _study(name, preset, model, data, seeds, settings, endpoint, family, dtype)
    from rich.console import Console

    from obverse.report.build import build
    from obverse.sweep.datasets import extent
    from obverse.sweep.findings import WIDE
    from obverse.sweep.run import Execution

    if device not in ("auto", "cpu", "cuda"):
        raise ObverseError(f"--device {device}: expected auto, cpu or cuda")
    execution = Execution(workers, threads, device, checkpoint_every, keep_weights)
    folder = out or Path("out") / name
    command = shlex.join(["obverse", *sys.argv[1:]])
    result = study.run(folder, execution=execution, command=command)
    page = build(folder)
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(f"\n{study.experiment.title}\n", highlight=False, markup=False)
    asked = extent(study.experiment)
    for line in ([asked] if asked else []) + [f"left out: {left.reason}" for left in study.skipped]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if result.claims:
        console.print(result.claims.table(console.width))
    else:
        console.print("No claim was measured: trends need a family of models; name one with --family.")
    console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def data(
    name: Name,
    out: Annotated[Path | None, typer.Option(help="Where to write.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of a run whose data is wanted.")] = 0,
    preset: Annotated[str | None, typer.Option(help="The data of a preset, not all there is.")] = None,
    settings: Set = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check classification items instead of writing them.")
    ] = False,
    model: Models = None,
    data: Data = None,
    hub: Annotated[bool, typer.Option("--hub", help="Name columns text and target.")] = False,
) -> None:
    """Write a study's data, or check it for a model's tokenizer.

    reversal: a directory with documents.jsonl, probes.jsonl, facts.csv and dataset.json.
    repetition: one file, .csv or .jsonl, with prompt, classes and answer_index; the full grid, unless
    --set grid says otherwise.
    reliability and its ablations: documents.jsonl and probes.jsonl of every stage, a directory for each
    variant; --preset paper or trex for the published data.
    """
    from obverse.sweep.datasets import check_data, write_data
    from obverse.sweep.study import data_of

    study = data_of(name, data, _pairs(settings), preset)
    if check:
        clean, lines = check_data(study.experiment, model or [])
        typer.echo("\n".join(lines))
        sys.exit(0 if clean else 1)
    if out is None:
        raise ObverseError("--out: name where to write")
    typer.echo(write_data(study, out, seed, hub))


@app.command()
def export(
    name: Name,
    to: Annotated[str, typer.Option(help="lm-eval or inspect.")],
    out: Out,
    settings: Set = None,
    data: Data = None,
) -> None:
    """Write a study's items as a task that runs in another harness as it is.

    repetition: the full grid, unless --set grid says otherwise.
    """
    from obverse.experiments.repetition.suppression import Suppression
    from obverse.sweep.study import data_of

    experiment = data_of(name, data, _pairs(settings)).experiment
    if not isinstance(experiment, Suppression):
        raise ObverseError(f"{name}: only repetition can be exported; it alone asks models as they are")
    from obverse.experiments.repetition.export import export as write

    if to not in ("lm-eval", "inspect"):
        raise ObverseError(f"--to {to}: expected lm-eval or inspect")
    harness: Literal["lm-eval", "inspect"] = "lm-eval" if to == "lm-eval" else "inspect"
    for path in write(experiment, harness, out):
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

    if (directory / "study.json").is_file() or not any(directory.glob("*/report.html")):
        typer.echo(f"report: {build(directory)}")
    else:
        typer.echo(f"index: {build_index(directory)}")


@app.command(name="list")
def list_studies() -> None:
    """List the studies, and the families of models known by name."""
    from obverse.models.families import FAMILIES
    from obverse.sweep.catalogue import STUDIES

    for entry in STUDIES.values():
        typer.echo(f"{entry.name:<20} {entry.about}\n{'':<20} presets: {', '.join(entry.presets)}")
    typer.echo("\nfamilies (--model NAME)")
    for family, members in FAMILIES.items():
        sizes = ", ".join(f"{m.parameters / 1e6:,.0f} M" for m in members)
        typer.echo(f"{family:<20} {members[0].name} …: {sizes}")


@app.command()
def show(name: Name, preset: Preset = "tiny", settings: Set = None) -> None:
    """Show all settings of a study, resolved."""
    from obverse.core.settings import leaf_keys
    from obverse.sweep.catalogue import entry

    models = entry(name).models.get(preset, ())
    made_here = [m for m in models if not isinstance(m, str)]
    study = _study(name, preset, None if made_here else ["scratch"], None, 1, settings)
    typer.echo(f"{study.experiment.title} (preset {preset})")
    typer.echo(f"models: {', '.join(m if isinstance(m, str) else m.name for m in models)}\n")
    shown = [("", study.experiment), *(("model.", m) for m in study.models[:1] if made_here)]
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
    preset: str,
    models: list[str] | None,
    data: Path | None,
    seeds: int | None,
    settings: list[str] | None,
    endpoint: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
) -> "Study":
    from obverse.sweep.study import study

    return study(
        name, preset=preset, models=models or [], data=data, seeds=seeds, settings=_pairs(settings),
        endpoint=endpoint, family=family, dtype=dtype,
    )  # fmt: skip


def _pairs(settings: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in settings or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ObverseError(f"--set {text}: expected KEY=VALUE")
        pairs[key.strip()] = value.strip()
    return pairs


def main() -> None:
    """Run the command line; a problem the user can mend is one message and status 1."""
    try:
        app()
    except ObverseError as error:
        typer.echo(f"obverse: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
