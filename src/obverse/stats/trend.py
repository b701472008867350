"""Trends over a scale (parameters, training tokens), and a verdict on their shape.

Every item is asked of every model, so a trend is summed up within items: the least-squares slope of an
item's score on the logarithm of the scale, and its curvature, are contrasts of that item's scores. Their
means over items have intervals clustered by seed, and by pattern and template where items have them.
They speak of other items and trainings, not of other families.

The verdict compares nested models, constant, linear and bent, by tests corrected over families (Holm):

    U-shaped, inverted-U   curvature differs from zero, and so do, with opposite signs, the slopes on
                           either side of the bend (two lines, Simonsohn 2018; a bend alone may be
                           no more than levelling off). Asked from five places on the scale up, with
                           two or more on either side of the bend
    inverse, positive      the slope differs from zero
    flat                   the change over the whole scale, and the depth of a bend in it, are within
                           ± margin (equivalence)
    undecided              none of these
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from obverse.stats.answers import UNITS, induction_gains, zero_shot
from obverse.stats.clustered import ClusteredMean
from obverse.stats.moments import is_last
from obverse.stats.summary import table_mean
from obverse.stats.tests import holm

Shape = Literal["inverse", "U-shaped", "inverted-U", "positive", "flat", "undecided"]
ALPHA = 0.05
BEYOND = 2  # places on either side of a bend
# Whether more is better; loss is renormalised over the classes.
METRICS = {"correct": 1, "loss": -1}


def points(observations: pl.DataFrame, scale: str, value: str) -> pl.DataFrame | None:
    """Return one row an item, seed and model (or moment): UNITS, `x` (log10 of the scale), `y`.

    `scale` is "parameters" (each size at its last moment) or "tokens" (the largest model at all
    moments whose tokens are known: a finished model, asked without a revision, has no place on that
    scale); `value` is "correct", "loss" or "gain" (of the second copy of a sequence over the first, nats
    a word). None with fewer than two places on the scale, or no item asked at all of them.
    """
    which = is_last() if scale == "parameters" else pl.col("parameters") == pl.col("parameters").max()
    chosen = observations.filter(which)
    rows = induction_gains(chosen) if value == "gain" else zero_shot(chosen)
    rows = rows.drop_nulls([scale, value]).filter(pl.col(scale) > 0)
    table = rows.group_by([*UNITS, scale], maintain_order=True).agg(pl.col(value).mean().alias("y"))
    table = table.with_columns(pl.col(scale).cast(pl.Float64).log10().alias("x")).drop(scale)
    places = table["x"].n_unique()
    asked_everywhere = table.select((pl.len().over(UNITS) == places).any()).item()
    return table if places > 1 and asked_everywhere else None


def item_slopes(observations: pl.DataFrame, scale: str, value: str) -> pl.DataFrame | None:
    """Return UNITS and `slope`, the change of an item's score per tenfold scale; None without a trend."""
    table = points(observations, scale, value)
    if table is None:
        return None
    units, x, y = _matrix(table)
    return units.with_columns(pl.Series("slope", y @ _slope_weights(x)))


@dataclass(frozen=True, slots=True)
class Trend:
    """A family's trend in one metric: slope per tenfold scale, with interval, and the shape."""

    family: str
    scale: str
    metric: str
    n_models: int
    n_items: int
    slope: float
    low: float
    high: float
    p_slope: float
    p_curvature: float
    p_flat: float
    shape: Shape


