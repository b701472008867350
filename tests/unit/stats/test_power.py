"""How many seeds decide a claim, against draws of as many seeds."""

import math
from typing import Literal

import numpy as np
import pytest
from scipy import stats

from obverse.core.claim import Above, Below, Criterion, Within
from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.largest import Largest
from obverse.stats.power import power_of, seeds_for, seeds_needed, trainings_for
from obverse.stats.share import Share

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
        (0.03, 0.15, Within(0.1), 0.025),
    ],
)
def test_that_many_seeds_decide_nine_times_in_ten(
    value: float, spread: float, criterion: Criterion, alpha: float
) -> None:
    needed = seeds_for(criterion, value, spread, alpha=alpha)
    assert needed is not None
    assert share_decided(value, spread, needed, criterion, alpha) == pytest.approx(0.91, abs=0.03)
    assert share_decided(value, spread, needed - 1, criterion, alpha) < 0.92


@pytest.mark.parametrize("spread", [1e-9, 1e-12, 1e-100, 1e-300, 5e-324])
def test_seeds_that_hardly_differ_are_few(spread: float) -> None:
    """SciPy's noncentral t is NaN there, and it was 10,000 seeds, or a division by zero."""
    for criterion in (Above(0.0), Below(0.2), Within(0.2)):
        assert seeds_for(criterion, 0.1, spread) == 2
    assert power_of(Above(0.2), 0.1, spread, 5, 0.025) == 0
    assert power_of(Above(0.1), 0.1, spread, 5, 0.025) == pytest.approx(0.025), "at the threshold"


@pytest.mark.parametrize(("n", "alpha"), [(2, 1e-5), (3, 1e-7)])
def test_power_goes_on_where_the_noncentral_t_ends(n: int, alpha: float) -> None:
    below, above = (power_of(Above(0.0), delta, n**0.5, n, alpha) for delta in (999.999, 1000.001))
    assert 0.01 < below < 0.99
    assert above == pytest.approx(below, rel=1e-3)


def test_power_of_the_number_before_is_too_low() -> None:
    needed = seeds_for(Above(0.0), 0.1, 0.15)
    assert needed is not None
    assert power_of(Above(0.0), 0.1, 0.15, needed - 1, 0.025) < 0.9
    assert power_of(Above(0.0), 0.1, 0.15, needed, 0.025) >= 0.9


@pytest.mark.parametrize(
    ("value", "criterion"),
    [
        (-0.05, Above(0.0)), (0.0, Above(0.0)), (0.05, Below(0.0)), (0.2, Within(0.1)),
        (-0.1, Within(0.1)), (1e-6, Above(0.0)),
    ],
)  # fmt: skip
def test_what_does_not_meet_the_criterion_or_hardly_does_is_never_shown(
    value: float, criterion: Criterion
) -> None:
    assert seeds_for(criterion, value, 0.1) is None


def test_claims_and_looks_take_more_seeds() -> None:
    one = seeds_for(Above(0.0), 0.1, 0.15)
    assert one == 26
    assert seeds_for(Above(0.0), 0.1, 0.15, claims=6) == seeds_for(Above(0.0), 0.1, 0.15, alpha=0.025 / 6)
    looks = seeds_for(Above(0.0), 0.1, 0.15, claims=2, looks=3)
    assert looks == seeds_for(Above(0.0), 0.1, 0.15, claims=6)
    assert looks is not None
    assert looks > one
    with pytest.raises(ValueError, match="spread"):
        seeds_for(Above(0.0), 0.1, 0.0)


@pytest.mark.parametrize(
    ("more_than", "claims", "needed"), [(0.5, 1, 6), (0.5, 8, 9), (2 / 3, 1, 10), (0.9, 1, 36)]
)
def test_absence_in_all_trainings_takes_so_many(more_than: float, claims: int, needed: int) -> None:
    """n of n show more than a share s as soon as s^n is below the level."""
    assert trainings_for(more_than, claims=claims) == needed
    assert more_than**needed < 0.025 / claims <= more_than ** (needed - 1)


