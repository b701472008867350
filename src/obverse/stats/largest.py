"""The largest of several means, over seeds: whether a thing is to be found anywhere among many places.

Of many places one is always the largest, and stands out by chance. Two tests that know it:

*somewhere above θ*: each seed's values minus θ get a random sign, the same at all places, as they might
have had if nothing but chance moved them about θ. How often is the largest t over places as large as the
one that was measured (Westfall and Young's maximum statistic; exact for values symmetric about θ, however
dependent places are)?

*nowhere above θ*: each place is tested by itself with Student's t, and the largest p-value counts, since
all have to lie below (an intersection–union test).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]
EXHAUSTIVE = 12  # seeds; with more, signs are drawn
DRAWN = 4096
STEPS = 40  # of a bisection


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest of several places' means; fulfils the Estimate contract.

    Attributes:
        values: one for each seed and place, (seeds, places).
        n_facts: how many facts they rest on, for the record.
        seeds: which they are, for the record.
        lacking: how many places were left out, since some seed lacks them; of these nothing is known, so
            that "nowhere" cannot be shown.
        least: the smallest difference that a seed could show at a place; where all seeds agree in every
            digit, it stands for their spread.
        bounds: between which all means lie, where that is known; they clip the interval.
    """

    values: Numbers
    n_facts: int = 0
    least: float = 0.0
    seeds: tuple[int, ...] = ()
    lacking: int = 0
    bounds: tuple[float, float] | None = None

    @property
    def n_seeds(self) -> int:
        return len(self.values)

    @property
    def value(self) -> float:
        return float(self.values.mean(0).max())

    @property
    def of_seeds(self) -> dict[str, float]:
        """Each seed's value at the place that is largest over all seeds.

        The largest place of a seed by itself would be above almost any threshold by chance.
        """
        place = self.values.mean(0).argmax()
        return {str(seed): float(v) for seed, v in zip(self.seeds, self.values[:, place], strict=False)}

    @property
    def se(self) -> float:
        """The standard error at the largest place, as if it had been the only one."""
        return float(self._errors[self.values.mean(0).argmax()])

    def signs_tell(self, level: float) -> bool:
        """Whether there are seeds enough for all of one sign to be unlikely by chance."""
        return 0.5**self.n_seeds <= (1 - level) / 2

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval whose ends the two tests leave open, each at (1 − level) / 2.

        Fewer than six seeds, of which no signs can be ruled out at 95 %, leave every low value open: the
        lower end is that of the bounds, or NaN without any.
        """
        if self.n_seeds < 2:
            return math.nan, math.nan
        tail = (1 - level) / 2
        ends = self.values.mean(0) + stats.t.ppf(1 - tail, self.n_seeds - 1) * self._errors
        least, most = self.bounds or (math.nan, math.inf)
        high = min(float(ends.max()), most)
        if not self.signs_tell(level):
            return least, high
        above, below = self.value, self.value - 50 * float(self._errors.max()) - 1e-9
        for _ in range(STEPS):
            middle = (above + below) / 2
            above, below = (middle, below) if self.p_greater(middle) > tail else (above, middle)
        return below if math.isnan(least) else max(below, least), high

    def p_greater(self, threshold: float) -> float:
        """Return the p-value for: the mean is above `threshold` at one place or more."""
        if self.n_seeds < 2 or not np.isfinite(self.values).all():
            return math.nan
        shifted = self.values - threshold
        observed = self._largest_t(np.ones((1, self.n_seeds)), shifted)[0]
        return float((self._largest_t(self._signs, shifted) >= observed - 1e-12).mean())

    def p_less(self, threshold: float) -> float:
        """Return the p-value for: the mean is below `threshold` at every place."""
        if self.n_seeds < 2 or self.lacking or not np.isfinite(self.values).all():
            return math.nan
        t = (self.values.mean(0) - threshold) / self._errors
        return float(stats.t.cdf(t, self.n_seeds - 1).max())

    @property
    def _errors(self) -> Numbers:
        """Standard errors of the places' means."""
        if self.n_seeds < 2:
            return np.full(self.values.shape[1], math.nan)
        spread = self.values.std(0, ddof=1)
        return np.asarray(np.maximum(spread, max(self.least, 1e-12)) / math.sqrt(self.n_seeds))

    @cached_property
    def _signs(self) -> Numbers:
        """Signs of the seeds, (draws, seeds): all there are, or some with that of all as they are."""
        n = self.n_seeds
        if n <= EXHAUSTIVE:
            bits = np.arange(2**n)[:, None] >> np.arange(n)
            return np.asarray(1.0 - 2.0 * (bits & 1))
        drawn = np.random.default_rng(n).choice([-1.0, 1.0], size=(DRAWN, n))
        return np.asarray(np.vstack([np.ones((1, n)), drawn]))

    def _largest_t(self, signs: Numbers, shifted: Numbers) -> Numbers:
        n = self.n_seeds
        means = signs @ shifted / n
        variances = (np.square(shifted).sum(0) - n * np.square(means)) / (n - 1)
        errors = np.sqrt(np.maximum(variances, max(self.least, 1e-12) ** 2) / n)
        return np.asarray((means / errors).max(1))


def largest(
    rows: pl.DataFrame,
    column: str,
    by: Sequence[str],
    minus: str | None = None,
    *,
    bounds: tuple[float, float] | None = None,
) -> Largest | None:
    """Return the largest mean of `column` over the places that `by` tells apart, seeds the unit.

    Args:
        rows: a measure's rows, with `fact` and `seed`.
        column: numbers, or true and false.
        by: columns that tell places apart. A place that some seed lacks is left out, and counted.
        minus: a column of baselines, subtracted from `column`.
        bounds: between which what is averaged lies, (-1, 1) for a share minus another.

    Returns:
        None if no place was measured in every seed.
    """
    value = pl.col(column).cast(pl.Float64)
    if minus is not None:
        value = value - pl.col(minus).cast(pl.Float64)
    known = rows.with_columns(value.fill_nan(None).alias("_value")).drop_nulls(["_value", "seed"])
    means = known.group_by(*by, "seed").agg(pl.col("_value").mean(), pl.len().alias("_rows"))
    if means.is_empty():
        return None
    seeds = means["seed"].unique().sort().to_list()
    places = [place for _, place in means.sort(*by).group_by(*by, maintain_order=True)]
    columns = [
        place.sort("seed")["_value"].to_numpy()
        for place in places
        if place["seed"].n_unique() == len(seeds)
    ]
    if not columns:
        return None
    return Largest(
        np.stack(columns, axis=1),
        n_facts=known["fact"].n_unique(),
        least=1 / int(means["_rows"].to_numpy().min()),
        seeds=tuple(seeds),
        lacking=len(places) - len(columns),
        bounds=bounds,
    )
