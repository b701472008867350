"""The command line. Heavy imports wait until a command needs them."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
Preset = Annotated[str, typer.Option(help="tiny (from scratch, minutes on 2 cores) or paper.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A checkpoint directory or hub name, or `scratch`; repeatable."),
]
Data = Annotated[
    Path | None,
    typer.Option(help="Published data, `obverse data` output, or a CSV/JSONL of name,description."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting; see `obverse show`."),
]
Out = Annotated[Path, typer.Option(help="Where to write.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds.")]


@app.command()
def run(
    name: Name,
    preset: Preset = "tiny",
    model: Models = None,
    data: Data = None,
    seeds: Seeds = 3,
    settings: Set = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; out/STUDY by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads a run.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    checkpoint_every: Annotated[int, typer.Option(min=1, help="Epochs between checkpoints.")] = 1,
    keep_weights: Annotated[bool, typer.Option(help="Keep the trained models.")] = False,
) -> None:
    """Run a study: train, probe, repeat over seeds, evaluate the claims, write the report.

    The same command again finishes what was interrupted.
    """
    study = _study(name, preset, model, data, seeds, settings)
    from rich.console import Console

    from obverse.report.build import build
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
    console.print(result.claims.table(console.width))
    console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def data(
    name: Name,
    out: Out,
    seed: Annotated[int, typer.Option(help="The seed of a run whose data is wanted.")] = 0,
    settings: Set = None,
) -> None:
    """Write a study's data: documents.jsonl, probes.jsonl, facts.csv, dataset.json."""
    from obverse.experiments.reversal import dataset
    from obverse.experiments.reversal.identities import Identities

    study = _study(name, "tiny", None, None, 1, settings)
    assert isinstance(study.experiment, Identities)
    built = study.experiment.dataset(seed)
    about = {"study": name, "seed": seed, "settings": study.experiment.model_dump(mode="json")}
    dataset.write(built, out, about)
    typer.echo(f"{out}: {len(built.documents)} documents, {len(built.questions)} probes")


@app.command()
def report(directory: Annotated[Path, typer.Argument(help="What `obverse run` wrote.")]) -> None:
    """Make the page and the figures again from a study's directory."""
    from obverse.report.build import build

    typer.echo(f"report: {build(directory)}")


@app.command(name="list")
def list_studies() -> None:
    """List the studies."""
    from obverse.sweep.catalogue import STUDIES

    for entry in STUDIES.values():
        typer.echo(f"{entry.name:<12} {entry.about}\n{'':<12} presets: {', '.join(entry.presets)}")


@app.command()
def show(name: Name, preset: Preset = "tiny", settings: Set = None) -> None:
    """Show all settings of a study, resolved."""
    from obverse.core.settings import leaf_keys

    study = _study(name, preset, ["scratch"], None, 1, settings)
    typer.echo(f"{study.experiment.title} (preset {preset})\n")
    for prefix, group in (("", study.experiment), ("model.", study.models[0])):
        for key in leaf_keys(group):
            value: Any = group
            for part in key.split("."):
                value = getattr(value, part)
            given = "  (given)" if prefix + key in study.given else ""
            typer.echo(f"{prefix + key:<32} {value}{given}")


def _study(
    name: str,
    preset: str,
    models: list[str] | None,
    data: Path | None,
    seeds: int,
    settings: list[str] | None,
) -> "Study":
    pairs = {}
    for text in settings or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ObverseError(f"--set {text}: expected KEY=VALUE")
        pairs[key.strip()] = value.strip()
    from obverse.sweep.study import study

    return study(name, preset=preset, models=models or [], data=data, seeds=seeds, settings=pairs)


def main() -> None:
    """Run the command line; a problem the user can mend is one message and status 1."""
    try:
        app()
    except ObverseError as error:
        typer.echo(f"obverse: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
