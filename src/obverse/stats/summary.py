"""Means with intervals for groups of observations."""

from collections.abc import Sequence

import polars as pl

from obverse.stats.clustered import ClusteredMean, clustered_mean

ALSO = ("pattern", "template")  # what items of a grid have in common, where they come from one


def table_mean(
    rows: pl.DataFrame, column: str, bounds: tuple[float, float] | None = None
) -> ClusteredMean:
    """Return the mean of `column`, clustered by fact and seed, and by ALSO where the rows have them."""
    return clustered_mean(
        rows[column].to_numpy(),
        rows["fact"].to_list(),
        rows["seed"].to_list(),
        bounds=bounds,
        also=[rows[c].to_list() for c in ALSO if c in rows.columns and not rows[c].null_count()],
    )


def group_means(
    observations: pl.DataFrame,
    by: Sequence[str],
    metric: str,
    *,
    bounds: tuple[float, float] | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Return one row a group (values lie between `bounds`, if given): the `by` columns, then

    `mean`, `low`, `high` (interval over facts and seeds), `sd` (standard deviation of the means of
    seeds; null with one), `n_facts`, `n_seeds`, `n_missing`. Missing values are left out and counted;
    a group with nothing but missing values has null for a mean.
    """
    rows = []
    for key, group in observations.group_by(by, maintain_order=True):
        known = group.drop_nulls(metric).with_columns(pl.col(metric).cast(pl.Float64))
        row = dict(zip(by, key, strict=True))
        row |= {"n_missing": len(group) - len(known)}
        if known.is_empty():
            rows.append(row | dict.fromkeys(("mean", "low", "high", "sd")) | _counts(0, 0))
            continue
        estimate = table_mean(known, metric, bounds)
        low, high = estimate.interval(level)
        of_seeds = known.group_by("seed").agg(pl.col(metric).mean())[metric]
        row |= {"mean": estimate.value, "low": low, "high": high, "sd": of_seeds.std()}
        rows.append(row | _counts(estimate.n_facts, estimate.n_seeds))
    return pl.DataFrame(rows, infer_schema_length=None)


def _counts(n_facts: int, n_seeds: int) -> dict[str, int]:
    return {"n_facts": n_facts, "n_seeds": n_seeds}
