"""Means of clustered rows, with intervals over facts and seeds.

Rows are not independent: a fact is asked about in several prompts, and every fact of a seed is answered
by one trained model. The variance of a mean is estimated by leaving out one fact, and one seed, at a
time (delete-one jackknife), and the two are combined as for multi-way clustered data (Cameron, Gelbach
and Miller 2011), which covers facts shared by all seeds and facts drawn anew for each. Degrees of
freedom follow Satterthwaite, so that three seeds are treated as three.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """A mean with its standard error; fulfils the Estimate contract.

    Where all values are the same and lie within known bounds, the error is what one more fact could
    change: that nothing was seen to differ does not make certain, least of all with few facts.

    `se` is NaN where the data cannot tell (a single fact). `bounds` clip the interval; for a proportion,
    (0, 1), it is also at least as wide as the Jeffreys interval with facts as the trials: near 0 and 1
    the spread of what was seen says too little, and no hit at all does not make certain.
    """

    value: float
    se: float
    df: float
    n_facts: int
    n_seeds: int
    n_rows: int
    bounds: tuple[float, float] | None = None

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval at `level`."""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.se if self.se else 0.0
        low, high = self.value - half, self.value + half
        if self.bounds is not None:
            low, high = max(low, self.bounds[0]), min(high, self.bounds[1])
        if self.bounds == (0.0, 1.0) and self.n_facts > 1:
            binomial = stats.beta.interval(level, *self._jeffreys())
            low = min(low, float(binomial[0])) if self.value > 0 else 0.0
            high = max(high, float(binomial[1])) if self.value < 1 else 1.0
        return low, high

    def p_greater(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true mean is above `threshold`."""
        return self._p(self.value - threshold, lambda beta: beta.cdf(threshold))

    def p_less(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true mean is below `threshold`."""
        return self._p(threshold - self.value, lambda beta: beta.sf(threshold))

    def _p(self, distance: float, tail: Callable[[Any], float]) -> float:
        if math.isnan(self.se):
            return math.nan
        if self.se > 0:
            p = float(stats.t.sf(distance / self.se, self.df))
        else:
            p = 0.0 if distance > 0 else 1.0
        if self.bounds == (0.0, 1.0):
            p = max(p, float(tail(stats.beta(*self._jeffreys()))))
        return p

    def _jeffreys(self) -> tuple[float, float]:
        hits = self.value * self.n_facts
        return hits + 0.5, self.n_facts - hits + 0.5


def clustered_mean(
    values: Sequence[float] | NDArray[np.float64],
    facts: Sequence[Hashable],
    seeds: Sequence[Hashable],
    bounds: tuple[float, float] | None = None,
    also: Sequence[Sequence[Hashable]] = (),
) -> ClusteredMean:
    """Return the mean of `values` (n,) with rows clustered by `facts` (n,) and `seeds` (n,).

    `also` holds further labels (n,) that rows have in common (pattern and template of an item). A
    label that all rows share, such as a single seed, says nothing and is passed over.

    Raises:
        ValueError: if there are no values, one is missing, or the lengths differ.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0:
        raise ValueError("no values to average")
    if not len(x) == len(facts) == len(seeds):
        raise ValueError(f"{len(x)} values, {len(facts)} facts, {len(seeds)} seeds")
    if np.isnan(x).any():
        raise ValueError("a value is missing; leave its row out and say so")
    ways = [_codes(labels) for labels in (facts, seeds, *also)]
    n_facts, n_seeds = (int(way.max()) + 1 for way in ways[:2])
    variance, df = _clustered_variance(x, [way for way in ways if way.max() > 0])
    se = math.sqrt(variance) if not math.isnan(variance) else math.nan
    if se < 1e-12 * max(1.0, abs(float(x.mean()))):
        se = 0.0  # rounding of a constant
    if se == 0 and n_facts > 1 and bounds is not None and bounds != (0.0, 1.0):
        span = bounds[1] - bounds[0]
        se = span / 2 / n_facts if math.isfinite(span) else 0.0
    return ClusteredMean(float(x.mean()), se, df, n_facts, n_seeds, len(x), bounds)


def _clustered_variance(x: NDArray[np.float64], ways: list[NDArray[np.intp]]) -> tuple[float, float]:
    """Return the variance of the mean over several ways of clustering, and its degrees of freedom."""
    if not ways:
        return math.nan, math.nan
    single = [_jackknife_variance(x, way) for way in ways]
    total = sum(single)
    for size in range(2, len(ways) + 1):
        for some in combinations(ways, size):
            common = _codes(list(zip(*(way.tolist() for way in some), strict=True)))
            total += (-1) ** (size + 1) * _jackknife_variance(x, common)
    variance = max(total, *single)
    groups = [int(way.max()) + 1 for way in ways]
    spread = sum(v**2 / (g - 1) for v, g in zip(single, groups, strict=True))
    df = variance**2 / spread if spread > 0 else max(groups) - 1.0
    # Satterthwaite's ratio may fall below what the scarcest label alone would give.
    return variance, max(df, min(groups) - 1.0)


def _codes(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    index: dict[Hashable, int] = {}
    return np.array([index.setdefault(label, len(index)) for label in labels], dtype=np.intp)


def _jackknife_variance(x: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """Return the delete-one-group jackknife variance of the mean; NaN for a single group."""
    sums, counts = np.bincount(group, weights=x), np.bincount(group)
    groups = len(counts)
    if groups < 2:
        return math.nan
    without = (x.sum() - sums) / (len(x) - counts)
    return float((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
