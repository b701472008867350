"""Differences between sets of rows with seeds as the unit."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.measure import LEADING
from obverse.stats.contrast import by_seed, difference, excess, over_seeds, slope


def rows(values: dict[tuple[int, int], list[Any]], metric: str = "exact_match") -> pl.DataFrame:
    """Return observations, given `{(seed, branch): values}`."""
    return pl.DataFrame(
        [
            {"seed": seed, "branch": branch, "fact": f"f{i}", metric: value}
            for (seed, branch), some in values.items()
            for i, value in enumerate(some)
        ],
        schema=LEADING | {"exact_match": bool, "logprob": float},
    )


A = rows({(0, 0): [True, True], (1, 0): [True, False], (2, 0): [True, True], (3, 0): [True, True]})
B = rows({(0, 0): [True, False], (1, 0): [False, False], (2, 0): [False, False], (4, 0): [True]})


def test_difference_is_that_of_the_seeds_that_have_both() -> None:
    assert by_seed(A, B, "exact_match") == {0: 0.5, 1: 0.5, 2: 1.0}
    found = difference(A, B, "exact_match")
    assert found is not None
    expected = stats.ttest_1samp([0.5, 0.5, 1.0], 0)
    assert found.value == pytest.approx(2 / 3)
    assert (found.n_seeds, found.df) == (3, 2)
    low, high = expected.confidence_interval(0.95)
    assert high > 1
    assert found.interval() == pytest.approx((low, 1.0)), "shares do not differ by more than 1"
    assert found.p_greater(0) == pytest.approx(expected.pvalue / 2)


def test_no_interval_of_shares_reaches_beyond_what_they_can_differ_by() -> None:
    far = rows({(0, 0): [True, True], (1, 0): [False, False]})
    assert (found := difference(far, B, "exact_match", bounds=(0, 1))) is not None
    assert found.interval() == (-1.0, 1.0)
    one, other = (frame.with_columns(pl.col("exact_match").cast(float)) for frame in (far, B))
    assert (found := difference(one, other, "exact_match")) is not None
    assert found.interval()[1] > 1, "of numbers nobody knows that they are shares"
    assert (found := excess((far, B), (B, far), "exact_match")) is not None
    assert found.interval() == (-2.0, 2.0)
    assert (found := difference(one, other, "exact_match", bounds=(-1, 1))) is not None
    assert found.interval()[1] == 2.0
    assert (found := slope({0.0: (far, B), 1.0: (B, far)}, "exact_match")) is not None
    assert found.interval() == (-2.0, 2.0), "from a difference of 1 at x = 0 to one of −1 at x = 1"


def test_cutting_intervals_at_what_is_possible_changes_no_coverage() -> None:
    draw, true, n = np.random.default_rng(0), 0.75, 300  # of shares 0.9 and 0.15
    covered, beyond = [], 0
    for _ in range(n):
        first, second = (
            rows({(s, 0): [bool(hit) for hit in draw.random(8) < share] for s in range(3)})
            for share in (0.9, 0.15)
        )
        found = difference(first, second, "exact_match")
        assert found is not None
        low, high = found.interval()
        wide_low, wide_high = replace(found, bounds=None).interval()
        beyond += wide_high > 1
        covered.append((low <= true <= high, wide_low <= true <= wide_high))
    assert beyond > n / 4, "the cases in which something is cut"
    assert all(cut == whole for cut, whole in covered)
    assert sum(cut for cut, _ in covered) / n > 0.93


def test_branches_are_averaged_within_their_seed() -> None:
    """Ten second stages of two first stages are two measurements, however many rows each has."""
    one = rows({(s, b): [True] * (b + 1) + [False] * b for s in (0, 1) for b in range(5)})
    none = rows({(s, b): [s == 1] for s in (0, 1) for b in range(5)})
    found = difference(one, none, "exact_match")
    assert found is not None
    assert found.n_seeds == 2
    mean = sum((b + 1) / (2 * b + 1) for b in range(5)) / 5
    assert by_seed(one, none, "exact_match") == pytest.approx({0: mean, 1: mean - 1})


def test_one_seed_has_a_value_and_no_interval() -> None:
    found = difference(A.filter(seed=0), B, "exact_match")
    assert found is not None
    assert (found.value, found.n_seeds) == (0.5, 1)
    assert math.isnan(found.se)
    assert all(map(math.isnan, found.interval()))


def test_nothing_measured_is_nothing_and_missing_values_are_left_out() -> None:
    assert difference(A, B.filter(seed=9), "exact_match") is None
    assert difference(A, B, "logprob") is None
    assert over_seeds({}) is None
    some = rows({(0, 0): [-1.0, None, -3.0]}, "logprob")
    assert by_seed(some, rows({(0, 0): [-4.0]}, "logprob"), "logprob") == {0: 2.0}


def places(lines: dict[int, tuple[float, float]], xs: tuple[float, ...]) -> dict[float, Any]:
    """Return gaps that lie on each seed's line (start, slope)."""
    zero = rows({(s, 0): [0.0] for s in lines}, "logprob")
    return {x: (rows({(s, 0): [a + b * x] for s, (a, b) in lines.items()}, "logprob"), zero) for x in xs}


def test_slope_is_the_mean_of_each_seeds_own() -> None:
    found = slope(places({0: (5.0, 1.0), 1: (-5.0, 2.0), 2: (0.0, 3.0)}, (0.5, 0.6, 1.0)), "logprob")
    assert found is not None
    assert found.value == pytest.approx(2)
    assert found.n_seeds == 3
    assert found.se == pytest.approx(1 / math.sqrt(3))


def test_slope_takes_seeds_measured_at_every_place() -> None:
    table = places({0: (0.0, 1.0), 1: (0.0, 9.0)}, (0.0, 1.0, 2.0))
    a, b = table[1.0]
    found = slope(table | {1.0: (a.filter(seed=0), b)}, "logprob")
    assert found is not None
    assert found.value == pytest.approx(1)
    assert found.n_seeds == 1
    assert slope({1.0: (a, b)}, "logprob") is None
    assert slope({}, "logprob") is None
    assert slope({0.0: (a, b), 1.0: (a.filter(seed=9), b)}, "logprob") is None


def test_excess_is_over_the_seeds_that_have_both_differences() -> None:
    none = rows({(s, 0): [False, False] for s in range(4)})
    found = excess((A, B), (A.filter(pl.col("seed") > 0), none), "exact_match")
    assert found is not None
    # Seed 1: 0.5 − 0.5; seed 2: 1.0 − 1.0.
    assert (found.value, found.n_seeds) == (0.0, 2)
    assert excess((A, B), (A.filter(seed=9), none), "exact_match") is None


def test_seeds_that_agree_in_every_digit_are_not_certain() -> None:
    agree = over_seeds({0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5}, n_facts=8, least=0.1)
    assert agree is not None
    assert agree.se == pytest.approx(0.1 / 2)
    assert agree.n_facts == 8
    assert agree.p_greater(0.4) > 0.01
