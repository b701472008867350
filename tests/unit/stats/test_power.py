"""How many seeds would decide a claim, against draws of as many seeds."""

import math
from typing import Literal

import numpy as np
import pytest
from scipy import stats

from obverse.core.claim import Above, Below, Criterion, Within
from obverse.stats.clustered import ClusteredMean
from obverse.stats.power import seeds_needed

DRAWS = 2000


def measured(value: float, spread: float, n_seeds: int = 4) -> ClusteredMean:
    return ClusteredMean(value, spread / math.sqrt(n_seeds), n_seeds - 1, 100, n_seeds, n_seeds)


def share_decided(value: float, spread: float, n: int, criterion: Criterion, alpha: float) -> float:
    """Return how often n seeds show what is claimed, each seed normal around the true value."""
    x = np.random.default_rng(0).normal(value, spread, (DRAWS, n))

    def p(threshold: float, side: Literal["greater", "less"]) -> np.ndarray:
        return np.asarray(stats.ttest_1samp(x, threshold, axis=1, alternative=side).pvalue)

    if isinstance(criterion, Above):
        return float((p(criterion.threshold, "greater") < alpha).mean())
    if isinstance(criterion, Below):
        return float((p(criterion.threshold, "less") < alpha).mean())
    inside = np.maximum(p(-criterion.margin, "greater"), p(criterion.margin, "less"))
    return float((inside < alpha).mean())


@pytest.mark.parametrize(
    ("value", "spread", "criterion", "alpha"),
    [
        (0.05, 0.1, Above(0.0), 0.025),
        (0.05, 0.1, Above(0.0), 0.001),
        (0.2, 0.1, Above(0.1), 0.0025),
        (-0.03, 0.1, Below(0.0), 0.005),
        (0.0, 0.15, Within(0.1), 0.025),
        (0.0, 0.1, Within(0.1), 0.0025),
    ],
)
def test_that_many_seeds_decide_nine_times_in_ten(
    value: float, spread: float, criterion: Criterion, alpha: float
) -> None:
    needed = seeds_needed(measured(value, spread), criterion, alpha)
    assert needed is not None
    assert share_decided(value, spread, needed, criterion, alpha) == pytest.approx(0.91, abs=0.03)
    assert share_decided(value, spread, needed - 1, criterion, alpha) < 0.92


def test_equivalence_of_what_is_not_quite_zero_is_never_promised_too_soon() -> None:
    needed = seeds_needed(measured(0.03, 0.15), Within(0.1), 0.025)
    assert needed is not None
    assert 0.88 < share_decided(0.03, 0.15, needed, Within(0.1), 0.025) < 0.97


def test_value_on_the_wrong_side_is_never_decided() -> None:
    for value, criterion in (
        (-0.05, Above(0.0)), (0.0, Above(0.0)), (0.05, Below(0.0)), (0.2, Within(0.1)),
        (-0.1, Within(0.1)),
    ):  # fmt: skip
        assert seeds_needed(measured(value, 0.1), criterion, 0.025) is None


def test_spread_that_is_not_known_promises_nothing() -> None:
    assert seeds_needed(measured(0.1, math.nan), Above(0.0), 0.025) is None
    assert seeds_needed(measured(0.1, 0.0), Above(0.0), 0.025) is None
    assert seeds_needed(measured(0.1, 0.1, n_seeds=1), Above(0.0), 0.025) is None
    assert seeds_needed(measured(1e-6, 1.0), Above(0.0), 0.025) is None, "more than can be had"


def test_number_does_not_depend_on_how_many_seeds_there_were() -> None:
    few, many = (seeds_needed(measured(0.05, 0.1, n), Above(0.0), 0.025) for n in (3, 300))
    assert few == many


def test_stricter_level_or_higher_power_takes_more() -> None:
    easy = seeds_needed(measured(0.05, 0.1), Above(0.0), 0.025, power=0.5)
    plain = seeds_needed(measured(0.05, 0.1), Above(0.0), 0.025)
    strict = seeds_needed(measured(0.05, 0.1), Above(0.0), 0.001)
    assert easy is not None
    assert plain is not None
    assert strict is not None
    assert easy < plain < strict
