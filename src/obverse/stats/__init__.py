"""Means, contrasts, trends and verdicts with honest intervals: pure functions on observations.

What stands here is what one needs to state claims. They take rows of a measure's table, whose leading
columns are those of `core.measure.LEADING`.
"""

from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.contrast import by_seed, difference, excess, over_seeds, slope
from obverse.stats.largest import Largest, largest
from obverse.stats.moments import is_last
from obverse.stats.power import power_of, seeds_for, trainings_for
from obverse.stats.share import Share, in_most, meets, share
from obverse.stats.summary import group_means, mean
from obverse.stats.tests import equivalence, holm, holm_levels, kolmogorov_smirnov, paired_t
from obverse.stats.trend import Trend, bend, change, trends
from obverse.stats.verdict import evaluate

__all__ = [
    "ClusteredMean", "Largest", "Share", "Trend", "bend", "by_seed", "change", "clustered_mean",
    "difference", "equivalence", "evaluate", "excess", "group_means", "holm", "holm_levels", "in_most",
    "is_last", "kolmogorov_smirnov", "largest", "mean", "meets", "over_seeds", "paired_t", "power_of",
    "seeds_for", "share", "slope", "trainings_for", "trends",
]  # fmt: skip
