"""Differences between two sets of rows, and how they change over a setting, with seeds as the unit.

Every seed draws its own data and trains its own model, so a seed's difference is one independent
measurement. Branches that go on from one first stage are averaged within their seed: they are nested in
it, and tell nothing about other first stages.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from obverse.stats.clustered import ClusteredMean, clustered_mean

Pair = tuple[pl.DataFrame, pl.DataFrame]


def difference(
    a: pl.DataFrame, b: pl.DataFrame, metric: str, *, shares: bool = False
) -> ClusteredMean | None:
    """Return mean(a) − mean(b) of `metric` over the seeds that have both; None if none has.

    That of two shares lies between −1 and 1, and so does its interval. A metric that is true or false
    has shares; of numbers, such as chances, `shares` says so.
    """
    found = over_seeds(by_seed(a, b, metric), _facts([a, b], metric), _least(a, b, metric))
    return _bounded(found, 1.0) if shares or _true_or_false(a, b, metric) else found


def excess(pair: Pair, control: Pair, metric: str) -> ClusteredMean | None:
    """Return how much the difference in `pair` exceeds that in `control`, over seeds that have both."""
    of_pair, of_control = by_seed(*pair, metric), by_seed(*control, metric)
    values = {seed: of_pair[seed] - of_control[seed] for seed in of_pair if seed in of_control}
    found = over_seeds(values, _facts([*pair, *control], metric), _least(*pair, metric))
    return _bounded(found, 2.0) if _true_or_false(*pair, metric) else found


def slope(pairs: Mapping[float, Pair], metric: str) -> ClusteredMean | None:
    """Return how much mean(a) − mean(b) changes for each unit of x, given `{x: (a, b)}`.

    A line is fitted to each seed's differences by least squares, and the slopes are averaged over seeds.
    None with fewer than two places x, or if no seed was measured at all of them.
    """
    places = {x: by_seed(a, b, metric) for x, (a, b) in pairs.items()}
    seeds = sorted(set.intersection(*(set(values) for values in places.values()))) if places else []
    if len(places) < 2 or not seeds:
        return None
    xs = np.array(list(places))
    slopes = {
        seed: float(np.polyfit(xs, [values[seed] for values in places.values()], 1)[0]) for seed in seeds
    }
    frames = [frame for pair in pairs.values() for frame in pair]
    least = _least(*next(iter(pairs.values())), metric) / (xs.max() - xs.min())
    return over_seeds(slopes, _facts(frames, metric), float(least))


def by_seed(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> dict[int, float]:
    """Return each seed's mean(a) − mean(b), branches averaged within it."""
    first, second = _means(a, metric), _means(b, metric)
    return {seed: first[seed] - second[seed] for seed in first if seed in second}


def over_seeds(values: Mapping[int, float], n_facts: int = 0, least: float = 0.0) -> ClusteredMean | None:
    """Return the mean of one value a seed, with Student's t interval; a single seed has none.

    Args:
        values: one number for each seed.
        n_facts: how many facts they rest on, for the record.
        least: the smallest difference that a seed could show. It is taken for the spread where all
            seeds agree in every digit, since a spread of zero would claim certainty.
    """
    if not values:
        return None
    numbers: Sequence[float] = list(values.values())
    # All rows share one "fact", so that seeds alone are the clusters: se = sd / √n, n − 1 degrees.
    mean = clustered_mean(numbers, ["all"] * len(numbers), list(values))
    if len(numbers) == 1:
        mean = replace(mean, se=math.nan, df=math.nan)
    elif mean.se == 0:
        mean = replace(mean, se=least / math.sqrt(len(numbers)))
    return replace(mean, n_facts=n_facts)


def _true_or_false(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> bool:
    return a.schema[metric] == b.schema[metric] == pl.Boolean


def _bounded(found: ClusteredMean | None, most: float) -> ClusteredMean | None:
    return None if found is None else replace(found, bounds=(-most, most))


def _means(rows: pl.DataFrame, metric: str) -> dict[int, float]:
    known = rows.select("seed", "branch", metric).drop_nulls(metric)
    branches = known.group_by("seed", "branch").agg(pl.col(metric).cast(pl.Float64).mean())
    return dict(branches.group_by("seed").agg(pl.col(metric).mean()).sort("seed").iter_rows())


def _facts(frames: Sequence[pl.DataFrame], metric: str) -> int:
    rows = pl.concat([frame.select("fact", metric) for frame in frames]).drop_nulls(metric)
    return rows["fact"].n_unique()


def _least(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> float:
    """Return by how much one more hit would change a seed's mean: one over its number of rows."""
    rows = min(frame[metric].count() / max(1, frame["seed"].n_unique()) for frame in (a, b))
    return 1 / rows if rows else 0.0
