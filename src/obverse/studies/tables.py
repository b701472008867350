"""A study's tables in other formats, and their rows chosen by an expression of SQL."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast, get_args

import polars as pl

from obverse.core.errors import ObverseError
from obverse.store import files
from obverse.studies.result import load

Format = Literal["csv", "parquet", "jsonl"]
FORMATS = get_args(Format)


def chosen(table: pl.LazyFrame, where: str | None, what: str) -> pl.LazyFrame:
    """Return the rows of a table that an expression of SQL is true of: "seed < 3 AND NOT exact_match".

    Raises:
        ObverseError: if it is none, or names a column that the table does not have.
    """
    if where is None:
        return table
    try:
        found = table.filter(pl.sql_expr(where))
        found.head(1).collect()
    except (pl.exceptions.PolarsError, ValueError) as error:
        columns = ", ".join(table.collect_schema().names())
        why = str(error).splitlines()[0].partition("; valid columns")[0]
        raise ObverseError(f"--where {where!r}: {why}; {what} has the columns {columns}") from None
    return found


def export(
    out: Path, to: Path, format: Format, *, measure: str | None = None, where: str | None = None
) -> list[Path]:
    """Write a study's tables, claims and runs to the directory `to`; return the files.

    Rows are read and written in passing, so that memory does not grow with them.

    Args:
        out: the directory of a finished study.
        to: the directory to write to.
        format: of the files.
        measure: whose table is wanted alone.
        where: an expression of SQL that chooses rows of the measures' tables.

    Raises:
        ObverseError: if there is no finished study, no such measure, or a column of `where` is missing.
    """
    files.refuse_no_folder(to)
    result = load(out)
    if measure is not None and measure not in result.tables:
        raise ObverseError(f"--measure {measure}: {out} has {', '.join(result.tables) or 'no tables'}")
    wanted = {
        name: chosen(pl.scan_parquet(out / "observations" / f"{name}.parquet", glob=False), where, name)
        for name in result.tables
        if measure in (None, name)
    }
    if measure is None:
        wanted |= {"claims": _flat(result.claims.to_frame()).lazy(), "runs": result.runs.lazy()}
    written = []
    for name, rows in wanted.items():
        path = to / f"{name}.{format}"
        with files.written_whole(path) as unfinished:
            _sink(rows, unfinished, format)
        written.append(path)
    return written


def write(tables: Sequence[pl.DataFrame], path: Path) -> None:
    """Write tables of the same columns to a file, in the format that its name ends in.

    Raises:
        ObverseError: if it ends otherwise, or cannot be written.
    """
    format = path.suffix.removeprefix(".")
    if format not in FORMATS:
        raise ObverseError(f"--out {path}: expected a file that ends in .{', .'.join(FORMATS)}")
    with files.written_whole(path) as unfinished:
        _sink(pl.concat(tables).lazy(), unfinished, cast(Format, format))


def _sink(rows: pl.LazyFrame, path: Path, format: Format) -> None:
    if format == "csv":
        rows.sink_csv(path)
    elif format == "jsonl":
        rows.sink_ndjson(path)
    else:
        rows.sink_parquet(path)


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose cells a CSV file can hold: what is nested is written as JSON."""
    nested = [name for name, kind in table.schema.items() if kind.is_nested()]
    return table.with_columns(pl.col(name).map_elements(_json, return_dtype=pl.String) for name in nested)


def _json(value: object) -> str:
    return json.dumps(value if not isinstance(value, pl.Series) else value.to_list())
