"""The commands that carry out a study, or say what it will take."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from obverse.cli.options import (
    Address,
    Cancel,
    Data,
    Dtype,
    Endpoint,
    Executors,
    Finetune,
    GpusPerRun,
    Grid,
    Models,
    Most,
    Name,
    Partition,
    Preset,
    Seeds,
    Set,
    Slurm,
    Storage,
    Track,
    axes_of,
    pairs,
    study_of,
    terminal,
)
from obverse.core.errors import ObverseError
from obverse.core.format import without_secrets


def run(
    name: Name,
    preset: Preset = None,
    model: Models = None,
    data: Data = None,
    seeds: Seeds = None,
    settings: Set = None,
    grid: Grid = None,
    most: Most = None,
    endpoint: Endpoint = None,
    finetune: Finetune = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="What the models have in common, for trends over size; published families are known."
        ),
    ] = None,
    dtype: Dtype = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write; by default out/STUDY and what was chosen beside its defaults."
        ),
    ] = None,
    executor: Executors = "here",
    address: Address = None,
    storage: Storage = None,
    partition: Partition = None,
    slurm: Slurm = None,
    cancel: Cancel = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads a run.")] = 1,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where models are trained and asked.")
    ] = "auto",
    gpus_per_run: GpusPerRun = 1,
    checkpoint_every: Annotated[
        int | None, typer.Option(min=1, help="Epochs between checkpoints; else every half minute.")
    ] = None,
    keep_weights: Annotated[bool, typer.Option(help="Keep the trained models.")] = False,
    track: Track = None,
    replace: Annotated[
        bool,
        typer.Option(help="Take the place of another study in the directory; its runs are kept."),
    ] = False,
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
    from obverse.studies.executors import choose

    options = {
        "address": address, "storage": storage, "partition": partition, "cancel": cancel,
        "slurm": pairs(slurm, "--slurm") if slurm else None,
    }  # fmt: skip
    where = choose.executor(executor, options)
    study = study_of(
        name, preset, model, data, seeds, settings, endpoint, finetune, family, dtype, looks,
        axes_of(grid), most,
    )  # fmt: skip

    from obverse.report.build import build
    from obverse.run.task import Execution
    from obverse.store.locks import locked
    from obverse.studies.place import place_of
    from obverse.studies.progress import say

    execution = Execution(
        workers=workers, threads=threads, device=device, processes=gpus_per_run,
        checkpoint_every=checkpoint_every, keep_weights=keep_weights, track=track,
    )  # fmt: skip
    folder = out or place_of(study)
    command = shlex.join(["obverse", *map(without_secrets, sys.argv[1:])])
    result = study.run(folder, execution=execution, executor=where, command=command, replace=replace)
    with locked(folder):  # another process may finish the same study
        page = build(folder, anew=False)
    console = terminal()
    say(console, f"\n{study.experiment.title}\n")
    remark = study.experiment.remark()
    for line in ([remark] if remark else []) + [f"left out: {left.reason}" for left in study.skipped]:
        say(console, line)
    if result.claims:
        console.print(result.claims.table(console.width))
    elif study.experiment.claims():
        say(console, "No claim was measured: those on a family of models need one (--family).")
    say(console, f"report: {page}")


def plan(
    name: Name,
    preset: Preset = None,
    model: Models = None,
    data: Data = None,
    seeds: Seeds = None,
    settings: Set = None,
    grid: Grid = None,
    most: Most = None,
    endpoint: Endpoint = None,
    finetune: Finetune = None,
    dtype: Dtype = None,
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

    from obverse.core.format import count
    from obverse.run.task import Execution
    from obverse.studies.forecast import forecast
    from obverse.studies.gpus import flops_of
    from obverse.studies.place import place_of

    console = terminal()
    if power is not None:
        from obverse.studies import pilot
        from obverse.studies.catalogue import find
        from obverse.studies.result import load

        beside = {
            "--preset": preset, "--model": model, "--data": data, "--seeds": seeds, "--set": settings,
            "--grid": grid, "--most": most, "--gpu": gpu, "--out": out, "--workers": workers,
            "--endpoint": endpoint, "--finetune": finetune, "--dtype": dtype,
        }  # fmt: skip
        if ignored := [option for option, given in beside.items() if given]:
            raise ObverseError(
                f"--power {power}: is answered by what the pilot measured; expected no "
                f"{', '.join(ignored)} beside it"
            )
        if effect is None:
            raise ObverseError("--power: name the smallest value that would matter, as --effect 0.1")
        done, wanted = load(power), find(name).name
        if done.study["study"] != wanted:
            raise ObverseError(f"{power}: is of the study {done.study['study']!r}, not {wanted!r}")
        console.print(pilot.table(pilot.seeds_from(done, effect, claim=claim)))
        return
    for option, value in (("--effect", effect), ("--claim", claim)):
        if value is not None:
            raise ObverseError(f"{option} {value}: needs a pilot whose spread is known (--power DIR)")
    accelerators = flops_of(gpu or [])
    study = study_of(
        name, preset, model, data, seeds, settings, endpoint, finetune, dtype=dtype, grid=axes_of(grid),
        most=most, at_hand=False,
    )  # fmt: skip
    folder = out or place_of(study)
    found = forecast(study, folder, Execution(workers=workers, threads=threads, device=device))
    models = count(len(study.models), "model")
    typer.echo(f"{study.name}: {found.runs:,} runs of {models}, {found.done:,} done")
    if found.to_do:
        console.print(found.table(accelerators))
