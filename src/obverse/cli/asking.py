"""The command that asks the trained models that a study has kept."""

from pathlib import Path
from typing import Annotated

import typer

from obverse.cli.options import Device, Threads
from obverse.core.errors import ObverseError


def ask(
    directory: Annotated[Path, typer.Argument(help="What `obverse run --keep-weights` wrote.")],
    prompts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROMPT]...", help="Questions of your own; else those of the study."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Ask the models of this seed alone.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for the answers: .csv, .jsonl or .parquet.")
    ] = None,
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Ask the trained models that a study has kept.

    Without a PROMPT they are asked the study's questions again, and it is said whether the answers are
    those of the run. Classes that the directory names are loaded: open one that somebody gave you as you
    would run a program of theirs.
    """
    from obverse.core.format import harmless
    from obverse.run.task import Execution
    from obverse.studies import asking
    from obverse.studies.tables import write

    if prompts and out is not None:
        raise ObverseError(f"--out {out}: is for the study's questions; expected no PROMPT beside it")
    execution = Execution(threads=threads, device=device)
    found = [one for one in asking.kept(directory) if seed in (None, one.run.seed)]
    if not found:
        raise ObverseError(f"--seed {seed}: no model of this seed is kept in {directory}")
    tables = []
    for one in found:
        if prompts:
            typer.echo(harmless(one.label))
            for prompt, answer in zip(prompts, asking.answers(one, prompts, execution), strict=True):
                typer.echo(harmless(f"  {prompt}|{answer}"))  # a model may write orders for a terminal
        else:
            tables.append(asking.asked_again(one, execution))
            typer.echo(harmless(f"{one.label}: {asking.agreement(one, tables[-1])}"))
    if out is not None:
        write(tables, out)
        typer.echo(str(out))
