"""What is read of a study's tables, which may be too large to be read as a whole."""

from collections.abc import Sequence

import polars as pl

from obverse.core.measure import LEADING
from obverse.core.page import Finished
from obverse.core.rows import rows_of, source_of


def n_unique(table: pl.DataFrame, name: str) -> int:
    """Return how many values a column has, a missing one among them."""
    values = source_of(table).select(pl.col(name)).unique()
    return int(values.select(pl.len()).collect(engine="streaming").item())


def those_of(table: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of some groups."""
    return rows_of(
        source_of(table).join(
            groups.lazy(), on=groups.columns, how="semi", nulls_equal=True, maintain_order="left"
        )
    )


def needed(finished: Finished, rows: pl.DataFrame, by: Sequence[str], column: str) -> pl.DataFrame:
    """Return, in memory, those columns of rows that means of one by labels are made of."""
    there = [*finished.study["experiment"]["clusters"], "chance"]
    there = [name for name in there if name in rows.columns]
    return rows.select(list(dict.fromkeys((*by, column, "fact", "seed", *there))))


def narrowed(finished: Finished, table: pl.DataFrame) -> pl.DataFrame:
    """Return a table in memory, without the texts that are no labels: what was asked, and answered."""
    experiment = finished.study["experiment"]
    known = {*LEADING, *experiment["columns"], *experiment["clusters"], *finished.study["grid"]}
    kinds = table.schema.items()
    return table.select([n for n, kind in kinds if n in (*known, "bare_model") or kind != pl.String])
