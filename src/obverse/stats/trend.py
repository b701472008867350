"""Trends over a scale (parameters, training tokens), and a verdict on their shape.

Every item is asked of every model, so a trend is summed up within items. The least-squares slope of an
item's score on the logarithm of the scale, and its curvature, are weighted sums of that item's scores.
Their means over items have intervals clustered by the columns that tell items apart: fact and seed, and
labels that items have in common. The intervals speak of other items and other trainings, not of other
families of models.

The verdict compares nested models, constant, linear and bent, by tests corrected over families (Holm):

    U-shaped, inverted-U   the curvature differs from zero, and so do, with opposite signs, the slopes on
                           either side of the bend (two lines, Simonsohn 2018); a bend alone may be no
                           more than levelling off. This needs five places on the scale or more, two of
                           them on either side of the bend
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

from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.moments import is_last
from obverse.stats.tests import holm

Vector = NDArray[np.float64]
Shape = Literal["inverse", "U-shaped", "inverted-U", "positive", "flat", "undecided"]
UNITS = ("fact", "seed")
ALPHA = 0.05
BEYOND = 2  # places on either side of a bend


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A family's trend in one metric.

    Attributes:
        n_models: places on the scale.
        n_items: items scored at all of them.
        slope: change of the metric per tenfold scale; `low` and `high`, its interval of 95 %.
        p_slope, p_curvature, p_flat: corrected over families; NaN where there are too few places.
        shape: the verdict; "inverse" and "positive" mean that performance falls or rises.
    """

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


def trends(
    rows: pl.DataFrame,
    scale: str,
    metric: str,
    margin: float,
    *,
    higher_is_better: bool = True,
    units: Sequence[str] = UNITS,
) -> list[Trend]:
    """Return the trend of each family in the column `metric`, p-values corrected over families.

    Args:
        rows: one for each item, seed, model and moment, with the leading columns.
        scale: "parameters" or "tokens", as in `points`.
        margin: a change over the whole scale that counts as none.
        units: the columns that tell items apart, `fact` and `seed` first. Intervals are clustered by
            each of them.
    """
    fits = []
    for (family,), group in rows.drop_nulls("family").group_by(["family"], maintain_order=True):
        table = points(group, scale, metric, units)
        if table is not None:
            fits.append((str(family), _fit(table, margin, units)))
    slope, bent, flat, *sides = (
        holm([getattr(fit, name) for _, fit in fits])
        for name in ("p_slope", "p_curvature", "p_flat", "p_left", "p_right")
    )
    found = []
    for i, (family, fit) in enumerate(fits):
        low, high = fit.slope.interval()
        shape = _shape(fit, slope[i], bent[i], flat[i], max(s[i] for s in sides), higher_is_better)
        found.append(
            Trend(
                family=family, scale=scale, metric=metric, n_models=fit.n_models,
                n_items=fit.slope.n_facts, slope=fit.slope.value, low=low, high=high,
                p_slope=slope[i], p_curvature=bent[i], p_flat=flat[i], shape=shape,
            )
        )  # fmt: skip
    return found


def item_slopes(
    rows: pl.DataFrame, scale: str, value: str, units: Sequence[str] = UNITS
) -> pl.DataFrame | None:
    """Return `units` and `slope`, an item's change per tenfold scale; None where `points` has none."""
    table = points(rows, scale, value, units)
    if table is None:
        return None
    items, x, y = _matrix(table, units)
    return items.with_columns(pl.Series("slope", y @ _slope_weights(x)))


def points(
    rows: pl.DataFrame, scale: str, value: str, units: Sequence[str] = UNITS
) -> pl.DataFrame | None:
    """Return one row for each item and place on the scale: `units`, `x` (log10 of the scale), `y`.

    Over "tokens" the largest model is taken at all moments whose tokens are known; a finished model,
    asked without a revision, has no place there. Over "parameters" each size is taken at its last moment.
    Several rows of an item at one place are averaged. None with fewer than two places, or if no item
    was scored at all of them.
    """
    largest = pl.col("parameters") == pl.col("parameters").max()
    chosen = rows.filter(largest if scale == "tokens" else is_last())
    known = chosen.drop_nulls([scale, value]).filter(pl.col(scale) > 0)
    table = known.group_by([*units, scale], maintain_order=True).agg(pl.col(value).mean().alias("y"))
    table = table.with_columns(pl.col(scale).cast(pl.Float64).log10().alias("x")).drop(scale)
    places = table["x"].n_unique()
    scored_everywhere = table.select((pl.len().over(units) == places).any()).item()
    return table if places > 1 and scored_everywhere else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A family's trend before correction; NaN for what too few places cannot tell."""

    n_models: int
    slope: ClusteredMean
    p_slope: float
    p_flat: float
    p_curvature: float = math.nan
    left: float = math.nan
    right: float = math.nan
    p_left: float = math.nan
    p_right: float = math.nan


