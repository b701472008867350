"""From a measure's rows to its table."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from obverse.core.data import Label
from obverse.core.errors import ObverseError

POLARS: dict[type[Label], Any] = {
    str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean,
}  # fmt: skip


def to_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a table with every column that any of them has; what a row lacks is null.

    Whole numbers and fractions may stand in one column, which then has fractions.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)


def schema(columns: Mapping[str, type[Label]]) -> pl.Schema:
    """Return declared columns with the types that they have in a table."""
    return pl.Schema({name: POLARS[kind] for name, kind in columns.items()})


def finite(table: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return a table whose numbers are finite, null in place of all others, and how many those were.

    A value that was not measured is null; NaN would pass for a number in every mean.
    """
    columns = [name for name, dtype in table.schema.items() if dtype == pl.Float64]
    bad = sum(int((~table[name].is_finite()).sum()) for name in columns)
    return table.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in columns
    ), bad


def conform(table: pl.DataFrame, columns: Mapping[str, type[Label]], what: str) -> pl.DataFrame:
    """Return a table with exactly `columns`, those that it lacks being null.

    Raises:
        ObverseError: if it has others, or values of another type.
    """
    extra = [name for name in table.columns if name not in columns]
    if extra:
        raise ObverseError(
            f"{what} gives the column {extra[0]!r}, which neither it nor the experiment declares; "
            f"declared are {', '.join(columns)}"
        )
    wanted = schema(columns)
    if table.is_empty():
        return pl.DataFrame(schema=wanted)
    series = []
    for name, dtype in wanted.items():
        if name not in table.columns:
            series.append(pl.lit(None, dtype).alias(name))
            continue
        given = table.schema[name]
        alike = (
            given in (dtype, pl.Null)
            or (dtype == pl.Float64 and given.is_numeric())
            or (dtype == pl.Int64 and given.is_integer())
        )
        if not alike:
            raise ObverseError(f"{what}: the column {name!r} is {given}; expected {dtype}")
        series.append(pl.col(name).cast(dtype))
    # Columns of nulls alone would make one row of an empty table.
    return table.select(series) if table.height else wanted.to_frame()


def means(table: pl.DataFrame, columns: Mapping[str, type[Label]]) -> dict[str, float]:
    """Return the means of those columns that have numbers or truth values; missing ones do not count."""
    named = [name for name, kind in columns.items() if kind is not str and table[name].count()]
    numbers = {name: table[name].cast(pl.Float64).drop_nulls().to_list() for name in named}
    return {name: sum(values) / len(values) for name, values in numbers.items()}
