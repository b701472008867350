"""What a study will take, before anything runs: work, memory, and time here and on a GPU."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table

from obverse.core.bill import Bill
from obverse.core.errors import CannotLoadError
from obverse.core.format import MISSING, count
from obverse.core.model import ModelSpec
from obverse.core.stage import Stage
from obverse.models.families import FAMILIES
from obverse.run.folder import RunFolder
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.store import files
from obverse.store.seen import Seen
from obverse.studies.bills import bills_of, rows_of, whole
from obverse.studies.check import indivisible
from obverse.studies.executors.here import workers_of
from obverse.studies.gauge import Gauge, gauge
from obverse.studies.gpus import misfit, other_ways, written_bytes
from obverse.studies.grid import Cell
from obverse.studies.needs import bytes_a_parameter
from obverse.studies.plan import Plan
from obverse.studies.study import Study
from obverse.studies.tasks import tasks_of
from obverse.studies.workload import Workload, counter, workload_of

UTILISATION = 0.3  # of that, which trainings of this kind reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a study will take; of its runs, those that are still to do.

    Attributes:
        runs, done: how many there are, and have been carried out.
        load: of all that are to do, added up.
        parameters: of the smallest and the largest model; None where nobody knows.
        counted: whether tokens were counted by the models' own tokenizers.
        training_flops, asking_flops: 6 (4 where adapters are trained) and 2 for each parameter and token;
            None if a size is not known.
        seconds: of all runs one after the other on this machine; None where no model is at hand.
        memory: bytes of a run here, measured; None likewise.
        on_gpu: bytes of weights, gradients and optimizer of the largest model on a GPU.
        workers: runs at a time here.
        took: seconds that measuring took.
        adapters: parameters of the largest adapters that are trained in place of all weights; None
            without any, or where the configuration is not here.
        splits: whether several GPUs can share each model.
        bill: what all runs are charged, those that are done among them, by whoever trains them elsewhere.
    """

    runs: int
    done: int
    load: tuple[int, int, int, int, int]
    parameters: tuple[int, int] | None
    counted: bool
    training_flops: float | None
    asking_flops: float | None
    seconds: float | None
    memory: int | None
    on_gpu: int | None
    workers: int
    took: float
    bill: Bill | None = None
    adapters: int | None = None
    splits: bool = False

    @property
    def to_do(self) -> int:
        return self.runs - self.done

    def hours(self, flops: float) -> float | None:
        """Return the hours of all runs at so many FLOP/s; None if a model's size is not known."""
        if self.training_flops is None or self.asking_flops is None:
            return None
        return (self.training_flops + self.asking_flops) / (flops * UTILISATION) / 3600

    def _misfit(self, gpu: str) -> str | None:
        """Return what would fit on a GPU that the largest model does not fit on; None if it does, or if
        nobody knows."""
        if self.on_gpu is None:
            return None
        alternatives: dict[str, int] = {}
        if self.training_flops and self.parameters and self.adapters is None:
            alternatives = other_ways(self.parameters[1], self.on_gpu)
        return misfit(gpu, self.on_gpu, alternatives, self.splits)

    def table(self, gpu: Mapping[str, float]) -> Table:
        """Return the forecast as a table; `gpu` are accelerators and their FLOP/s."""
        table = Table(box=box.SIMPLE_HEAD, show_header=True, padding=(0, 1))
        table.add_column("")
        table.add_column("a run (mean)", justify="right")
        table.add_column(f"all {self.to_do} to do", justify="right")
        table.add_column("")
        each = self.to_do or 1
        names = ("documents", "optimizer steps", "tokens trained", "questions asked", "tokens asked")
        how = "" if self.counted else "a token for every four bytes: no tokenizer here"
        for name, number in zip(names, self.load, strict=True):
            said = how if name.startswith("tokens") else ""
            table.add_row(name, f"{number / each:,.0f}", f"{number:,}", said)
        for name, flops in (("training", self.training_flops), ("asking", self.asking_flops)):
            if flops is None:
                table.add_row(f"FLOPs, {name}", MISSING, MISSING, "how large a model is, is not known")
            else:
                table.add_row(f"FLOPs, {name}", f"{flops / each:.2g}", f"{flops:.2g}", "")
        if self.parameters is not None:
            low, high = self.parameters
            shown = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            table.add_row("parameters", shown, "", "embeddings included")
        if self.adapters is not None:
            table.add_row(
                "parameters trained", f"{self.adapters:,}", "", "adapters; the others are frozen"
            )
        if self.memory is not None:
            table.add_row("memory here", written_bytes(self.memory), "", "measured; of each worker")
        if self.on_gpu is not None:
            table.add_row("memory, GPU", written_bytes(self.on_gpu), "", "without activations")
            for name in gpu:
                if (why := self._misfit(name)) is not None:
                    table.add_row(f"on one {name}", "does not fit", "", why)
        if self.bill is not None:
            for row in rows_of(self.bill, self.runs):
                table.add_row(*row)
        if self.seconds is not None:
            at_once = min(self.workers, each)
            table.add_row(
                "time here", _time(self.seconds / each), _time(self.seconds / at_once),
                f"measured in {self.took:.0f} s; {count(at_once, 'run')} at a time",
            )  # fmt: skip
        for name, flops in gpu.items():
            hours = self.hours(flops)
            if hours is None or self._misfit(name) is not None:
                continue
            table.add_row(
                f"time, {name}", _time(3600 * hours / each), _time(3600 * hours),
                f"at {100 * UTILISATION:g} % of {flops:.3g} FLOP/s, one GPU",
            )  # fmt: skip
        return table


