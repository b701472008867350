"""The loop that carries out a run: stages in their order, measures at their moments. Read this first.

A run may be cut off anywhere and carried out again: stages that are over, and moments that were
measured, are found in its folder and passed over; a training goes on from its last checkpoint; the
numbers are those of an undisturbed run, to the last bit on one CPU. Where several processes share a
model, each of them goes through all of this, and the first reads and writes the folder for all.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from obverse.core.abilities import Closes, Grows, Model, Point, Saves, Trains, Watch
from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING, Moment
from obverse.core.model import Setup
from obverse.core.seeds import derive
from obverse.core.stage import Stage, Timetable, origins
from obverse.engine import group
from obverse.measures.frame import conform, finite, means
from obverse.models.hosted import refuse_cost
from obverse.run.folder import RunFolder, charged_under, cleared
from obverse.run.followers import helped
from obverse.run.identity import Identity, identify
from obverse.run.memory import peak_memory
from obverse.run.phases import Phases
from obverse.run.run import Run
from obverse.run.task import Execution, OnPhase, OnStep, Task, unheard
from obverse.run.tracking import Tracker, tracked
from obverse.store import files

DIVERGED = "training steps whose loss was no finite number: the training diverged"
MISSED = "moments of a training, at which a model that is trained elsewhere cannot be asked"


def perform(task: Task, on_step: OnStep, patience: float = 10.0, on_phase: OnPhase = unheard) -> None:
    """Carry out a task in its folder, which another process may hold for `patience` seconds.

    Raises:
        HeldError: if it is held for longer.
        ObverseError: if the experiment builds other data here than where it was planned, or the model
            cannot be had.
    """
    folder = RunFolder(task.folder)
    with folder.locked(patience):
        if folder.finished:
            return
        with helped(task, _device(task)):
            carry_out(task, on_step, on_phase)


def carry_out(task: Task, on_step: OnStep, on_phase: OnPhase = unheard) -> None:
    """Carry out a task whose folder is held, in each of its processes."""
    run, folder, phases = task.run, RunFolder(task.folder), Phases(on_phase)
    phases.begin("building the data")
    stages = run.stages()
    hashes: dict[int, str] = {}
    identity = identify(run, stages, hashes)
    _refuse_other(task, identity)
    _refuse_dearer(run, stages, folder)
    described = {"id": task.id} | run.spec() | {"identity": identity.parts}
    folder.describe(described)
    phases.begin("making the model")
    device = _device(task)
    began = time.monotonic()
    setup = Setup(
        stages=stages, seed=run.seed, device=device, folder=folder.unfinished, shared=folder.shared
    )
    model = run.model.build(setup)
    track = task.execution.track if group.rank() == 0 else None
    try:
        _refuse_other(task, identify(run, stages, hashes))  # nothing was changed while it was read
        with tracked(track, run.experiment.name, folder.path, described) as told:
            loop = _Loop(run, task.id, stages, model, folder, task.execution, on_step, told, phases)
            record = loop.carry_out()
    except ObverseError:
        raise
    except Exception as error:
        if (full := files.no_room(error, folder.path)) is not None:
            raise full from error
        raise
    finally:
        if isinstance(model, Closes):
            model.close()
    folder.finish(
        {
            "run": task.id,
            "seconds": round(time.monotonic() - began, 1),
            "execution": asdict(task.execution),
            "device": device,
            "peak_memory": peak_memory(),
            "data_sha256": identity.data,
        }
        | record
    )


@dataclass
class _Loop:
    """One pass through the stages of a run.

    `before[n]` counts the tokens that the model has been trained on before stage n.
    """

    run: Run
    id: str
    stages: tuple[Stage, ...]
    model: Model
    folder: RunFolder
    execution: Execution
    on_step: OnStep
    tracker: Tracker
    phases: Phases
    before: dict[int, int] = field(default_factory=dict)
    origin: list[int] = field(init=False)
    grown: bool = False  # whether a model that grows by itself has done so in this process

    def __post_init__(self) -> None:
        self.origin = origins(self.stages)

    def carry_out(self) -> dict[str, Any]:
        """Carry out every stage that is not over; return facts for the record."""
        model, folder = self.model, self.folder
        hash_before = weights = model.weights_hash() if isinstance(model, Saves) else None
        at = -1  # the stage whose weights the model has; -1: as it was made
        for number, stage in enumerate(self.stages):
            self.before[number] = self._tokens_after(self.origin[number])
            if (done := folder.stage_record(number)) is not None:
                weights = done["weights_sha256"]
                continue
            if at != self._trained_last(self.origin[number]):
                assert isinstance(model, Trains)
                model.restore(folder.trained(self.origin[number]))
            record = self._train(number, stage) if stage.training else self._as_it_is(number, stage)
            if isinstance(model, Saves) and record["steps"]:
                weights = model.weights_hash()
            self._save(number)
            folder.finish_stage(number, record | {"weights_sha256": weights})
            at = self._trained_last(number)
        records = [folder.stage_record(number) or {} for number in range(len(self.stages))]
        return {
            "parameters": model.parameters,
            "stages": records,
            "left_out": folder.left_out(),
            "weights_before_sha256": hash_before,
            "weights_after_sha256": weights,
        }

    def _save(self, number: int) -> None:
        """Keep the model as a stage left it, where another goes on from it or the user wants it."""
        model = self.model
        if number in self.origin and isinstance(model, Saves | Trains):
            model.save(cleared(self.folder.trained(number)))
        elif self.execution.keep_weights and isinstance(model, Saves):
            several = self.origin.count(self.origin[number]) > 1
            branch = f"branch-{self.stages[number].branch}" if several else ""
            model.save(cleared(self.folder.path / "weights" / branch))

    def _trained_last(self, number: int) -> int:
        """Return the stage that gave the model its weights by the end of stage `number`; −1 is none."""
        while number >= 0 and self.stages[number].training is None:
            number = self.origin[number]
        return number

    def _tokens_after(self, number: int) -> int:
        """Return how many tokens the model has been trained on by the end of a stage; −1 is its start."""
        if number < 0:
            return 0
        record = self.folder.stage_record(number)
        assert record is not None
        return self.before[number] + int(record["tokens"])

    def _train(self, number: int, stage: Stage) -> dict[str, Any]:
        """Train the model on a stage and take its measures along the way."""
        assert stage.training is not None
        assert isinstance(self.model, Trains)
        if self._trained_last(self.origin[number]) < 0:
            deque(self._growth(), maxlen=0)  # trained as it has grown
        due: list[set[int]] = []
        losses: list[tuple[int, float]] = []
        steps_before, steps = sum(map(_steps, self.stages[:number])), sum(map(_steps, self.stages))

        def stops(table: Timetable) -> set[int]:
            due.extend(when.steps_of(table) for _, when in stage.measures)
            return set[int]().union(*due)

        def at(point: Point) -> None:
            self.folder.add_losses(stage.label, losses)
            self._measure(number, stage, point, [point.step in chosen for chosen in due])

        def on_loss(step: int, loss: float) -> None:
            losses.append((step, loss))
            self.phases.loss(loss)
            self.tracker.log({f"{stage.label}/loss": loss}, steps_before + step)

        self.phases.begin(f"training ({stage.label})")
        record = self.model.train(
            stage.training,
            folder=self.folder.stage(number),
            seed=derive(self.run.seed, f"branch {stage.branch}") if stage.branch else self.run.seed,
            watch=Watch(
                stops=stops,
                at=at,
                on_step=lambda done, _: self.on_step(steps_before + done, steps),
                on_loss=on_loss,
                checkpoint_every=self.execution.checkpoint_every,
            ),
        )
        self.folder.add_losses(stage.label, losses)
        if not (isinstance(record, dict) and {"steps", "tokens"} <= set(record)):
            raise ObverseError(
                f"{self.run.model.name}: its train() returned {record!r}; expected a dict with 'steps' "
                "and 'tokens'"
            )
        self._refuse_missed(number, stage, due)
        if lost := self.folder.lost_losses(stage.label):
            self.folder.leave_out(f"losses {number}", DIVERGED, lost)
        return {"name": stage.name, "documents": len(stage.training.documents)} | record

    def _refuse_missed(self, number: int, stage: Stage, due: Sequence[set[int]]) -> None:
        """Refuse a training that passed over a moment at which a measure was wanted.

        What a model misses that cannot be asked before its training is over is left out, and counted.
        """
        missed = [
            (step, index)
            for index, (measure, _) in enumerate(stage.measures)
            for step in sorted(due[index])
            if not self.folder.has_moment(measure.name, number, step, index)
        ]
        end = max(set[int]().union(*due), default=0)
        along = not self.run.model.asked_along
        for step, index in missed:
            if not along or (step == end and stage.measures[index][1].end):
                raise ObverseError(
                    f"{self.run.model.name}: its train() did not call watch.at after step {step} of "
                    f"stage {stage.label!r}, where the measure {stage.measures[index][0].name!r} is taken"
                )
        if missed:
            self.folder.leave_out(f"along {number}", MISSED, len(missed))

    def _as_it_is(self, number: int, stage: Stage) -> dict[str, Any]:
        """Take a stage's measures of a model as it is, or, in the first stage, as it grows."""
        points = iter([Point(step=0, epoch=0, tokens=0, last=True)])
        if number == 0 and isinstance(self.model, Grows):
            points = self._growth()
        elif self._trained_last(number) < 0:
            deque(self._growth(), maxlen=0)  # a resumed run takes back what the model had grown to
        steps = tokens = 0
        for point in points:
            due = [when.end if point.last else when.along for _, when in stage.measures]
            self._measure(number, stage, point, due)
            steps, tokens = point.step, point.tokens
        return {"name": stage.name, "documents": 0, "steps": steps, "tokens": tokens}

    def _growth(self) -> Iterator[Point]:
        """Yield the moments of a model's growth, once; a model that does not grow has none."""
        if isinstance(self.model, Grows) and not self.grown:
            self.grown = True
            self.phases.begin("growing")
            yield from self.model.grow(self.on_step)

    def _measure(self, number: int, stage: Stage, point: Point, due: Sequence[bool]) -> None:
        """Take the measures that are due at a point and were not taken before an interruption."""
        for index, (measure, _) in enumerate(stage.measures):
            if not due[index] or self.folder.has_moment(measure.name, number, point.step, index):
                continue
            moment = self._moment(number, stage, point, f"{number}/{index}")
            columns = LEADING | dict(self.run.experiment.columns) | dict(measure.columns)
            with self.phases.meanwhile(f"measuring {measure.name}"):
                found = measure(self.model, moment)
            table = conform(found, columns, f"the measure {measure.name!r}")
            table, lost = finite(table)
            if lost:
                moment.leave_out(f"values of {measure.name} that are no finite numbers", lost)
            leading = {name: getattr(moment, name) for name in LEADING if name != "fact"}
            self.folder.add_moment(measure.name, number, point.step, index, leading, table)
            steps_before = sum(map(_steps, self.stages[:number]))
            averages = means(table, measure.columns).items()
            self.tracker.log(
                {f"{stage.label}/{measure.name}/{name}": value for name, value in averages},
                steps_before + point.step,
            )

    def _moment(self, number: int, stage: Stage, point: Point, key: str) -> Moment:
        final = point.last and number not in self.origin
        return Moment(
            run=self.id,
            model=self.run.model.name,
            parameters=self.model.parameters,
            family=self.run.model.family or None,
            variant=self.run.variant or None,
            seed=self.run.seed,
            branch=stage.branch,
            stage=stage.name,
            epoch=point.epoch,
            step=point.step,
            tokens=self._seen(number, point),
            final=final,
            leave_out=partial(self.folder.leave_out, key) if final else lambda reason, count: None,
        )

    def _seen(self, number: int, point: Point) -> int | None:
        """Return the training tokens that the model has seen: before this run, where known, and in it."""
        earlier, here = self.run.model.seen(), self.before[number] + point.tokens
        if earlier is None and here == 0 and self.stages[number].training is None:
            return None
        return (earlier or 0) + here


