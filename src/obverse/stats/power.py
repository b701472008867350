"""How many seeds decide a claim: before a study from a declared effect, after it as a range.

The number for the effect that a study happened to see is no promise: such an effect is uncertain itself,
and the number moves with its square. Before a study, declare the smallest effect that would matter; after
it, read the range. And looking again costs level: a claim that is tested at 0.025 after three seeds, and
again after six and after ten if it was undecided, holds wrongly in more than 2.5 % of the cases. Either
the level is divided over the looks (`looks`, `obverse run --looks 3`), or the last look uses fresh seeds
alone.
"""

import math
from collections.abc import Callable

from scipy import stats

from obverse.core.claim import Above, Below, Criterion, Estimate
from obverse.stats.largest import Largest
from obverse.stats.share import Share
from obverse.stats.tests import ALPHA

POWER = 0.9
MOST = 10_000
LARGE = 1000.0  # noncentrality; the limit for larger ones is right to four digits
CONFIDENCE = 0.8  # of the intervals of effect and spread that `seeds_needed` combines


def seeds_for(
    criterion: Criterion,
    effect: float,
    spread: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    claims: int = 1,
    looks: int = 1,
) -> int | None:
    """Return how many seeds show a claim with probability `power`, if the true value is `effect`.

    Args:
        criterion: what is claimed; of `Within` the effect is mostly 0.
        effect: the smallest true value that would matter.
        spread: the standard deviation of the seeds' own values, from a pilot on other seeds.
        alpha: the one-sided level.
        claims: how many primary claims share it; the number is for the worst place among them.
        looks: how often the study is looked at.

    Returns:
        A number of at least 2; None if no 10,000 seeds would do, since the effect does not meet the
        criterion or hardly does.

    Raises:
        ValueError: if the spread is not above 0.
    """
    if not spread > 0:
        raise ValueError(f"spread: expected a number above 0, got {spread}")
    if not criterion.meets(effect):
        return None
    level = alpha / claims / looks
    return _fewest(lambda n: power_of(criterion, effect, spread, n, level), power, 2)


def trainings_for(
    more_than: float = 0.5,
    *,
    truly: float = 1.0,
    alpha: float = ALPHA,
    power: float = POWER,
    claims: int = 1,
    looks: int = 1,
) -> int | None:
    """Return how many seeds show that something comes out in more than a share of all trainings.

    If it comes out in all trainings, n of n show it as soon as more_than^n < alpha: six for one half. One
    training shows nothing of others.

    Args:
        more_than: the share that is to be exceeded, as in `in_most`.
        truly: in what share of trainings it comes out.
        alpha, power, claims, looks: as for `seeds_for`.
    """
    if truly <= more_than:
        return None
    level = alpha / claims / looks

    def reached(n: int) -> float:
        # The fewest hits k with P(X ≥ k | n, more_than) < level, and P(X ≥ k | n, truly).
        k = int(stats.binom.isf(level, n, more_than)) + 1
        while stats.binom.sf(k - 1, n, more_than) >= level:
            k += 1
        return float(stats.binom.sf(k - 1, n, truly))

    # Hits come in whole numbers, so that power does not rise with every seed.
    return next((n for n in range(2, 1000) if reached(n) >= power), None)


def seeds_needed(
    estimate: Estimate, criterion: Criterion, alpha: float, power: float = POWER
) -> tuple[int, int | None] | None:
    """Return with how many seeds an undecided claim would hold with probability `power`: a range.

    Its low end is for the best end of the effect's 80 % interval and the low end of the spread's, its
    high end for the worst of both; None as the high end where the effect may not meet the criterion at
    all. The spread's interval follows from chi-square. n seeds have a variance of spread² / n, and beside
    it what more seeds do not lower: that of the facts or prompts which all of them share. `alpha` is
    one-sided. None where the value as measured does not meet the criterion, where no number of seeds
    would show it, or where the spread between seeds is not known.
    """
    if estimate.n_seeds < 2 or (isinstance(estimate, Largest) and not estimate.signs_tell(CONFIDENCE)):
        return None
    low, high = estimate.interval(CONFIDENCE)
    if isinstance(estimate, Share):
        if not isinstance(criterion, Above):
            return None
        ends = [
            trainings_for(criterion.threshold, truly=end, alpha=alpha, power=power) for end in (high, low)
        ]
    else:
        if not (estimate.se > 0 and criterion.meets(estimate.value)):
            return None
        of_seeds = getattr(estimate, "se_seeds", None)
        of_seeds = estimate.se if of_seeds is None else of_seeds
        fixed = max(0.0, estimate.se**2 - of_seeds**2)
        spread = of_seeds * math.sqrt(estimate.n_seeds)
        # (n − 1) s² / σ² is chi-square with n − 1 degrees of freedom.
        df = estimate.n_seeds - 1
        tail = (1 - CONFIDENCE) / 2
        least, most = (spread * math.sqrt(df / stats.chi2.ppf(q, df)) for q in (1 - tail, tail))
        best, worst = _ends(low, high, criterion)

        def fewest(end: float, s: float) -> int | None:
            if not criterion.meets(end):
                return None
            return _fewest(
                lambda n: _power(criterion, end, math.sqrt(fixed + s**2 / n), n, alpha), power, 2
            )

        ends = [fewest(best, least), fewest(worst, most)]
    return None if ends[0] is None else (ends[0], ends[1])


def _ends(low: float, high: float, criterion: Criterion) -> tuple[float, float]:
    """Return the value of an interval that is easiest to show, and the one that is hardest."""
    if isinstance(criterion, Above):
        return high, low
    if isinstance(criterion, Below):
        return low, high
    return min((low, high, min(max(0.0, low), high)), key=abs), max((low, high), key=abs)


def power_of(criterion: Criterion, value: float, spread: float, n: int, alpha: float) -> float:
    """Return how often n seeds show a claim whose true value and spread these are, at level `alpha`.

    By Student's t over seeds: P(T > t_{1−α, n−1}) for T of a noncentral t distribution with noncentrality
    √n · (distance to the threshold) / spread. `Within` has two thresholds to pass; the power is at least
    1 minus both chances to miss one, and that lower bound is what is returned.
    """
    return _power(criterion, value, spread / math.sqrt(n), n, alpha)


def _power(criterion: Criterion, value: float, se: float, n: int, alpha: float) -> float:
    """Return the power of n seeds whose mean has this standard error, for `power_of`."""
    critical, df = float(stats.t.ppf(1 - alpha, n - 1)), n - 1

    def reached(distance: float) -> float:
        # T = (Z + δ) / √(χ² / df). SciPy has no T for large δ; Z is nothing beside it, which leaves
        # P(T > t) = P(χ² < df (δ / t)²), and 0 below zero. At the threshold itself δ is 0 for any se.
        delta = distance / (se or math.ulp(0.0))
        if abs(delta) < LARGE:
            return float(stats.nct.sf(critical, df, delta))
        ratio = delta / critical
        return float(stats.chi2.cdf(df * ratio * ratio, df)) if delta > 0 else 0.0

    if isinstance(criterion, Above):
        return reached(value - criterion.threshold)
    if isinstance(criterion, Below):
        return reached(criterion.threshold - value)
    return max(0.0, reached(criterion.margin - value) + reached(criterion.margin + value) - 1)


def _fewest(reached: Callable[[int], float], power: float, low: int) -> int | None:
    high = MOST
    if reached(high) < power:
        return None
    while low < high:
        middle = (low + high) // 2
        if reached(middle) >= power:
            high = middle
        else:
            low = middle + 1
    return low
