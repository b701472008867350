"""What a study leaves: its runs' tables put together, findings, and the file that says what it was."""

import json
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl

from obverse.core.claim import Claim
from obverse.core.content import content_hash, file_hash
from obverse.core.errors import ObverseError
from obverse.core.page import SCHEMA
from obverse.measures.frame import schema
from obverse.run.folder import RunFolder
from obverse.run.task import Task
from obverse.stats.verdict import evaluate_cells
from obverse.store import files, locks, tables
from obverse.store.finished import RUNS, TABLES
from obverse.store.program import program
from obverse.studies.executors.pending import SEEN, Pending
from obverse.studies.grid import Cell
from obverse.studies.result import Result, load

TOGETHER = 256  # runs that are read at once
SUBMITTING = 5.0  # seconds that handing a job over may take


def leave(
    out: Path,
    tasks: Sequence[Task],
    claims: Sequence[tuple[Cell, Sequence[Claim]]],
    about: Mapping[str, Any],
    *,
    anew: bool = True,
) -> Result:
    """Put the runs' tables together, evaluate the claims, and write what a study leaves.

    Claims are those of each cell of its grid. study.json is written last, with the hashes of the other
    files; `about` is what else it says, `looks` among it. Unless it is wanted `anew`, nothing is done
    where the directory has all of that already, from the same runs and the same program.
    """
    _sweep(out, {task.id for task in tasks})
    made_of = _made_of(tasks, about)
    if not anew and (kept := _kept(out, made_of)) is not None:
        return kept
    with ExitStack() as unfinished:  # nothing is replaced before claims are known to be well
        records = unfinished.enter_context(files.written_whole(out / RUNS))
        parts, as_it_is = _put_together(tasks, out, records)
        measured = {}
        for name, tables_ in parts.items():
            path = unfinished.enter_context(files.written_whole(out / TABLES / f"{name}.parquet"))
            tables_.join(path)
            measured[name] = pl.scan_parquet(path, glob=False)
        findings = evaluate_cells(claims, measured, as_it_is=as_it_is, looks=about["looks"])
    found = [finding.to_dict() for finding in findings]
    files.write_json(out / "claims.json", {"schema": SCHEMA, "study": about["study"], "claims": found})
    written = ["claims.json", RUNS, *(f"{TABLES}{name}.parquet" for name in measured)]
    hashes = {name: file_hash(out / name) for name in written}
    said = {**about, "as_it_is": sorted(as_it_is), "made_of": made_of, "files": hashes}
    files.write_json(out / "study.json", {"schema": SCHEMA, **said})
    return load(out)


def _sweep(out: Path, ids: Collection[str]) -> None:
    """Remove what processes that were killed have left in a directory whose lock is held.

    Tasks and jobs are written without the lock, but nobody writes any of a run that is finished.
    """
    files.sweep(out, out / ".cache", out / "observations", out / "figures")
    files.sweep(out / "slurm", of=ids)
    for left in (out / "slurm/logs").glob(".submission_file_*"):  # submitit's, which removes its own
        if time.time() - left.stat().st_mtime > SUBMITTING:
            left.unlink(missing_ok=True)
    Pending(out).settle(ids)
    for seen in out.glob(f"{SEEN}*"):
        if not locks.is_locked(seen):
            shutil.rmtree(seen, ignore_errors=True)


def _made_of(tasks: Sequence[Task], about: Mapping[str, Any]) -> str | None:
    """Return a hash of all that a study's files follow from; None if the program is in no file.

    A run's own files follow from its id: they are compared with their hashes before.
    """
    if not all(task.run.portable for task in tasks):
        return None
    runs = [
        [task.id, task.folder.name, task.run.model.name, task.run.variant, task.cell] for task in tasks
    ]
    said = {key: value for key, value in about.items() if key != "provenance"}
    return content_hash([program(), said, runs])


def _kept(out: Path, made_of: str | None) -> Result | None:
    """Return what a study left here before, if it follows from the same and nobody changed it since."""
    if made_of is None or not (out / "study.json").is_file():
        return None
    try:
        kept = load(out)
    except ObverseError:
        return None
    return kept if kept.study.get("made_of") == made_of else None


def _put_together(
    tasks: Sequence[Task], out: Path, records: Path
) -> tuple[dict[str, tables.Parts], set[str]]:
    """Read all runs, some at a time, and write down their records.

    Returns:
        The tables of each measure, and the models that would be the same with other seeds: neither
        trained here nor grown.
    """
    parts: dict[str, tables.Parts] = {}
    depend = set[str]()
    with records.open("w", encoding="utf-8") as lines:
        for task in tasks:
            model, record = task.run.model, _record(task)
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            if record["trained"] or not model.same_for_all_seeds:
                depend.add(model.name)
    for start in range(0, len(tasks), TOGETHER):
        for name, table in _tables(tasks[start : start + TOGETHER]):
            path = out / TABLES / f"{name}.parquet"
            parts.setdefault(name, tables.Parts(path)).add(table)
    return parts, {task.run.model.name for task in tasks} - depend


def _tables(tasks: Sequence[Task]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the tables of runs, those of one measure after the other, with its name."""
    found: dict[str, list[tuple[Path, Task]]] = {}
    for task in tasks:
        for name, path in RunFolder(task.folder).tables().paths.items():
            found.setdefault(name, []).append((path, task))
    for name, some in found.items():
        read = tables.read_many([path for path, _ in some])
        for table, (_, task) in zip(read, some, strict=True):
            yield name, _labelled(table, task)


def _record(task: Task) -> dict[str, Any]:
    """Return what is known of a run beside its tables."""
    record = RunFolder(task.folder).record()
    return record | {
        "name": task.folder.name,
        "run": task.id,
        "model": task.run.model.name,
        "seed": task.run.seed,
        "variant": task.run.variant or None,
        "trained": any(stage["steps"] for stage in record["stages"]),
    }


def _labelled(table: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Return a run's table under the names that this study uses now; a stored run may have older ones.

    Where it stands in a grid is said in columns.
    """
    model = task.run.model
    said: dict[str, str | int | None] = {
        "model": model.name, "family": model.family or None, "variant": task.run.variant or None,
    }  # fmt: skip
    if table["parameters"].null_count() == len(table):
        said["parameters"] = model.size()
    columns = schema(task.run.experiment.columns)
    axes = schema({key: type(value) for key, value in task.cell.items()})
    return table.with_columns(
        *(pl.lit(value, table.schema[name]).alias(name) for name, value in said.items()),
        *(pl.lit(None, t).alias(name) for name, t in columns.items() if name not in table.columns),
        *(pl.lit(value, axes[key]).alias(key) for key, value in task.cell.items()),
    )
