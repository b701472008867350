"""What a study leaves: its runs' tables put together, findings, and the file that says what it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from obverse.core.claim import Claim
from obverse.core.content import file_hash
from obverse.core.page import SCHEMA
from obverse.measures.frame import schema
from obverse.run.folder import RunFolder
from obverse.run.task import Task
from obverse.stats.verdict import evaluate_cells
from obverse.store import files, tables
from obverse.studies.grid import Cell
from obverse.studies.result import Result, load


def leave(
    out: Path,
    tasks: Sequence[Task],
    claims: Sequence[tuple[Cell, Sequence[Claim]]],
    about: Mapping[str, Any],
) -> Result:
    """Put the runs' tables together, evaluate the claims, and write what a study leaves.

    Claims are those of each cell of its grid. study.json is written last, with the hashes of the other
    files; `about` is what else it says, `looks` among it.
    """
    joined: dict[str, list[pl.DataFrame]] = {}
    for task in tasks:
        for name, table in RunFolder(task.folder).tables().items():
            joined.setdefault(name, []).append(_labelled(table, task))
    measured = {name: tables.concatenate(parts) for name, parts in joined.items()}
    as_it_is = _as_it_is(tasks)
    findings = evaluate_cells(claims, measured, as_it_is=as_it_is, looks=about["looks"])
    for name, table in measured.items():
        files.write_parquet(out / "observations" / f"{name}.parquet", table)
    found = [finding.to_dict() for finding in findings]
    files.write_json(out / "claims.json", {"schema": SCHEMA, "study": about["study"], "claims": found})
    written = ["claims.json", *(f"observations/{name}.parquet" for name in measured)]
    hashes = {name: file_hash(out / name) for name in written}
    runs = [task.folder.name for task in tasks]
    said = {**about, "as_it_is": sorted(as_it_is), "runs": runs, "files": hashes}
    files.write_json(out / "study.json", {"schema": SCHEMA, **said})
    files.sweep(out, out / "observations", out / "figures")
    return load(out)


def _as_it_is(tasks: Sequence[Task]) -> set[str]:
    """Return the models that would be the same with other seeds: neither trained here nor grown."""
    depend = {task.run.model.name for task in tasks if not task.run.model.same_for_all_seeds}
    depend |= {
        task.run.model.name
        for task in tasks
        if any(stage["steps"] for stage in RunFolder(task.folder).record()["stages"])
    }
    return {task.run.model.name for task in tasks} - depend


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