def _steps(stage: Stage) -> int:
    if stage.training is None:
        return 0
    return stage.training.recipe.epoch_ends(len(stage.training.documents))[-1]


def _refuse_dearer(run: Run, stages: Sequence[Stage], folder: RunFolder) -> None:
    """Refuse to begin a run that the limit has no room for, after what others were charged in truth."""
    bill = run.model.bill(stages)
    if bill is not None and "trains" in run.model.abilities() and not folder.charged():
        refuse_cost(bill, run.label, charged_under(folder.path.parent))


def _refuse_other(task: Task, identity: Identity) -> None:
    if identity.id != task.id:
        raise ObverseError(
            f"{task.label}: the experiment {task.run.experiment.name!r} gives other data or settings in "
            "this process than where the run was planned. If its code, or a file that is read, was "
            "changed meanwhile, put it back, or plan the study anew (the same command, with --replace). "
            "Otherwise it is not pure: draw with obverse.generator, and use neither Python's hash(), the "
            "order of a set, the time, nor an unseeded generator"
        )


def _device(task: Task) -> str:
    """Return where the model is computed; one that is served elsewhere needs no torch here."""
    return prepare(task.execution) if task.run.model.on_ours else "cpu"


def prepare(execution: Execution) -> str:
    """Make this process ready for an execution, and return its device."""
    import torch

    torch.set_num_threads(execution.threads)
    if execution.device != "auto":
        return execution.device
    return "cuda" if torch.cuda.is_available() else "cpu"