def test_trainings_that_do_not_all_agree_take_more() -> None:
    n = trainings_for(0.5, truly=0.9)
    assert n is not None
    hits = np.random.default_rng(0).binomial(n, 0.9, 4000)
    shown = np.array([stats.binomtest(k, n, 0.5, alternative="greater").pvalue < 0.025 for k in hits])
    assert 0.88 < shown.mean() < 0.98
    assert n > 6
    assert trainings_for(0.5, truly=0.5) is None


def test_after_a_study_the_number_is_a_range() -> None:
    found = seeds_needed(measured(0.05, 0.1, 6), Above(0.0), 0.025)
    assert found is not None
    low, high = found
    for_estimate = seeds_for(Above(0.0), 0.05, 0.1)
    assert for_estimate is not None
    assert low < for_estimate
    assert high is None, "with 80 % confidence the effect may be none"
    low, high = seeds_needed(measured(0.05, 0.05, 10), Above(0.0), 0.001) or (0, 0)
    assert high is not None
    assert low < (seeds_for(Above(0.0), 0.05, 0.05, alpha=0.001) or 0) < high


def test_range_covers_the_true_number_mostly() -> None:
    """True effect 0.1, spread 0.15: 26 seeds. Both intervals have 80 %, so that both ends err rarely."""
    draw = np.random.default_rng(1)
    inside = []
    for _ in range(300):
        x = draw.normal(0.1, 0.15, 5)
        found = seeds_needed(measured(float(x.mean()), float(x.std(ddof=1)), 5), Above(0.0), 0.025)
        inside.append(found is not None and found[0] <= 26 and (found[1] is None or found[1] >= 26))
    assert np.mean(inside) > 0.85


@pytest.mark.parametrize(
    ("value", "criterion"), [(-0.5, Above(0.0)), (0.5, Below(0.0)), (0.5, Within(0.1))]
)
def test_value_clearly_on_the_wrong_side_promises_nothing(value: float, criterion: Criterion) -> None:
    assert seeds_needed(measured(value, 0.1), criterion, 0.025) is None


def test_equivalence_range_is_for_the_nearest_and_the_farthest_value() -> None:
    found = seeds_needed(measured(0.02, 0.1, 6), Within(0.1), 0.025)
    assert found is not None
    assert found[0] <= (seeds_for(Within(0.1), 0.0, 0.1) or 0)
    assert found[1] is None or found[1] > found[0]


def test_spread_that_is_not_known_promises_nothing() -> None:
    assert seeds_needed(measured(0.1, math.nan), Above(0.0), 0.025) is None
    assert seeds_needed(measured(0.1, 0.0), Above(0.0), 0.025) is None
    assert seeds_needed(measured(0.1, 0.1, n_seeds=1), Above(0.0), 0.025) is None


def test_share_of_trainings_needs_as_many_as_are_counted() -> None:
    assert seeds_needed(Share(3, 3), Above(0.5), 0.025) == (6, None)
    assert seeds_needed(Share(2, 4), Above(0.5), 0.025) is not None
    assert seeds_needed(Share(0, 6), Above(0.5), 0.025) is None


@pytest.mark.parametrize("prompts", [False, True])
def test_more_seeds_do_not_promise_what_shared_facts_and_prompts_withhold(prompts: bool) -> None:
    """Facts (or prompts) differ by 1, seeds by 0.1; an effect of 0.3 is lost among thirty facts."""
    draw = np.random.default_rng(5)
    shape = (3, 30)
    for _ in range(20):
        values = 0.3 + draw.normal(0, 1, 30) + draw.normal(0, 0.1, (3, 1)) + draw.normal(0, 0.1, shape)
        seed, fact = (axis.ravel().tolist() for axis in np.indices(shape))
        facts = list(range(90)) if prompts else fact
        found = clustered_mean(values.ravel(), facts, seed, also=[fact] if prompts else [])
        if found.p_greater(0.0) < 0.025:
            continue
        needed = seeds_needed(found, Above(0.0), 0.025)
        assert needed is None or needed[1] is None, "no number of seeds shows it"


@pytest.mark.parametrize("bounds", [None, (-1.0, 1.0)])
def test_largest_place_of_too_few_seeds_promises_nothing(bounds: tuple[float, float] | None) -> None:
    """The low end of its interval is the bound alone, which nobody has measured."""
    values = np.random.default_rng(101).normal(0, 0.08, (3, 8))
    assert seeds_needed(Largest(values, bounds=bounds), Below(0.05), 0.025) is None
