"""What the commands' options mean: their help, and how what is typed is read."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from obverse.core.errors import ObverseError

if TYPE_CHECKING:
    from rich.console import Console

    from obverse.studies.study import Study


def _studies(beginning: str) -> list[str]:
    """Return the studies whose names begin so, for the shell's completion."""
    from obverse.studies.catalogue import registered

    return [name for name in registered() if name.startswith(beginning)]


Name = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A name of `obverse list`, or your own: FILE.py, FILE.py:CLASS, MODULE:CLASS.",
        autocompletion=_studies,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="A named set of settings: tiny (from scratch, minutes on 2 cores), paper, or another of "
        "`obverse show STUDY`; the first if none is named."
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="What is trained or asked: a checkpoint's directory, a hub name (NAME@REVISION for a "
        "checkpoint of its training), a family of `obverse list`, scratch, or a class of your own "
        "(FILE.py:CLASS). Repeatable.",
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Ask --model at this OpenAI-compatible server; --model NAME=7e9 tells its parameters. "
        "Behind the address, #chat: it serves chat (docs/endpoints.md).",
    ),
]
Finetune = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Have this server finetune --model by OpenAI's API, for money. Behind the address, #chat: "
        "it serves chat (docs/finetuning.md).",
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        help="What the models have in common, for trends over their size; published families are known."
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE",
        help="The numbers that checkpoints are loaded in: float32 (default), bfloat16 (to be asked, or "
        "trained with adapters, --set model.lora.rank=8) or float16 (to be asked).",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="The file or directory that the study reads, if it does (--set data=PATH)."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a setting of `obverse show STUDY`. Repeatable."
    ),
]
Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="KEY=VALUE,VALUE…",
        help="Repeat the study at each of these values of a setting; with several --grid, at every "
        "combination.",
    ),
]
Most = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="The runs that --grid may make; it refuses to make more. Default: 1,000."
    ),
]
Executors = Annotated[
    str,
    typer.Option(
        metavar="WHERE",
        help="Where runs are carried out: here; work (by every `obverse work DIR`); ray; slurm; or a "
        "class of your own, FILE.py:CLASS (docs/scale.md).",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="With --executor ray: the cluster's address; else RAY_ADDRESS, or a cluster on this machine."
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="With --executor ray: where nodes that do not see --out leave their runs (s3://…).",
    ),
]
Partition = Annotated[str | None, typer.Option(help="With --executor slurm: the jobs' partition.")]
Slurm = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="With --executor slurm: an option of sbatch by its long name, as time=8:00:00. Repeatable.",
    ),
]
Cancel = Annotated[
    bool | None,
    typer.Option("--cancel", help="With --executor slurm: cancel the jobs at Ctrl-C; else they go on."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Runs at a time. Default: one a CPU core, or one where there is a GPU."
    ),
]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help="CPU threads of a run.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(help="Where models are trained and asked; auto: on a GPU if there is one."),
]
Checkpoints = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="EPOCHS",
        help="Epochs between checkpoints, from which an interrupted run goes on. Default: half a minute.",
    ),
]
Keep = Annotated[
    bool,
    typer.Option("--keep-weights", help="Keep the trained models, to be asked again (`obverse ask`)."),
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
        help="Tell a tracker how runs go: trackio (local), wandb, mlflow, tensorboard (docs/output.md).",
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help="Take the place of another study in the directory; its runs are kept."
    ),
]
Looks = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="How often you will look at the results, with more seeds each time; every look has its "
        "share of the level, so that looking often proves nothing.",
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
Where = Annotated[
    str | None,
    typer.Option(
        metavar="SQL", help='Take only rows of which this is true: "seed < 3 AND NOT exact_match".'
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        help="How many seeds, counted from 0 (6: 0 to 5), or which: 1000-1009, or 3,5, or 100-100 for "
        "one alone. Default: as many as the study says."
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


def width() -> int:
    """Return how many columns text is filled to: the terminal's, up to a hundred."""
    return min(shutil.get_terminal_size().columns, 100)


def open_page(page: Path) -> None:
    """Open a page in the user's browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        typer.echo(f"--open: no browser is found; open {page}", err=True)
