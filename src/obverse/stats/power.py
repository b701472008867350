"""How many seeds would decide a claim."""

import math

from scipy import stats

from obverse.core.claim import Above, Below, Criterion, Estimate, Within

POWER = 0.9
MOST = 10_000


def seeds_needed(
    estimate: Estimate, criterion: Criterion, alpha: float, power: float = POWER
) -> int | None:
    """Return with how many seeds the claim would hold with probability `power`.

    This assumes that the true value and the spread between seeds are as measured, and that n seeds have
    a standard error of spread / √n. `alpha` is one-sided. None where more seeds would not help, since
    the value does not meet the criterion, or where the spread between seeds is not known.
    """
    if estimate.n_seeds < 2:
        return None
    spread = estimate.se * math.sqrt(estimate.n_seeds)
    if not spread > 0:
        return None
    room = _room(estimate.value, criterion)
    if room <= 0:
        return None
    low, high = 2, MOST
    if _power(room / spread, high, criterion, alpha) < power:
        return None
    while low < high:
        middle = (low + high) // 2
        if _power(room / spread, middle, criterion, alpha) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def _room(value: float, criterion: Criterion) -> float:
    """Return the distance from the value to where the criterion is no longer met."""
    if isinstance(criterion, Above):
        return value - criterion.threshold
    if isinstance(criterion, Below):
        return criterion.threshold - value
    return criterion.margin - abs(value)


def _power(effect: float, n: int, criterion: Criterion, alpha: float) -> float:
    # P(T > t_{1−α, n−1}) for T of a noncentral t distribution with noncentrality effect · √n, `effect`
    # being the distance to the threshold in units of the spread between seeds.
    critical = stats.t.ppf(1 - alpha, n - 1)
    reached = float(stats.nct.sf(critical, n - 1, effect * math.sqrt(n)))
    # Equivalence has two thresholds to pass. If the farther one is failed no more often than the nearer,
    # both are passed with probability 1 − 2 (1 − reached) or more.
    return max(0.0, 2 * reached - 1) if isinstance(criterion, Within) else reached
