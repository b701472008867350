"""The runs of a directory, finished or not, as a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from obverse.core.errors import ObverseError
from obverse.core.format import MISSING, harmless
from obverse.core.settings import unknown_name
from obverse.run.folder import RunFolder
from obverse.run.run import SHORT_ID
from obverse.store import files, finished
from obverse.studies.tables import chosen

SCHEMA = {
    "run": pl.String, "state": pl.String, "model": pl.String, "variant": pl.String, "seed": pl.Int64,
    "parameters": pl.Int64, "steps": pl.Int64, "tokens": pl.Int64, "seconds": pl.Float64,
    "memory": pl.Int64, "device": pl.String, "id": pl.String,
}  # fmt: skip
HIDDEN = ("run", "parameters", "device")  # in a terminal; what a folder is called has the others in it
FINISHED, AT_WORK, UNFINISHED = "finished", "at work", "unfinished"
OTHER, UNREADABLE = "not of the study", "unreadable"


def runs_of(out: Path) -> pl.DataFrame:
    """Return one row a run folder, in the order of the study and then of names.

    `state` is "finished" for the runs that the study's numbers are of; "at work" where a process holds
    the folder; "unfinished", with which the same `obverse run` goes on; "not of the study" for finished
    runs that do not count (other settings, set aside); or "unreadable". `memory` is in bytes, at its
    peak.

    Raises:
        ObverseError: if no study is there.
    """
    if not (out / "runs").is_dir():
        raise ObverseError(f"{out}: no runs are there; expected what `obverse run` writes to")
    known = finished.read(out).runs if (out / "study.json").is_file() else []
    rows = [_row(record, FINISHED) for record in known]
    names = {record["name"] for record in known}
    others = sorted(path for path in (out / "runs").iterdir() if path.is_dir() and path.name not in names)
    rows += [_unlisted(path, bool(known)) for path in others]
    return pl.DataFrame(rows, SCHEMA, orient="row")


def listed(runs: pl.DataFrame, where: str | None = None, sort: str | None = None) -> pl.DataFrame:
    """Return the runs that an expression of SQL is true of, sorted by a column ("-seconds": falling).

    Raises:
        ObverseError: if a column is not there, or the expression is none.
    """
    found = chosen(runs.lazy(), where, "the list of runs").collect()
    if sort is None:
        return found
    column = sort.removeprefix("-")
    if column not in SCHEMA:
        raise ObverseError(unknown_name(column, SCHEMA, "column"))
    return found.sort(column, descending=sort != column, nulls_last=True, maintain_order=True)


def table_of(runs: pl.DataFrame) -> Table:
    """Return runs as a table for a terminal, without columns in which nothing is known."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown = [name for name in SCHEMA if name not in HIDDEN and runs[name].null_count() < len(runs)]
    for name in shown:
        table.add_column(name, justify="right" if SCHEMA[name].is_numeric() else "left", overflow="fold")
    for row in runs.select(shown).iter_rows(named=True):
        table.add_row(*(Text(_cell(name, value)) for name, value in row.items()))
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return MISSING
    if name == "memory":
        return f"{value / 1e6:,.0f} MB"
    if name == "id":
        return str(value)[:SHORT_ID]
    return (
        harmless(value) if isinstance(value, str) else f"{value:,g}" if name == "seconds" else str(value)
    )


def _row(record: Mapping[str, Any], state: str) -> tuple[Any, ...]:
    stages = record.get("stages") or []
    sums = (sum(stage.get(key) or 0 for stage in stages) for key in ("steps", "tokens"))
    values = (record.get(key) for key in ("model", "variant", "seed", "parameters"))
    rest = (record.get(key) for key in ("seconds", "peak_memory", "device", "run"))
    return (record["name"], state, *values, *sums, *rest)


def _unlisted(path: Path, study: bool) -> tuple[Any, ...]:
    """Return the row of a folder that the study does not list, or of one where there is no study yet."""
    folder = RunFolder(path)
    try:
        state = UNFINISHED if not folder.finished else OTHER if study else FINISHED
        said = folder.record() if folder.finished else {}
        spec = files.read_json(path / "run.json") if (path / "run.json").is_file() else {}
        about = {"seed": spec.get("seed"), "variant": spec.get("variant") or None}
        model = spec.get("model", {}).get("settings", {}).get("name")
        record = {**said, "name": path.name, "run": spec.get("id"), "model": model, **about}
        return _row(record, AT_WORK if folder.held else state)
    except (ObverseError, AttributeError, TypeError):
        return (path.name, UNREADABLE, *[None] * (len(SCHEMA) - 2))
