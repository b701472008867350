"""Tests of paired samples, their level, and correction for several of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# The level of a study, one-sided: a claim by itself is decided as its 95 % interval says.
ALPHA = 0.025
Values = Sequence[float] | NDArray[np.float64]


def paired_t(a: Values, b: Values) -> float:
    """Return the two-sided p-value of a paired t-test; NaN with fewer than two pairs."""
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    if len(difference) < 2:
        return math.nan
    if np.ptp(difference) == 0:
        return 1.0 if difference[0] == 0 else 0.0
    return float(stats.ttest_1samp(difference, 0.0).pvalue)


def kolmogorov_smirnov(a: Values, b: Values) -> float:
    """Return the p-value that two samples come from one distribution; NaN if one is empty."""
    if len(a) == 0 or len(b) == 0:
        return math.nan
    return float(stats.ks_2samp(np.asarray(a, dtype=float), np.asarray(b, dtype=float)).pvalue)


def equivalence(a: Values, b: Values, margin: float) -> float:
    """Return the p-value of two one-sided paired t-tests (TOST) for |mean(a − b)| < margin."""
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    if len(difference) < 2:
        return math.nan
    if np.ptp(difference) == 0:
        return 0.0 if abs(difference[0]) < margin else 1.0
    low = stats.ttest_1samp(difference, -margin, alternative="greater").pvalue
    high = stats.ttest_1samp(difference, margin, alternative="less").pvalue
    return float(max(low, high))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected by Holm's step-down method; NaN stays NaN and is not counted."""
    known = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(known, key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, p_values[i] * (len(known) - rank)))
        corrected[i] = largest
    return corrected


def holm_levels(p_values: Sequence[float], alpha: float) -> list[float]:
    """Return below which level each p-value is rejected by Holm's method, the others being as they are.

    With m p-values and R_i of the others rejected among themselves, R_i counted from the smallest up, the
    i-th is rejected if and only if it is below alpha / (m − R_i). NaN is not counted and gets alpha / m.
    """
    known = sorted(p for p in p_values if not math.isnan(p))
    m = len(known)
    levels = []
    for p in p_values:
        others = known.copy()
        if math.isnan(p):
            levels.append(alpha / max(1, m))
            continue
        others.remove(p)
        rejected = 0
        while rejected < m - 1 and others[rejected] < alpha / (m - rejected):
            rejected += 1
        levels.append(alpha / (m - rejected))
    return levels
