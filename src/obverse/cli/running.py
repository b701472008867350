"""The commands that carry out a study, or say what it will take."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from obverse.cli.options import (
    Address,
    Cancel,
    Checkpoints,
    Data,
    Device,
    Dtype,
    Endpoint,
    Executors,
    Family,
    Finetune,
    GpusPerRun,
    Grid,
    Keep,
    Looks,
    Models,
    Most,
    Name,
    Open,
    Partition,
    Preset,
    Replace,
    Seeds,
    Set,
    Slurm,
    Storage,
    Threads,
    Track,
    Workers,
)
from obverse.cli.showing import open_page, terminal
from obverse.cli.typed import axes_of, pairs, study_of
from obverse.core.errors import ObverseError
from obverse.core.format import without_secrets

if TYPE_CHECKING:
    from obverse.studies.result import Result
    from obverse.studies.study import Study

MANY_SEEDS = 20  # from which on it is said that a number of seeds is not one of them


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
    family: Family = None,
    dtype: Dtype = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The directory to write to. Default: out/STUDY and what was chosen beside its defaults."
        ),
    ] = None,
    executor: Executors = "here",
    address: Address = None,
    storage: Storage = None,
    partition: Partition = None,
    slurm: Slurm = None,
    cancel: Cancel = None,
    workers: Workers = None,
    threads: Threads = 1,
    device: Device = "auto",
    gpus_per_run: GpusPerRun = 1,
    checkpoint_every: Checkpoints = None,
    keep_weights: Keep = False,
    track: Track = None,
    replace: Replace = False,
    looks: Looks = 1,
    show: Open = False,
) -> None:
    """Run a study: train, measure, evaluate its claims, draw its page.

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
    if seeds is not None and seeds.isdecimal() and len(study.seeds) >= MANY_SEEDS:
        typer.echo(f"{seeds} seeds, from 0 on; --seeds {seeds}-{seeds} is one", err=True)

    from obverse.run.task import Execution
    from obverse.studies.place import place_of

    execution = Execution(
        workers=workers, threads=threads, device=device, processes=gpus_per_run,
        checkpoint_every=checkpoint_every, keep_weights=keep_weights, track=track,
    )  # fmt: skip
    command = shlex.join(["obverse", *map(without_secrets, sys.argv[1:])])
    folder = out or place_of(study)
    result = study.run(folder, execution=execution, executor=where, command=command, replace=replace)
    page = _page(folder)
    _say(study, result, page)
    if show:
        open_page(page)


def _page(folder: Path) -> Path:
    """Draw the page of a study that is finished; another process may finish the same one."""
    from rich.console import Console

    from obverse.report.build import build
    from obverse.store.locks import locked
    from obverse.studies.progress import doing

    with doing(Console(stderr=True), "drawing the page"), locked(folder):
        return build(folder, anew=False)


def _say(study: "Study", result: "Result", page: Path) -> None:
    """Say what came out."""
    from obverse.core.page import Finished
    from obverse.report.averages import averages
    from obverse.studies.progress import say

    console = terminal()
    say(console, f"\n{study.experiment.title}\n")
    remark = study.experiment.remark()
    for line in ([remark] if remark else []) + [f"left out: {left.reason}" for left in study.skipped]:
        say(console, line)
    finished = Finished(study=result.study, claims=(), tables=result.tables, runs=result.records)
    if (table := averages(finished, console.width)) is not None:
        console.print(table)
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
    out: Annotated[
        Path | None, typer.Option(help="The directory in which some runs may be done already.")
    ] = None,
    workers: Workers = None,
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Say what a study will take: work, memory and time.

    Here and on a GPU (docs/plan.md); nothing is run.
    """
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