def _fit(table: pl.DataFrame, margin: float, units: Sequence[str]) -> _Fit:
    items, x, y = _matrix(table, units)

    def mean(weights: Vector) -> ClusteredMean:
        """Return the mean over items of each item's weighted sum Σ_j w_j y_j."""
        return _mean(items, y @ weights, units)

    slope = mean(_slope_weights(x))
    # The change over the whole scale is slope · (x_m − x_1); it is flat within ± margin.
    p_flat = _within(slope, margin / (x[-1] - x[0]))
    if len(x) < 3:
        return _Fit(n_models=len(x), slope=slope, p_slope=_two_sided(slope), p_flat=p_flat)
    weights = _curvature_weights(x)
    curvature = mean(weights)
    # Curvature c adds c · q to the line, with q the part of x² that no line explains. The weights are
    # q / Σq², so that max q − min q, the depth of a bend of c = 1, is their range over their Σw².
    depth = np.ptp(weights) / (weights**2).sum()
    p_flat = max(p_flat, _within(curvature, margin / depth))
    if len(x) < 2 * BEYOND + 1:
        return _Fit(n_models=len(x), slope=slope, p_slope=_two_sided(slope), p_flat=p_flat)
    bend = _bend(x, y.mean(0))
    left, right = (mean(_slope_weights(x, part)) for part in (slice(None, bend + 1), slice(bend, None)))
    return _Fit(
        n_models=len(x), slope=slope, p_slope=_two_sided(slope), p_flat=p_flat,
        p_curvature=_two_sided(curvature), left=left.value, right=right.value,
        p_left=_two_sided(left), p_right=_two_sided(right),
    )  # fmt: skip


def _shape(
    fit: _Fit, p_slope: float, p_bent: float, p_flat: float, p_sides: float, higher_is_better: bool
) -> Shape:
    better = 1 if higher_is_better else -1
    if p_bent < ALPHA and p_sides < ALPHA and fit.left * fit.right < 0:
        return "U-shaped" if fit.left * better < 0 else "inverted-U"
    if p_slope < ALPHA:
        return "positive" if fit.slope.value * better > 0 else "inverse"
    return "flat" if p_flat < ALPHA else "undecided"


def _mean(items: pl.DataFrame, values: Vector, units: Sequence[str]) -> ClusteredMean:
    """Return the mean of one value an item, clustered by each of `units` that all items have."""
    others = [u for u in units if u not in UNITS and not items[u].null_count()]
    return clustered_mean(
        values,
        items["fact"].to_list(),
        items["seed"].to_list(),
        also=[items[u].to_list() for u in others],
    )


def _within(estimate: ClusteredMean, bound: float) -> float:
    """Return the p-value of two one-sided tests: the true mean is within ± `bound`."""
    return max(estimate.p_greater(-bound), estimate.p_less(bound))


def _two_sided(estimate: ClusteredMean) -> float:
    smaller = min(estimate.p_greater(0.0), estimate.p_less(0.0))
    return smaller if math.isnan(smaller) else min(1.0, 2 * smaller)


def _matrix(table: pl.DataFrame, units: Sequence[str]) -> tuple[pl.DataFrame, Vector, Vector]:
    """Return the n items scored at all places, the m places x (m,), and the scores y (n, m)."""
    x = np.sort(table["x"].unique().to_numpy())
    whole = table.filter(pl.len().over(units) == len(x)).sort([*units, "x"], nulls_last=True)
    items = whole.select(units).unique(maintain_order=True)
    return items, x, whole["y"].to_numpy().reshape(len(items), len(x))


def _slope_weights(x: Vector, part: slice = slice(None)) -> Vector:
    """Return w (m,) so that Σ_j w_j y_j is the least-squares slope of y on x over `part`.

    w_j = (x_j − x̄) / Σ_k (x_k − x̄)², and 0 outside the part.
    """
    weights = np.zeros_like(x)
    centred = x[part] - x[part].mean()
    weights[part] = centred / (centred**2).sum()
    return weights


def _curvature_weights(x: Vector) -> Vector:
    """Return w (m,) so that Σ_j w_j y_j is the least-squares coefficient of x² beside a line.

    With q the residual of (x − x̄)² after regression on 1 and x (Frisch, Waugh and Lovell),
    w = q / Σq². Centring x changes q in nothing but its rounding.
    """
    square = (x - x.mean()) ** 2
    basis = np.stack([np.ones_like(x), x - x.mean()], 1)
    rest = square - basis @ np.linalg.lstsq(basis, square, rcond=None)[0]
    return np.asarray(rest / (rest**2).sum())


def _bend(x: Vector, y: Vector) -> int:
    """Return the place nearest to the turning point of the fitted parabola, with BEYOND on either side.

    A line through two places is turned round by one model that is out of line, which intervals over
    items do not allow for. Monotone trends over 7 models, each off by a tenth (SD) of the whole change,
    turned round in 17 % of 4,000 simulations with one place beyond the bend, in 2 % with two.
    """
    c, b, _ = np.polyfit(x, y, 2)
    turn = -b / (2 * c) if c else x.mean()  # y = c x² + b x + a is level at −b / 2c
    inner: Sequence[int] = range(BEYOND, len(x) - BEYOND)
    return min(inner, key=lambda i: abs(x[i] - turn))
