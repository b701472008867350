"""Rows of a table that is too large to be read as a whole, as DataFrames for claims and pages."""

from collections.abc import Sequence
from typing import Any

import polars as pl

Table = pl.DataFrame | pl.LazyFrame
LARGE = 2**17  # rows; of more, only those columns are read that are needed


def rows_of(source: pl.LazyFrame) -> pl.DataFrame:
    """Return the rows of what reads them: many as `Rows`, few in memory."""
    rows = Rows(source)
    return rows if len(rows) > LARGE else _read(source)


def _read(source: pl.LazyFrame) -> pl.DataFrame:
    # In one piece, lest the last bit of a sum depend on how many threads have read it.
    return source.collect(engine="streaming").rechunk()


def distinct(rows: pl.LazyFrame, columns: Sequence[str], *, last: bool = False) -> pl.DataFrame:
    """Return the combinations of columns' values, in the order in which they first come, or last.

    Rows are read in passing, so that memory does not grow with them (`unique` keeps all where it is to
    keep their order).
    """
    numbered = rows.select(columns).with_row_index("number of the row")
    number = pl.col("number of the row")
    found = numbered.group_by(columns).agg(number.max() if last else number.min())
    return found.collect(engine="streaming").sort("number of the row").drop("number of the row")


def source_of(rows: pl.DataFrame) -> pl.LazyFrame:
    """Return what reads rows, or has them in memory."""
    return rows.source if isinstance(rows, Rows) else rows.lazy()


class Rows(pl.DataFrame):
    """A DataFrame that reads, of a table on disk, what somebody asks for.

    `filter` and `drop_nulls` read nothing yet, `select` and a single column what they name. All else
    that a DataFrame can do reads all columns of the rows, which are kept from then on.
    """

    def __init__(self, source: pl.LazyFrame) -> None:
        self.source = source
        self._kept: Any = None

    @property
    def _df(self) -> Any:  # where polars looks for a DataFrame's columns
        if self._kept is None:
            self._df = _read(self.source)._df
        return self._kept

    @_df.setter
    def _df(self, columns: Any) -> None:
        self._kept, self.source = columns, pl.DataFrame._from_pydf(columns).lazy()

    def filter(self, *predicates: Any, **constraints: Any) -> "Rows":
        return self._checked(self.source.filter(*predicates, **constraints))

    def drop_nulls(self, subset: Any = None) -> "Rows":
        return self._checked(self.source.drop_nulls(subset))

    def _checked(self, source: pl.LazyFrame) -> "Rows":
        source.collect_schema()  # a column that is not there is refused at once
        return Rows(source)

    def select(self, *exprs: Any, **named_exprs: Any) -> pl.DataFrame:
        return _read(self.source.select(*exprs, **named_exprs))

    def __getitem__(self, key: Any) -> Any:
        return self.select(key).to_series() if isinstance(key, str) else super().__getitem__(key)

    @property
    def schema(self) -> pl.Schema:
        return self.source.collect_schema()

    @property  # type: ignore[misc]
    def columns(self) -> list[str]:
        return self.schema.names()

    @property
    def height(self) -> int:
        return int(self.select(pl.len()).item())

    def __len__(self) -> int:
        return self.height

    def is_empty(self) -> bool:
        return self.height == 0
