"""Means of clustered rows, with intervals over facts and seeds.

Rows are not independent: a fact is asked about in several prompts, and one trained model answers for all
facts of a seed. The standard error of a mean therefore comes from leaving out one fact, and one seed, at
a time (delete-one jackknife). The two are combined as for data with several ways of clustering (Cameron,
Gelbach and Miller 2011), which is right for facts that all seeds share and for facts that each seed
draws anew. Where each fact belongs to one seed, facts say nothing that seeds do not, and what is left is
Student's t over seeds, which is exact for normal seeds.

With facts that all seeds share, the degrees of freedom follow Satterthwaite. They would jump wherever
the spread between few seeds comes out small by chance: with 40 facts and 3 seeds, 3.8 % of true nulls
were rejected at 2.5 % and 1.1 % at 0.25 %. So intervals are at least as wide, and p-values at least as
large, as those of Student's t over each way of clustering alone (2.7 % and 0.22 % then).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from obverse.stats.codes import Labels, codes, common, lies_within


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """A mean with its standard error; fulfils the Estimate contract.

    Values that are all the same have no spread, and yet more facts might differ. So the standard error of
    such values, if they lie between known bounds, is what one more fact could change. Of a proportion,
    with bounds (0, 1), the spread that was seen is too small near 0 and 1, and skewed: its interval is at
    least as wide as that of Korn and Graubard (1998), Clopper and Pearson's for as many trials as the
    clustered answers are worth.

    Attributes:
        value: the mean.
        se: its standard error; NaN where the data cannot tell (a single fact).
        df: degrees of freedom of the t distribution.
        n_facts, n_seeds, n_rows: how many there are.
        bounds: between which values lie; they clip the interval.
        n_models: over how many models of a trend the number speaks; 1 if it is none.
        also: further standard errors with their degrees of freedom, each of one way of clustering alone;
            the widest interval and the largest p-value count.
        se_seeds: the standard error that seeds alone give, which more of them would lower; None where
            it is not known.
    """

    value: float
    se: float
    df: float
    n_facts: int
    n_seeds: int
    n_rows: int
    bounds: tuple[float, float] | None = None
    n_models: int = 1
    also: tuple[tuple[float, float], ...] = ()
    se_seeds: float | None = None

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval at `level`."""
        # value ± t_{(1 + level) / 2, df} · se
        half = max(float(stats.t.ppf(0.5 + level / 2, df)) * se if se else 0.0 for se, df in self._ways())
        low, high = self.value - half, self.value + half
        if self.bounds is not None:
            low, high = max(low, self.bounds[0]), min(high, self.bounds[1])
        if self._is_proportion():
            first, last = self._exact(level)
            low, high = min(low, first), max(high, last)
        return low, high

    def p_greater(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true mean is above `threshold`."""
        return self._p(self.value - threshold, lambda low, high: low <= threshold)

    def p_less(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true mean is below `threshold`."""
        return self._p(threshold - self.value, lambda low, high: threshold <= high)

    def _p(self, distance: float, allowed: Callable[[float, float], bool]) -> float:
        """Return the p-value of lying `distance` on the claim's side of a threshold.

        `allowed` says whether an interval leaves room for the threshold.
        """
        if math.isnan(self.se):
            return math.nan
        if self.se > 0:
            p = max(float(stats.t.sf(distance / se, df)) for se, df in self._ways() if se > 0)
        else:
            p = 0.0 if distance > 0 else 1.0
        # The larger of both p-values, as the interval is the wider of both intervals.
        return max(p, self._exact_p(allowed)) if self._is_proportion() else p

    def _exact_p(self, allowed: Callable[[float, float], bool]) -> float:
        """Return the smallest level at which the exact interval has no room for a threshold."""
        low, high = 0.0, 0.5
        if allowed(*self._exact(0.0)):
            return 1.0
        for _ in range(30):
            middle = (low + high) / 2
            if allowed(*self._exact(1 - 2 * middle)):
                low = middle
            else:
                high = middle
        return high

    def _is_proportion(self) -> bool:
        return self.bounds == (0.0, 1.0) and self._drawn() > 1

    def _drawn(self) -> int:
        """Return how many facts were drawn, or seeds, if a single fact was asked of several."""
        return self.n_facts if self.n_facts > 1 else self.n_seeds

    def _exact(self, level: float) -> tuple[float, float]:
        """Return the interval of Korn and Graubard (1998).

        With n facts and a variance V over clusters, the answers are worth n* = p (1 − p) / V of them, at
        most n. Few clusters make V uncertain, for which n* is multiplied by (t_{n − 1} / t_df)², the t
        quantiles at `level` and df the fewest degrees of freedom of V. Then comes Clopper and Pearson's
        interval of p n* hits in n*.
        """
        tail = max((1 - level) / 2, 1e-12)
        worth = float(self._drawn())
        if self.se > 0 and 0 < self.value < 1:
            worth = min(worth, self.value * (1 - self.value) / self.se**2)
        df = min(df for _, df in self._ways())
        if tail < 0.5 and df < self._drawn() - 1:
            worth *= float(special.stdtrit(self._drawn() - 1, tail) / special.stdtrit(df, tail)) ** 2
        hits, misses = self.value * worth, (1 - self.value) * worth
        low = float(special.betaincinv(hits, misses + 1, tail)) if hits > 0 else 0.0
        high = float(special.betainccinv(hits + 1, misses, tail)) if misses > 0 else 1.0
        return low, high

    def _ways(self) -> tuple[tuple[float, float], ...]:
        return (self.se, self.df), *self.also


def clustered_mean(
    values: Sequence[float] | NDArray[np.float64],
    facts: Labels,
    seeds: Labels,
    bounds: tuple[float, float] | None = None,
    also: Sequence[Labels] = (),
) -> ClusteredMean:
    """Return the mean of `values` (n,) with rows clustered by `facts` (n,) and `seeds` (n,).

    Args:
        bounds: between which all values lie, (0, 1) for a proportion.
        also: further labels (n,) that rows have in common, such as the wording of a prompt. A label
            that all rows share, such as a single seed, says nothing of the spread and is passed over.

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
    ways = [codes(labels) for labels in (facts, seeds, *also)]
    n_facts, n_seeds = (int(way.max()) + 1 for way in ways[:2])
    variance, df, alone = _clustered_variance(x, _telling([way for way in ways if way.max() > 0]))
    se = math.sqrt(variance) if not math.isnan(variance) else math.nan
    if se < 1e-12 * max(1.0, abs(float(x.mean()))):
        se, alone = 0.0, ()  # rounding of a constant
    known = n_seeds > 1 and se > 0
    drawn = n_facts if n_facts > 1 else n_seeds
    if se == 0 and drawn > 1 and bounds is not None and bounds != (0.0, 1.0):
        # One more fact, half the range off, moves the mean of n by about (range / 2) / n.
        span = bounds[1] - bounds[0]
        se = span / 2 / drawn if math.isfinite(span) else 0.0
    return ClusteredMean(
        float(x.mean()), se, df, n_facts, n_seeds, len(x), bounds, also=alone,
        se_seeds=math.sqrt(_jackknife_variance(x, ways[1])) if known else None,
    )  # fmt: skip


def _telling(ways: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Leave out ways whose groups each lie within one group of another way, which says all they say."""
    kept = ways
    for way in ways:
        if any(lies_within(way, b) for b in kept if b is not way):
            kept = [b for b in kept if b is not way]
    return kept


def _clustered_variance(
    x: NDArray[np.float64], ways: list[NDArray[np.intp]]
) -> tuple[float, float, tuple[tuple[float, float], ...]]:
    """Return the variance of the mean over several ways of clustering, its degrees of freedom, and the
    standard error with its own degrees of freedom of each way that has fewer.

    With V_A the jackknife variance over the groups of way A, and V_AB over the groups that agree in A and
    B, inclusion and exclusion gives

        V = Σ_A V_A − Σ_AB V_AB + Σ_ABC V_ABC − …

    since what two ways have in common is counted twice in the first sum. A difference of estimates can
    come out too small, even below zero, so V is at least the largest V_A. Satterthwaite's degrees of
    freedom are V² / Σ_A V_A² / (g_A − 1), with g_A the number of groups.
    """
    if not ways:
        return math.nan, math.nan, ()
    single = [_jackknife_variance(x, way) for way in ways]
    total = sum(single)
    for size in range(2, len(ways) + 1):
        for some in combinations(ways, size):
            total += (-1) ** (size + 1) * _jackknife_variance(x, reduce(common, some))
    variance = max(total, *single)
    groups = [int(way.max()) + 1 for way in ways]
    spread = sum(v**2 / (g - 1) for v, g in zip(single, groups, strict=True))
    # Satterthwaite's ratio may fall below what the scarcest label alone would give; a constant has none.
    fewest = min(groups) - 1.0
    df = max(variance**2 / spread, fewest) if spread > 0 else fewest
    alone = ((math.sqrt(v), g - 1.0) for v, g in zip(single, groups, strict=True) if g - 1 < df)
    return variance, df, tuple(alone)


def _jackknife_variance(x: NDArray[np.float64], group: NDArray[np.intp]) -> float:
    """Return the delete-one-group jackknife variance of the mean; NaN for a single group.

    With m_i the mean of all rows but those of group i, and g groups, (g − 1) / g · Σ_i (m_i − m̄)².
    Groups of one row each give the usual s² / n.
    """
    sums, counts = np.bincount(group, weights=x), np.bincount(group)
    groups = len(counts)
    if groups < 2:
        return math.nan
    without = (x.sum() - sums) / (len(x) - counts)
    return float((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
