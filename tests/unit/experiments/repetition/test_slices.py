"""The smallest of several changes, against simulations whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from obverse.experiments.repetition.slices import Weakest
from obverse.stats.clustered import clustered_mean


def weakest(values: np.ndarray) -> Weakest:
    """Return the estimate from values (levels, seeds)."""
    changes = [clustered_mean(v, ["all"] * len(v), range(len(v))) for v in values]
    return Weakest(
        levels=tuple(f"l{i}" for i in range(len(values))), changes=tuple(changes),
        n_facts=len(values), n_seeds=values.shape[1],
    )  # fmt: skip


def test_it_is_the_smallest_with_its_level() -> None:
    found = weakest(np.array([[3.0, 4.0, 5.0], [0.0, 1.0, 2.0], [7.0, 8.0, 9.5]]))
    assert found.level == "l1"
    assert found.value == 1.0
    assert found.se == pytest.approx(1 / math.sqrt(3))
    assert found.p_greater(0) == pytest.approx(stats.t.sf(math.sqrt(3), 2))
    assert found.p_less(3.0) == pytest.approx(3 * stats.t.sf(2 * math.sqrt(3), 2))


def test_p_values_belong_to_the_interval() -> None:
    found = weakest(np.random.default_rng(2).normal(0.3, 0.4, (7, 8)))
    low, high = found.interval()
    assert found.p_greater(low) == pytest.approx(0.025)
    assert found.p_less(high) == pytest.approx(0.025)


def test_unknown_spread_is_no_certainty() -> None:
    one = clustered_mean([1.0], ["a"], [0])
    found = Weakest(levels=("x", "y"), changes=(one, one), n_facts=1, n_seeds=1)
    assert math.isnan(found.p_greater(0))
    assert all(map(math.isnan, found.interval()))


@pytest.mark.parametrize("others", [0.0, 3.0], ids=["all levels at the bound", "one level at the bound"])
def test_error_rates_are_kept(others: float) -> None:
    """Of true changes whose smallest is 0, neither verdict comes more often than it may."""
    draw = np.random.default_rng(5)
    truth = np.array([0.0, *[others] * 6])[:, None]
    seen = [weakest(truth + draw.normal(0, 0.5, (7, 6))) for _ in range(800)]
    holds = np.mean([one.p_greater(0) < 0.025 for one in seen])
    fails = np.mean([one.p_less(0) < 0.025 for one in seen])
    allowed = stats.binom.ppf(0.999, 800, 0.025) / 800
    assert holds <= allowed
    assert fails <= allowed
    covered = np.mean([one.interval()[0] <= 0 <= one.interval()[1] for one in seen])
    assert covered >= 0.93
