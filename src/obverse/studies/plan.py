"""What a study will do: its runs, each with its identity, and which of them are done already."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from obverse.core.claim import Claim
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.measure import LEADING
from obverse.core.model import ModelSpec
from obverse.core.stage import Stage
from obverse.measures.frame import schema
from obverse.run.folder import RunFolder
from obverse.run.identity import Identity, changes, identify
from obverse.run.run import SHORT_ID, Run, built
from obverse.run.task import Execution, Task
from obverse.store.seen import Seen
from obverse.studies.check import check_claims, check_models, check_portable, check_stages
from obverse.studies.grid import Cell
from obverse.studies.known import Known
from obverse.studies.models import refuse_averaged, refuse_same
from obverse.studies.needs import memory_of

NO_WEIGHTS = "finished before, without its weights; remove its folder to train again"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of what a study compares: an experiment, and the models that it is done to."""

    experiment: Experiment
    models: tuple[ModelSpec, ...]


class Plan:
    """A study's runs. The data of each seed and variant is built once; that of the first seed is kept.

    Args:
        arms: experiments with their models, by the name of the variant; "" for one alone.
        seeds: over which what is trained, and what grows by itself, is repeated.
        cell: the values at which this is the plan of a grid.
        claims: what is claimed of what the experiments give.

    Raises:
        ObverseError: if the first seed's data cannot be built.
    """

    def __init__(
        self,
        arms: Mapping[str, Arm],
        seeds: Sequence[int],
        cell: Cell | None = None,
        claims: Sequence[Claim] = (),
    ) -> None:
        if not seeds:
            raise ObverseError("a study needs at least one seed")
        self.arms, self.seeds = arms, seeds
        self.cell, self.claims = cell or {}, claims
        self.first = {name: built(arm.experiment, seeds[0]) for name, arm in arms.items()}

    @property
    def trains(self) -> bool:
        """Whether models are told something, and not only asked."""
        return any(stage.training is not None for stages in self.first.values() for stage in stages)

    def check(self, keep_weights: bool = False, processes: int = 1) -> None:
        """Refuse what cannot go well, before any training.

        Raises:
            ObverseError: that says what, and what to do instead.
        """
        for name, stages in self.first.items():
            experiment, models = self.arms[name].experiment, self.arms[name].models
            for model in models:
                check_portable(model, model.name)
            check_portable(experiment, experiment.name)
            check_stages(experiment, stages)
            check_models(models, stages, keep_weights, processes)
        every = [stage for stages in self.first.values() for stage in stages]
        measures = {measure.name: measure.columns for stage in every for measure, _ in stage.measures}
        experiment = next(iter(self.arms.values())).experiment
        labels = LEADING | dict(experiment.columns)
        tables = {name: schema(labels | dict(columns)) for name, columns in measures.items()}
        check_claims(experiment.name, self.claims, tables)
        for key in self.cell:
            if any(key in columns for columns in measures.values()):
                raise ObverseError(f"{key}: a measure has a column of this name; it cannot be an axis")
        for arm in self.arms.values():
            refuse_same(arm.models)
            if not self.trains or any(claim.by == "family" for claim in self.claims):
                refuse_averaged(arm.models)

    def runs(self) -> tuple[Run, ...]:
        """Return every run. A model asked as it is gives the same whatever the seed."""
        return tuple(run for runs in self._groups() for run in runs)

    def _groups(self) -> Iterator[list[Run]]:
        """Yield runs of the same data together."""
        for seed in self.seeds:
            for variant, arm in self.arms.items():
                runs = [
                    Run(experiment=arm.experiment, model=model, seed=seed, variant=variant)
                    for model in arm.models
                    if self.trains or seed == self.seeds[0] or not model.same_for_all_seeds
                ]
                if runs:
                    yield runs

    def identified(self) -> Iterator[tuple[Run, Identity]]:
        """Yield every run with its identity, for which its data is built."""
        for runs in self._groups():
            yield from self._identify(runs)

    def _identify(self, runs: Sequence[Run]) -> Iterator[tuple[Run, Identity]]:
        stages = self.stages_of(runs[0])
        hashes: dict[int, str] = {}
        for run in runs:
            yield run, identify(run, stages, hashes)

    def ids(self, known: Known) -> Iterator[tuple[Run, str]]:
        """Yield every run with its id. Data is built of the first seed, and where an id is not known."""
        for runs in self._groups():
            ids = [known.of(run) for run in runs]
            if None not in ids and runs[0].seed != self.seeds[0]:
                yield from zip(runs, map(str, ids), strict=True)
                continue
            for run, identity in self._identify(runs):
                if not known.agrees(run, identity.id):
                    known.forget()
                known.note(run, identity.id)
                yield run, identity.id

    def stages_of(self, run: Run) -> tuple[Stage, ...]:
        """Return a run's stages; those of the first seed are built already."""
        return self.first[run.variant] if run.seed == self.seeds[0] else run.stages()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All tasks of a study, those to do, and what has to be said of stored runs that do not count."""

    tasks: tuple[Task, ...]
    to_do: tuple[Task, ...]
    messages: tuple[str, ...]


def work(
    plans: Sequence[Plan],
    out: Path,
    execution: Execution,
    planned: Callable[[int, int], None] = lambda done, total: None,
) -> Work:
    """Find out what is to be done under `out`, telling `planned` how many runs are known.

    A finished run counts if it has the identity that is wanted, and its files are as it wrote them. One
    that was changed since is moved aside, never deleted.

    Raises:
        ObverseError: if two cells of a grid have a run in common.
    """
    known, total = Known(out), sum(len(plan.runs()) for plan in plans)
    tasks = []
    for task in tasks_of(plans, out, execution, known):
        tasks.append(task)
        planned(len(tasks), total)
    if (out / "runs").is_dir():  # whose lock is held
        known.save()
    to_do, reasons = [], dict[str, list[str]]()
    seen, stored_runs = Seen(out), _Stored(out / "runs")
    names = {task.folder.name for task in tasks}
    for task in tasks:
        run, folder = task.run, task.folder
        if (folder.name, task.id) not in seen:
            stored_runs.take_back(folder, task.id)
            reason = _compared(RunFolder(folder), task.id, seen)
            reasons.setdefault(reason, []).append(run.label)
        if not RunFolder(folder).finished:
            to_do.append(task)
            why = stored_runs.why_not(task, names)
            reasons.setdefault(why, []).append(run.label)
        elif execution.keep_weights and not (folder / "weights").is_dir():
            reasons.setdefault(NO_WEIGHTS, []).append(run.label)
    seen.save()
    reasons.pop("", None)
    return Work(tasks=tuple(tasks), to_do=tuple(to_do), messages=tuple(_messages(reasons)))


def _compared(stored: RunFolder, id: str, seen: Seen) -> str:
    """Compare a finished run's files with what it wrote; set it aside, and say so, if one was changed."""
    if not stored.finished:
        return ""
    if (name := stored.changed(id)) is None:
        stored.tidy()
        seen.note(stored.path.name, id, ("provenance.json", *stored.record()["files"]))
        return ""
    aside = _set_aside(stored.path)
    return (
        f"run anew: {name} was changed after the run had written it (what is there is kept in "
        f"{aside.name})"
    )


