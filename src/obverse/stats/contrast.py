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
from numpy.typing import NDArray

from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.summary import Bounds

Pair = tuple[pl.DataFrame, pl.DataFrame]


def difference(
    a: pl.DataFrame, b: pl.DataFrame, metric: str, *, bounds: Bounds | None = None
) -> ClusteredMean | None:
    """Return mean(a) − mean(b) of `metric` over the seeds that have both; None if none has.

    Args:
        a, b: a measure's rows.
        metric: a column of numbers, or of true and false, which count as 1 and 0.
        bounds: between which its values lie, (0, 1) for shares; no need to say so of true and false. Two
            shares differ by at most 1, and the interval goes no further.
    """
    found = over_seeds(by_seed(a, b, metric), _facts([a, b], metric), _least(a, b, metric))
    return _within(found, _span((a, b), metric, bounds))


def excess(
    pair: Pair, control: Pair, metric: str, *, bounds: Bounds | None = None
) -> ClusteredMean | None:
    """Return how much the difference in `pair` exceeds that in `control`, over seeds that have both.

    The arguments are those of `difference`.
    """
    of_pair, of_control = by_seed(*pair, metric), by_seed(*control, metric)
    values = {seed: of_pair[seed] - of_control[seed] for seed in of_pair if seed in of_control}
    found = over_seeds(values, _facts([*pair, *control], metric), _least(*pair, metric))
    return _within(found, 2 * _span((*pair, *control), metric, bounds))


def slope(
    pairs: Mapping[float, Pair], metric: str, *, bounds: Bounds | None = None
) -> ClusteredMean | None:
    """Return how much mean(a) − mean(b) changes for each unit of x, given `{x: (a, b)}`.

    A line is fitted to each seed's differences by least squares, and the slopes are averaged over seeds.
    None with fewer than two places x, or if no seed was measured at all of them. The other arguments are
    those of `difference`.
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
    found = over_seeds(slopes, _facts(frames, metric), float(least))
    return _within(found, steepest(xs) * _span(frames, metric, bounds))


def steepest(xs: NDArray[np.float64]) -> float:
    """Return the largest slope over the places x (n,) of a least-squares line through y in [−1, 1].

    The slope is Σ_j w_j y_j with w_j = (x_j − x̄) / Σ (x − x̄)², so at most Σ_j |w_j|.
    """
    apart = xs - xs.mean()
    return float(np.abs(apart).sum() / np.square(apart).sum())


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


def _span(frames: Sequence[pl.DataFrame], metric: str, bounds: Bounds | None) -> float:
    """Return by how much two means of a metric can differ."""
    if bounds is None:
        truths = all(frame.schema[metric] == pl.Boolean for frame in frames)
        bounds = (0.0, 1.0) if truths else (-math.inf, math.inf)
    return bounds[1] - bounds[0]


def _within(found: ClusteredMean | None, most: float) -> ClusteredMean | None:
    """Return an estimate whose interval ends at ±`most`, which rounding may have taken its value past."""
    if found is None or math.isinf(most):
        return found
    return replace(found, value=min(max(found.value, -most), most), bounds=(-most, most))


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
