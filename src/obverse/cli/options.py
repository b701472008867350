"""The arguments and options of the commands, and their help."""

from pathlib import Path
from typing import Annotated, Literal

import typer


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
