"""Parent minus child, pair by pair."""

import polars as pl

KEYS = ("model", "seed", "branch", "epoch", "step", "fact", "template")
KEPT = ("order", "frequency", "relatives", "truth")


def paired(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return for each pair of rows that ask for the parent and for the child their `difference`.

    A row for each model, seed, moment, pair and wording; wordings of one number go together. Pairs of
    which only one direction was measured are left out. `parent` and `child` are the two numbers.
    """
    known = rows.drop_nulls(column).with_columns(pl.col(column).cast(pl.Float64))
    parent, child = (known.filter(pl.col("direction") == asked) for asked in ("parent", "child"))
    both = parent.select(*KEYS, *KEPT, pl.col(column).alias("parent")).join(
        child.select(*KEYS, pl.col(column).alias("child")), on=KEYS, nulls_equal=True
    )
    return both.with_columns((pl.col("parent") - pl.col("child")).alias("difference"))
