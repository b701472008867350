"""The tasks of a study: which of its runs are done, and what is said of those that do not count."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.store.seen import Seen
from obverse.studies.known import Known
from obverse.studies.needs import memory_of
from obverse.studies.plan import Plan
from obverse.studies.stored import Stored, compared

NO_WEIGHTS = "finished before, without its weights; remove its folder to train again"


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
    known, total = Known(out), sum(map(len, plans))
    tasks = []
    for task in tasks_of(plans, out, execution, known):
        tasks.append(task)
        planned(len(tasks), total)
    if (out / "runs").is_dir():  # whose lock is held
        known.save()
    to_do, reasons = [], dict[str, list[str]]()
    seen, stored_runs = Seen(out), Stored(out / "runs")
    names = {task.folder.name for task in tasks}

    def tell(run: Run, reason: str) -> None:
        if reason:
            reasons.setdefault(reason, []).append(run.label)

    for task in tasks:
        run, folder = task.run, task.folder
        if (folder.name, task.id) not in seen:
            stored_runs.take_back(folder, task.id)
            tell(run, compared(RunFolder(folder), task.id, seen))
        if not RunFolder(folder).finished:
            to_do.append(task)
            tell(run, stored_runs.why_not(task, names))
        elif execution.keep_weights and not (folder / "weights").is_dir():
            tell(run, NO_WEIGHTS)
    seen.save()
    return Work(tasks=tuple(tasks), to_do=tuple(to_do), messages=tuple(_messages(reasons)))


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
