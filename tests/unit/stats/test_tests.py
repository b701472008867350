import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from obverse.stats.tests import equivalence, holm, holm_levels, kolmogorov_smirnov, paired_t


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    corrected = holm([0.01, math.nan, 0.02])
    assert corrected[0] == pytest.approx(0.02)  # a missing test is not counted
    assert math.isnan(corrected[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_order_and_only_raises(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(c >= p for c, p in zip(corrected, p_values, strict=True))
    ranked = [c for _, c in sorted(zip(p_values, corrected, strict=True))]
    assert ranked == sorted(ranked)


def test_paired_t_is_paired() -> None:
    draw = np.random.default_rng(0)
    base = draw.normal(0, 10, 30)
    shifted = base + 0.5 + draw.normal(0, 0.1, 30)
    assert paired_t(shifted, base) < 1e-10
    assert stats.ttest_ind(shifted, base).pvalue > 0.5
    assert paired_t(base, base) == 1.0
    assert math.isnan(paired_t([1.0], [2.0]))


def test_equivalence_needs_evidence_not_ignorance() -> None:
    draw = np.random.default_rng(0)
    close = draw.normal(0, 0.5, 100)
    assert equivalence(close, np.zeros(100), margin=1.0) < 0.001
    assert equivalence(close + 2, np.zeros(100), margin=1.0) > 0.99
    few = np.array([5.0, -5.0, 4.0, -4.0])
    assert paired_t(few, np.zeros(4)) > 0.9  # no difference found …
    assert equivalence(few, np.zeros(4), margin=1.0) > 0.3  # … is not: no difference


def test_kolmogorov_smirnov_sees_shape() -> None:
    narrow, wide = np.linspace(-1, 1, 50), np.linspace(-9, 9, 50)
    assert kolmogorov_smirnov(narrow, wide) < 0.001
    assert kolmogorov_smirnov(narrow, narrow) == 1.0
    assert math.isnan(kolmogorov_smirnov([], [1.0]))


def test_level_of_each_is_the_one_that_decides_it() -> None:
    """A p-value is rejected by Holm's method exactly if it is below its level."""
    draw = np.random.default_rng(0)
    for _ in range(200):
        p = draw.uniform(0, 0.06, draw.integers(1, 7)).tolist()
        rejected = [corrected < 0.05 for corrected in holm(p)]
        assert [a < level for a, level in zip(p, holm_levels(p, 0.05), strict=True)] == rejected


def test_missing_p_value_takes_no_level() -> None:
    assert holm_levels([0.01, math.nan, 0.9], 0.05)[0] == 0.025
    assert holm_levels([], 0.05) == []