def forecast(study: Study, out: Path, execution: Execution) -> Forecast:
    """Return what a study will take; runs that are finished under `out` count as done.

    A model that is at hand is built, and trained and asked for some seconds. Of one that is not, its
    size is taken from its name, and tokens are counted by four bytes each.

    Raises:
        ObverseError: if the data of the first seed cannot be built, or `out` is a file.
    """
    files.refuse_no_folder(out)
    plans = study.plans()
    runs = _runs(plans, out, execution)
    to_do = [(run, cell) for run, cell, done in runs if not done]
    stages = {(_place(plan.cell), name): made for plan in plans for name, made in plan.first.items()}
    gauges: dict[object, Gauge | None] = {}
    loads: dict[object, Workload] = {}
    sizes: list[int | None] = []
    sums, seconds, training, asking = [0] * 5, 0.0, 0.0, 0.0
    for run, cell in to_do:
        place = (_place(cell), run.variant)
        kind = (run.model.model_dump_json(), _shape(stages[place]))
        if kind not in gauges:
            gauges[kind] = _gauged(run, stages[place], execution)
        gauged = gauges[kind]
        if (kind, place) not in loads:
            count_ = counter(None) if gauged is None else gauged.count
            loads[kind, place] = workload_of(stages[place], count_, run.model)
        load = loads[kind, place]
        sizes.append(_size(run.model, gauged))
        # Of weights that are not trained, the gradient is passed on and not taken.
        training += (4.0 if run.model.adapters() != 0 else 6.0) * (sizes[-1] or 0) * load.trained
        asking += 2.0 * (sizes[-1] or 0) * load.asked
        seconds += 0.0 if gauged is None else gauged.of(load)
        for i, name in enumerate(("documents", "steps", "trained", "questions", "asked")):
            sums[i] += getattr(load, name)
    measured = [g for g in gauges.values() if g is not None]
    known = [size for size in sizes if size is not None]
    here = zip(to_do, sizes, strict=True)
    gpu_sizes = [(r.model, size) for (r, _), size in here if size is not None and r.model.on_ours]
    return Forecast(
        runs=len(runs),
        done=len(runs) - len(to_do),
        load=(sums[0], sums[1], sums[2], sums[3], sums[4]),
        parameters=(min(known), max(known)) if known else None,
        counted=len(measured) == len(gauges),
        training_flops=training if len(known) == len(sizes) else None,
        asking_flops=asking if len(known) == len(sizes) else None,
        seconds=seconds if len(measured) == len(gauges) else None,
        memory=max((g.memory for g in measured), default=None),
        on_gpu=_on_gpu(gpu_sizes, stages.values()) if gpu_sizes else None,
        workers=execution.workers or workers_of(execution),
        took=sum(g.took for g in measured),
        adapters=max(filter(None, {r.model.adapters() for r, _ in to_do}), default=None),
        splits=all(indivisible(r.model, stages[_place(c), r.variant]) is None for r, c in to_do),
        bill=whole([bill for plan in plans for bill in bills_of(plan).values()]),
    )


def _place(cell: Cell) -> tuple[tuple[str, object], ...]:
    return tuple(cell.items())


def _shape(stages: Sequence[Stage]) -> tuple[object, ...]:
    """Return what a token's cost depends on beside the model: how many there are in a step, and how they
    are padded and computed."""
    recipes = [None if stage.training is None else stage.training.recipe for stage in stages]
    return tuple(
        r and (r.batch_size, r.micro_batch_size, r.precision, r.loss_on, r.pad_to) for r in recipes
    )


def _runs(plans: Sequence[Plan], out: Path, execution: Execution) -> list[tuple[Run, Cell, bool]]:
    """Return every run, where it stands in the grid, and whether it is done; of a model that is not at
    hand, none is."""
    seen = Seen(out)
    try:
        return [
            (task.run, task.cell, (task.folder.name, task.id) in seen or _counts(task))
            for task in tasks_of(plans, out, execution)
        ]
    except CannotLoadError:
        return [(run, plan.cell, False) for plan in plans for run in plan.runs()]


def _counts(task: Task) -> bool:
    stored = RunFolder(task.folder)
    return stored.finished and stored.changed(task.id) is None


def _gauged(run: Run, stages: Sequence[Stage], execution: Execution) -> Gauge | None:
    """Return what a run takes here; None if its model is not here. Nothing is downloaded."""
    if not run.model.at_hand():
        return None
    try:
        return gauge(run, stages, execution)
    except (CannotLoadError, OSError):
        return None


def _size(model: ModelSpec, gauged: Gauge | None) -> int | None:
    if gauged is not None and gauged.parameters is not None:
        return gauged.parameters
    name = str(getattr(model, "path", model.name))
    published = (m.parameters for family in FAMILIES.values() for m in family if m.name == name)
    return model.size() or next(published, None) or size_in_name(name)


def size_in_name(name: str) -> int | None:
    """Return the number of parameters that a name such as `llama-7b` or `pythia-160m` tells."""
    found = re.search(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([mb])(?![a-z0-9])", name.lower())
    return None if found is None else round(float(found[1]) * {"m": 1e6, "b": 1e9}[found[2]])


def _on_gpu(models: Sequence[tuple[ModelSpec, int]], experiments: Iterable[Sequence[Stage]]) -> int:
    """Return the bytes of weights, gradients and optimizer, or of weights where nothing is trained; of
    the model that has most."""
    trained = max(map(bytes_a_parameter, experiments), default=0)
    found = {(model.model_dump_json(), size): model for model, size in models}
    return max(model.memory(size, trained) for (_, size), model in found.items())


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 3600 / 24:.0f} days"
