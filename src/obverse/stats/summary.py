"""Means with intervals, of all rows and of groups of them."""

from collections.abc import Sequence

import polars as pl

from obverse.stats.clustered import ClusteredMean, clustered_mean

Bounds = tuple[float, float]


def mean(
    rows: pl.DataFrame, column: str, *, bounds: Bounds | None = None, clusters: Sequence[str] = ()
) -> ClusteredMean | None:
    """Return the mean of `column` with its interval; missing values are left out.

    Args:
        rows: a measure's rows, with `fact` and `seed`, which the interval is over.
        column: numbers, or true and false, which count as 1 and 0.
        bounds: between which all values lie, (0, 1) for a proportion.
        clusters: labels that rows have in common beside fact and seed. One that `rows` lack, or that
            some rows lack, is passed over.

    Returns:
        None if nothing but missing values is there.
    """
    return _mean(_needed(rows, (column,), clusters), column, bounds, clusters)


def _mean(
    rows: pl.DataFrame, column: str, bounds: Bounds | None, clusters: Sequence[str]
) -> ClusteredMean | None:
    known = rows.drop_nulls(column)
    if known.is_empty():
        return None
    return clustered_mean(
        known[column].cast(pl.Float64).to_numpy(),
        known["fact"],
        known["seed"],
        bounds=bounds,
        also=[known[c] for c in clusters if c in known.columns and not known[c].null_count()],
    )


def _needed(rows: pl.DataFrame, columns: Sequence[str], clusters: Sequence[str]) -> pl.DataFrame:
    """Return what an estimate needs of rows, which may have many more columns."""
    there = [label for label in clusters if label in rows.columns]
    return rows.select(list(dict.fromkeys((*columns, "fact", "seed", *there))))


def group_means(
    rows: pl.DataFrame,
    by: Sequence[str],
    metric: str,
    *,
    bounds: Bounds | None = None,
    clusters: Sequence[str] = (),
    level: float = 0.95,
) -> pl.DataFrame:
    """Return one row for each group of `by`, in the order of their first rows.

    Columns: `by`; `mean`, `low`, `high` (the interval at `level`); `sd`, the standard deviation of the
    seeds' own means (null with one seed); `n_facts`, `n_seeds`, `n_missing`. A group with nothing but
    missing values has nulls for numbers. The other arguments are those of `mean`.
    """
    if not by:
        alone = rows.with_columns(_all=pl.lit(True))
        found = group_means(alone, ("_all",), metric, bounds=bounds, clusters=clusters, level=level)
        return found.drop("_all", strict=False)
    needed = _needed(rows, (*by, metric), clusters)
    of_seed = pl.col(metric).cast(pl.Float64).mean()
    of_seeds = needed.group_by(list(dict.fromkeys((*by, "seed"))), maintain_order=True).agg(of_seed)
    spread = of_seeds.group_by(by, maintain_order=True).agg(pl.col(metric).std())[metric]
    made = []
    for (key, group), sd in zip(needed.group_by(by, maintain_order=True), spread, strict=True):
        estimate = _mean(group, metric, bounds, clusters)
        row = dict(zip(by, key, strict=True)) | {"n_missing": group[metric].null_count()}
        if estimate is None:
            row |= dict.fromkeys(("mean", "low", "high", "sd")) | {"n_facts": 0, "n_seeds": 0}
        else:
            low, high = estimate.interval(level)
            row |= {"mean": estimate.value, "low": low, "high": high, "sd": sd}
            row |= {"n_facts": estimate.n_facts, "n_seeds": estimate.n_seeds}
        made.append(row)
    return pl.DataFrame(made, infer_schema_length=None)
