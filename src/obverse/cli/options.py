"""What the commands' options mean: their help, and how what is typed is read."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.core.errors import ObverseError

if TYPE_CHECKING:
    from rich.console import Console

    from obverse.studies.study import Study

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
Endpoint = Annotated[
    str | None,
    typer.Option(
        help="An OpenAI-compatible server that has --model (NAME=7e9 tells its parameters); #chat at "
        "its end for chat (docs/endpoints.md)."
    ),
]
Finetune = Annotated[
    str | None,
    typer.Option(
        help="A server that finetunes --model by OpenAI's API; #chat at its end where it serves chat "
        "(docs/finetuning.md)."
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="What checkpoints are loaded in: float32 (default), bfloat16 (to be asked, or trained with "
        "adapters, model.lora.rank) or float16 (to be asked)."
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
Most = Annotated[
    int | None, typer.Option(min=1, help="Runs that a grid may make, 1,000 unless you say more.")
]
Executors = Annotated[
    str,
    typer.Option(
        metavar="WHERE",
        help="Where runs are carried out: here; work (by `obverse work DIR`, wherever that is started); "
        "ray; slurm; or a class of your own (FILE.py:CLASS). See docs/scale.md.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(help="Of a Ray cluster; else RAY_ADDRESS, one that runs on this machine, or a new one."),
]
Storage = Annotated[
    str | None,
    typer.Option(help="A URL (s3://…) where nodes put runs that do not see the study's directory."),
]
Partition = Annotated[str | None, typer.Option(help="Of SLURM, where jobs go.")]
Slurm = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE", help="An option of sbatch by its long name (account=x, time=8:00:00)."
    ),
]
Cancel = Annotated[
    bool | None,
    typer.Option("--cancel", help="Cancel the jobs of SLURM at an interrupt; else they go on."),
]
GpusPerRun = Annotated[
    int,
    typer.Option(
        min=1,
        help="GPUs that share the model of each run (docs/scale.md); on the CPU, as many processes.",
    ),
]
Track = Annotated[
    str | None,
    typer.Option(
        metavar="TRACKER",
        help="Who is told how runs go: trackio (local), wandb, mlflow or tensorboard (docs/output.md).",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(metavar="SQL", help='Rows of which this is true, as "seed < 3 AND NOT exact_match".'),
]
Out = Annotated[Path, typer.Option(help="Where to write.")]
Seeds = Annotated[
    str | None,
    typer.Option(
        help="How many seeds, counted from 0 (6: 0 to 5; 100: a hundred), or which: 1000-1009, or 3,5 "
        "(one alone: 100-100). By default as many as the study says."
    ),
]


def study_of(
    name: str,
    preset: str | None,
    models: list[str] | None,
    data: Path | None,
    seeds: str | None,
    settings: list[str] | None,
    endpoint: str | None = None,
    finetune: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
    looks: int = 1,
    grid: "dict[str, list[Any]] | None" = None,
    most: int | None = None,
    at_hand: bool = True,
) -> "Study":
    from obverse.studies.naming import study

    return study(
        name, preset=preset, models=models or [], data=data, seeds=seeds, settings=pairs(settings),
        endpoint=endpoint, finetune=finetune, family=family, dtype=dtype, looks=looks, grid=grid,
        most=most, at_hand=at_hand,
    )  # fmt: skip


def axes_of(grid: list[str] | None) -> dict[str, list[Any]]:
    """Return the axes of a grid. Values that have commas of their own stand in a JSON list."""
    axes: dict[str, list[Any]] = {}
    for text in grid or []:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not (key and equals and values):
            raise ObverseError(f"--grid {text}: expected KEY=VALUE,VALUE…")
        if key in axes:
            raise ObverseError(f"--grid {text}: {key} is named twice; expected all its values at once")
        axes[key] = _listed(values, f"--grid {text}", key)
    return axes


def _listed(text: str, where: str, key: str) -> list[Any]:
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
        listed = None
    if isinstance(listed, list):
        return listed
    values = [value.strip() for value in text.split(",")]
    for value in values:
        if value.count('"') % 2 or any(value.count(a) != value.count(b) for a, b in ("[]", "{}", "()")):
            raise ObverseError(
                f"{where}: a quote or bracket of {value} is not closed; values that have commas or such "
                f'of their own stand in a JSON list: --grid \'{key}=["a,b","c"]\''
            )
    return values


def pairs(given: list[str] | None, option: str = "--set") -> dict[str, str]:
    pairs = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ObverseError(
                f"{option} {text}: expected {'KEY' if option == '--set' else 'COLUMN'}=VALUE"
            )
        pairs[key.strip()] = value.strip()
    return pairs


def terminal() -> "Console":
    """Return where tables are printed: as wide as the terminal, or wide enough for a file."""
    from rich.console import Console

    from obverse.studies.findings import WIDE

    return Console() if sys.stdout.isatty() else Console(width=WIDE)
