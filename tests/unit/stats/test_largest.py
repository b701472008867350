"""The largest of several means: it knows how many there are to choose from."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.stats.largest import Largest, largest


def test_one_place_is_a_sign_flip_test() -> None:
    values = np.array([0.3, 0.1, 0.4, 0.2, 0.5, 0.15, 0.25])
    one = Largest(values[:, None])
    assert one.p_greater(0.0) == pytest.approx(1 / 2**7), "no other signs have as large a t"
    assert one.p_less(0.6) == pytest.approx(stats.ttest_1samp(values, 0.6, alternative="less").pvalue)
    assert one.value == pytest.approx(values.mean())
    assert one.se == pytest.approx(stats.sem(values))
    low, high = one.interval()
    assert one.p_greater(low) == pytest.approx(0.025, abs=0.02)
    assert high == pytest.approx(stats.t.interval(0.95, 6, values.mean(), stats.sem(values))[1])


def test_the_flips_are_scipys() -> None:
    """scipy flips signs as well: of one place, the mean orders flips as t does."""
    values = np.random.default_rng(3).normal(0.3, 1, 9)
    oracle: Any = stats.permutation_test
    found = oracle(
        (values,), np.mean, permutation_type="samples", alternative="greater", n_resamples=math.inf
    )
    assert Largest(values[:, None]).p_greater(0.0) == pytest.approx(found.pvalue)


@pytest.mark.parametrize("places", [1, 30])
@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_chance_is_seldom_taken_for_something(places: int, shared: float) -> None:
    """Among 30 places the largest t is large; its p-value is below 0.05 in one of twenty cases all the
    same.
    """
    draw = np.random.default_rng(7)
    below = []
    for _ in range(400):
        common = draw.normal(size=(10, 1))
        own = draw.normal(size=(10, places))
        values = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
        below.append(Largest(values).p_greater(0.0) < 0.05)
    assert np.mean(below) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert np.mean(below) > 0.015, "the test would never find anything"


def test_one_place_among_many_is_found_and_keeps_absence_from_being_shown() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(0, 0.03, (10, 20))
    assert Largest(values).p_less(0.1) < 0.001
    values[:, 4] += 0.2
    found = Largest(values)
    assert found.p_greater(0.0) < 0.005
    assert found.p_less(0.1) > 0.9
    assert found.value == pytest.approx(values[:, 4].mean())


def test_few_seeds_show_nothing() -> None:
    one = Largest(np.array([[0.4, 0.1]]))
    assert math.isnan(one.p_greater(0.0))
    assert all(map(math.isnan, one.interval()))
    five = Largest(np.full((5, 3), 0.4) + np.arange(5)[:, None] / 100)
    assert five.p_greater(0.0) == pytest.approx(1 / 32)
    assert math.isnan(five.interval()[0])
    assert replace(five, bounds=(-1.0, 1.0)).interval() == (-1.0, five.interval()[1])


def test_intervals_end_at_the_bounds() -> None:
    near = np.array([[0.9, 0.1], [1.0, 0.0], [0.7, 0.2], [1.0, 0.1], [1.0, 0.3], [0.95, 0.0]])
    low, high = Largest(near).interval()
    assert high > 1
    assert Largest(near, bounds=(-1.0, 1.0)).interval() == (low, 1.0)


def test_seeds_that_agree_in_every_digit_are_not_certain() -> None:
    agreed = Largest(np.full((6, 2), 0.02), least=0.1)
    assert agreed.p_less(0.05) > 0.1


def test_of_rows() -> None:
    rows = pl.DataFrame(
        [
            {"seed": seed, "layer": layer, "fact": f"f{fact}", "right": (seed + layer + fact) % 2 == 0,
             "guess": 0.25 * layer}
            for seed in range(4) for layer in range(3) for fact in range(5)
        ]
    )  # fmt: skip
    found = largest(rows, "right", ["layer"], minus="guess")
    assert found is not None
    assert found.values.shape == (4, 3)
    assert found.values[0, 0] == pytest.approx(3 / 5)
    assert found.values[1, 2] == pytest.approx(2 / 5 - 0.5)
    assert (found.n_facts, found.n_seeds, found.least) == (5, 4, 0.2)
    assert largest(rows.filter(seed=9), "right", ["layer"]) is None
    lacking = rows.filter((pl.col("seed") != 2) | (pl.col("layer") != 1))
    some = largest(lacking, "right", ["layer"])
    assert some is not None
    assert some.values.shape == (4, 2), "a place that a seed lacks says nothing"
    assert some.lacking == 1
    assert math.isnan(some.p_less(0.9)), "of that place nothing is known"
    assert math.isfinite(some.p_greater(0.0))


def test_each_seed_is_shown_at_the_place_that_is_largest_over_all() -> None:
    values = np.array([[0.3, 0.0], [0.1, 0.2], [0.3, 0.4]])
    assert Largest(values, seeds=(4, 5, 6)).of_seeds == {"4": 0.3, "5": 0.1, "6": 0.3}


def test_what_is_no_number_shows_nothing() -> None:
    values = np.full((6, 2), 0.3) + np.arange(6)[:, None] / 100
    values[2, 1] = math.nan
    assert math.isnan(Largest(values).p_greater(0.0))
    assert math.isnan(Largest(values).p_less(1.0))
