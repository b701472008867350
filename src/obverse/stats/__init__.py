"""Means, contrasts, trends and verdicts with honest intervals: pure functions on observations.

What stands here is what one needs to state claims. They take rows of a measure's table, whose leading
columns are those of `core.measure.LEADING`.
"""

from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.contrast import by_seed, difference, excess, over_seeds, slope
from obverse.stats.moments import is_last
from obverse.stats.summary import group_means, mean
from obverse.stats.tests import equivalence, holm, kolmogorov_smirnov, paired_t
from obverse.stats.trend import Trend, bend, change, trends
from obverse.stats.verdict import evaluate

__all__ = [
    "ClusteredMean", "Trend", "bend", "by_seed", "change", "clustered_mean", "difference", "equivalence",
    "evaluate", "excess", "group_means", "holm", "is_last", "kolmogorov_smirnov", "mean", "over_seeds",
    "paired_t", "slope", "trends",
]  # fmt: skip