def trends(observations: pl.DataFrame, scale: str, metric: str, margin: float) -> list[Trend]:
    """Return the trend of each family, p-values corrected over families.

    Raises:
        ValueError: if `metric` is not "correct" or "loss".
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r}; expected {' or '.join(METRICS)}")
    fits = []
    for (family,), group in observations.drop_nulls("family").group_by(["family"], maintain_order=True):
        table = points(group, scale, metric)
        if table is not None:
            fits.append((str(family), _fit(table, margin)))
    slope, bent, flat, *sides = (
        holm([getattr(f, name) for _, f in fits])
        for name in ("p_slope", "p_curvature", "p_flat", "p_left", "p_right")
    )
    found = []
    for i, (family, fit) in enumerate(fits):
        shape = _shape(fit, slope[i], bent[i], flat[i], max(s[i] for s in sides), METRICS[metric])
        low, high = fit.slope.interval()
        found.append(
            Trend(
                family, scale, metric, fit.n_models, fit.slope.n_facts, fit.slope.value, low, high,
                slope[i], bent[i], flat[i], shape,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class _Fit:
    n_models: int
    slope: ClusteredMean
    p_slope: float
    p_curvature: float
    p_flat: float
    left: float
    right: float
    p_left: float
    p_right: float


def _fit(table: pl.DataFrame, margin: float) -> _Fit:
    units, x, y = _matrix(table)

    def mean(weights: NDArray[np.float64]) -> ClusteredMean:
        return table_mean(units.with_columns(pl.Series("y", y @ weights)), "y")

    slope = mean(_slope_weights(x))
    p_flat = _within(slope, margin / (x[-1] - x[0]))
    if len(x) > 2:
        weights = _curvature_weights(x)
        curvature = mean(weights)
        depth = np.ptp(weights) / (weights**2).sum()  # of a bend of one unit of curvature
        p_flat = max(p_flat, _within(curvature, margin / depth))
    nan = float("nan")
    if len(x) < 2 * BEYOND + 1:
        return _Fit(len(x), slope, _two_sided(slope), nan, p_flat, nan, nan, nan, nan)
    bend = _bend(x, y.mean(0))
    left, right = (mean(_slope_weights(x, part)) for part in (slice(None, bend + 1), slice(bend, None)))
    return _Fit(
        len(x), slope, _two_sided(slope), _two_sided(curvature), p_flat, left.value, right.value,
        _two_sided(left), _two_sided(right),
    )  # fmt: skip


def _shape(fit: _Fit, p_slope: float, p_bent: float, p_flat: float, p_sides: float, better: int) -> Shape:
    if p_bent < ALPHA and p_sides < ALPHA and fit.left * fit.right < 0:
        return "U-shaped" if fit.left * better < 0 else "inverted-U"
    if p_slope < ALPHA:
        return "positive" if fit.slope.value * better > 0 else "inverse"
    return "flat" if p_flat < ALPHA else "undecided"


def _within(estimate: ClusteredMean, bound: float) -> float:
    """Return the p-value of two one-sided tests: the true mean is within ± `bound`."""
    return max(estimate.p_greater(-bound), estimate.p_less(bound))


def _two_sided(estimate: ClusteredMean) -> float:
    smaller = min(estimate.p_greater(0.0), estimate.p_less(0.0))
    return smaller if math.isnan(smaller) else min(1.0, 2 * smaller)


def _matrix(table: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
    """Return the units that were asked everywhere, the places (m,) and their scores (units, m)."""
    x = np.sort(table["x"].unique().to_numpy())
    whole = table.filter(pl.len().over(UNITS) == len(x)).sort([*UNITS, "x"], nulls_last=True)
    units = whole.select(UNITS).unique(maintain_order=True)
    return units, x, whole["y"].to_numpy().reshape(len(units), len(x))


def _slope_weights(x: NDArray[np.float64], part: slice = slice(None)) -> NDArray[np.float64]:
    weights = np.zeros_like(x)
    centred = x[part] - x[part].mean()
    weights[part] = centred / (centred**2).sum()
    return weights


def _curvature_weights(x: NDArray[np.float64]) -> NDArray[np.float64]:
    square = (x - x.mean()) ** 2
    basis = np.stack([np.ones_like(x), x - x.mean()], 1)
    rest = square - basis @ np.linalg.lstsq(basis, square, rcond=None)[0]
    return np.asarray(rest / (rest**2).sum())


def _bend(x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Return the place nearest to the turning point of the fitted parabola, with BEYOND on either side.

    A line through two places is turned round by one model that is out of line, which intervals over
    items do not allow for. Monotone trends over 7 models, each off by a tenth (SD) of the whole change,
    turned round in 17 % of 4,000 simulations with one place beyond the bend, in 2 % with two.
    """
    c, b, _ = np.polyfit(x, y, 2)
    turn = -b / (2 * c) if c else x.mean()
    inner: Sequence[int] = range(BEYOND, len(x) - BEYOND)
    return min(inner, key=lambda i: abs(x[i] - turn))