def tasks_of(
    plans: Sequence[Plan], out: Path, execution: Execution, known: Known | None = None
) -> Iterator[Task]:
    """Yield every run of all plans, as a task under `out`, where `known` tells identities.

    Raises:
        ObverseError: if two cells of a grid have a run in common.
    """
    known = known or Known(out)
    seen: dict[str, Task] = {}
    for plan in plans:
        for run, id in plan.ids(known):
            folder = out / "runs" / run.folder_name(id)
            memory = memory_of(run.model, plan.first[run.variant], execution.device, execution.processes)
            task = Task(run=run, id=id, folder=folder, execution=execution, cell=plan.cell, memory=memory)
            if id in seen:
                _refuse_same_run(seen[id], task)
            seen[id] = task
            yield task


def _refuse_same_run(one: Task, other: Task) -> None:
    keys = [key for key, value in one.cell.items() if other.cell[key] != value]
    after = {key.partition(".")[0] for key in keys} <= one.run.experiment.analysis
    instead = (
        "set one value (--set), and see others by result.evaluate(settings=…)"
        if after
        else "leave it out of the grid"
    )
    raise ObverseError(
        f"{one.label} and {other.label} are one and the same run: {', '.join(keys)} changes nothing "
        f"there that is trained or measured; {instead}"
    )


def _messages(reasons: dict[str, list[str]]) -> Iterator[str]:
    for reason, labels in reasons.items():
        shown = "; ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")
        yield f"{shown}: {reason}"


class _Stored:
    """The runs that a directory has, looked up once: folders are called NAME-seedN-ID."""

    def __init__(self, runs: Path) -> None:
        self.by_name: dict[str, list[Path]] = {}
        self.by_id: dict[str, list[Path]] = {}
        for folder in runs.iterdir() if runs.is_dir() else ():
            self.by_name.setdefault(folder.name[:-SHORT_ID], []).append(folder)
            self.by_id.setdefault(_seed_and_id(folder), []).append(folder)

    def why_not(self, task: Task, wanted: Collection[str]) -> str:
        """Return why a finished run of the same model, variant and seed is not the one that is wanted.

        Those that are themselves `wanted`, by other cells of a grid, do not count.
        """
        found = [
            stored
            for other in self.by_name.get(task.folder.name[:-SHORT_ID], ())
            if other.name not in wanted and (stored := RunFolder(other)).finished
        ]
        if not found:
            return ""
        identity = identify(task.run, task.run.stages())
        differences = min((_changes(stored, identity) for stored in found), key=len)
        shown = ", ".join(differences[:4]) + (", …" if len(differences) > 4 else "")
        return f"run anew: {shown or 'what tells runs apart'} changed since the run before, which is kept"

    def take_back(self, folder: Path, id: str) -> None:
        """Give a finished run that was called otherwise, by its model or variant, its present name."""
        if folder.exists():
            return
        for other in self.by_id.get(_seed_and_id(folder), ()):
            stored = RunFolder(other)
            if stored.finished and stored.changed(id) is None:
                other.rename(folder)
                return


def _seed_and_id(folder: Path) -> str:
    return "-".join(folder.name.rsplit("-", 2)[-2:])


def _changes(stored: RunFolder, identity: Identity) -> list[str]:
    try:
        return changes(stored.identity(), identity.parts)
    except (ObverseError, KeyError, TypeError, AttributeError):
        return []  # another version of obverse wrote it, or nobody can read it any more


def _set_aside(folder: Path) -> Path:
    """Move a run's folder out of the way, beside the others."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.changed-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside
