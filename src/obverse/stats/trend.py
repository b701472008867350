"""How a metric of a family changes over a scale (parameters, training tokens).

Every item is asked of every model, so a trend is summed up within items: a change over the scale is a
weighted sum of an item's scores, from a least-squares fit on the logarithm of the scale. Its mean over
items has two kinds of uncertainty beside the choice of items, and which of them can be seen depends on
what was run:

    several seeds, each of which trained a family of its own
        Seeds are the clusters, like facts and the labels that items have in common. Whatever is peculiar
        to one trained model varies from seed to seed, so that it is in the spread between seeds.
    one run of each model (checkpoints that are asked as they are, or one seed)
        Each model lies off the trend by something of its own, the same for all items. Only the distances
        of the models' means from the fitted line tell how much, with m − 2 degrees of freedom for m
        models. This is added to the variance over items. Two models leave no degree of freedom: there
        is an estimate without an interval, and no test.

In the second case the distances stand for those of other models of the family. Over "tokens" they are
moments of one run, and the interval speaks of that run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.moments import is_last

Vector = NDArray[np.float64]
Bounds = tuple[float, float]
UNITS = ("fact", "seed")
BEYOND = 2  # places on either side of a turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A family's trend in one metric: a description, without a verdict.

    Attributes:
        n_models: places on the scale.
        change: of the metric over the whole scale, along the line.
        bend: how far the fitted parabola goes away from the line; positive if its ends are higher. None
            with fewer than three places.
        sides: the changes on either side of the place where the parabola turns; None with fewer than
            five places.
    """

    family: str
    scale: str
    metric: str
    n_models: int
    change: ClusteredMean
    bend: ClusteredMean | None
    sides: tuple[ClusteredMean, ClusteredMean] | None

    @property
    def turns_round(self) -> bool:
        """Whether the bend and, with opposite signs, both sides differ from zero (Simonsohn 2018)."""
        if self.bend is None or self.sides is None:
            return False
        left, right = self.sides
        apart = all(_differs(part) for part in (self.bend, left, right))
        return apart and left.value * right.value < 0


def trends(
    rows: pl.DataFrame,
    scale: str,
    metric: str,
    *,
    units: Sequence[str] = UNITS,
    bounds: Bounds | None = None,
) -> list[Trend]:
    """Return the trend of each family in the column `metric`; the arguments are those of `change`."""
    found = []
    for (family,), group in rows.drop_nulls("family").group_by(["family"], maintain_order=True):
        scores = _Scores.of(group, scale, metric, units, bounds)
        if scores is not None:
            found.append(
                Trend(
                    family=str(family), scale=scale, metric=metric, n_models=len(scores.x),
                    change=_change(scores), bend=_bend(scores), sides=_sides(scores),
                )
            )  # fmt: skip
    return found


def change(
    rows: pl.DataFrame,
    scale: str,
    value: str,
    units: Sequence[str] = UNITS,
    bounds: Bounds | None = None,
) -> ClusteredMean | None:
    """Return how much `value` changes over the whole scale: the slope of the line times its length.

    Args:
        rows: of one family, one for each item, seed, model and moment, with the leading columns.
        scale: "parameters" or "tokens", as in `points`.
        units: the columns that tell items apart, `fact` and `seed` first. Intervals are clustered by
            each of them.
        bounds: between which `value` lies, (0, 1) for accuracy; without them, items that all change
            alike have no spread.

    Returns:
        None where `points` has none. Its standard error is NaN with two models of one run each.
    """
    scores = _Scores.of(rows, scale, value, units, bounds)
    return None if scores is None else _change(scores)


def bend(
    rows: pl.DataFrame,
    scale: str,
    value: str,
    units: Sequence[str] = UNITS,
    bounds: Bounds | None = None,
) -> ClusteredMean | None:
    """Return how far the fitted parabola goes away from the line; positive if its ends are higher.

    This is the range, over the places, of what the parabola adds to the line. The arguments are those
    of `change`. None with fewer than three places; without an interval with three of one run each.
    """
    scores = _Scores.of(rows, scale, value, units, bounds)
    return None if scores is None else _bend(scores)


def points(
    rows: pl.DataFrame, scale: str, value: str, units: Sequence[str] = UNITS
) -> pl.DataFrame | None:
    """Return one row for each item and place on the scale: `units`, `x` (log10 of the scale), `y`.

    Over "tokens" the largest model is taken at all moments whose tokens are known; a finished model,
    asked without a revision, has no place there. Over "parameters" each size is taken at its last moment.
    Several rows of an item at one place are averaged. None with fewer than two places, or if no item
    was scored at all of them.
    """
    table = _chosen(rows, scale, value).group_by([*units, scale], maintain_order=True)
    places = table.agg(pl.col(value).mean().alias("y"))
    places = places.with_columns(pl.col(scale).cast(pl.Float64).log10().alias("x")).drop(scale)
    count = places["x"].n_unique()
    scored_everywhere = places.select((pl.len().over(units) == count).any()).item()
    return places if count > 1 and scored_everywhere else None


def _chosen(rows: pl.DataFrame, scale: str, value: str) -> pl.DataFrame:
    largest = pl.col("parameters") == pl.col("parameters").max()
    chosen = rows.filter(largest if scale == "tokens" else is_last())
    return chosen.drop_nulls([scale, value]).filter(pl.col(scale) > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scores:
    """The scores y (n, m) of n items at all of m places x (m,), lowest first.

    `own_families` says whether each of several seeds trained a family of its own.
    """

    items: pl.DataFrame
    x: Vector
    y: Vector
    own_families: bool
    also: tuple[str, ...]
    bounds: Bounds | None

    @classmethod
    def of(
        cls, rows: pl.DataFrame, scale: str, value: str, units: Sequence[str], bounds: Bounds | None
    ) -> "_Scores | None":
        table = points(rows, scale, value, units)
        if table is None:
            return None
        x = np.sort(table["x"].unique().to_numpy())
        whole = table.filter(pl.len().over(units) == len(x)).sort([*units, "x"], nulls_last=True)
        items = whole.select(units).unique(maintain_order=True)
        # A model that is asked as it is has taken no step here, and is the same for every seed.
        trained = bool((_chosen(rows, scale, value)["step"] > 0).any())
        return cls(
            items=items, x=x, y=whole["y"].to_numpy().reshape(len(items), len(x)),
            own_families=trained and items["seed"].n_unique() > 1,
            also=tuple(u for u in units if u not in UNITS and not items[u].null_count()),
            bounds=bounds,
        )  # fmt: skip

    def estimate(self, design: Vector, contrast: Vector) -> ClusteredMean:
        """Return the mean over items of contrast · β, for the least-squares fit of each on `design`.

        With X (m, p) the design and c the contrast, this is Σ_j w_j y_j with w = X (XᵀX)⁻¹ c.
        """
        weights: Vector = np.linalg.pinv(design).T @ contrast
        bounds = None
        if self.bounds is not None:
            reach = (self.bounds[1] - self.bounds[0]) * float(np.abs(weights).sum()) / 2
            bounds = (-reach, reach)
        over_items = clustered_mean(
            self.y @ weights, self.items["fact"].to_list(), self.items["seed"].to_list(), bounds,
            also=[self.items[label].to_list() for label in self.also],
        )  # fmt: skip
        return over_items if self.own_families else self._with_models(over_items, design, weights)

    def _with_models(self, over_items: ClusteredMean, design: Vector, weights: Vector) -> ClusteredMean:
        """Return the estimate with the variance between models added to that over items.

        With s² the residual mean square of the models' means (m − p degrees of freedom), the variance
        between models is V_M = s² Σw². It and the variance over items V_I both hold the noise of single
        answers, V_IM = s_e² Σw² / n with s_e² the mean square of what is left of y without the means of
        items and models. So V = V_I + V_M − V_IM, and at least the larger of the two, with degrees of
        freedom after Satterthwaite. Where V_M came out small by chance, these are too many (up to 10 %
        wrong of 5 % with three models); so the interval is at least Student's over the models alone.
        """
        n, (m, p) = len(self.y), design.shape
        if m == p or n < 2:
            return replace(over_items, se=math.nan, df=math.nan, also=(), n_models=m)
        rest = self.y - self.y @ np.linalg.pinv(design).T @ design.T
        of_models = rest.mean(0)
        squares = float((weights**2).sum())
        models = float((of_models**2).sum()) / (m - p) * squares
        answers = float(((rest - of_models) ** 2).sum()) / ((m - p) * (n - 1)) * squares / n
        items = over_items.se**2
        variance = max(items + models - answers, items, models)
        if not variance > 0:
            return replace(over_items, n_models=m)
        df = variance**2 / (items**2 / over_items.df + models**2 / (m - p))
        also = (*over_items.also, (math.sqrt(models), m - p))
        return replace(over_items, se=math.sqrt(variance), df=df, also=also, n_models=m)


def _change(scores: _Scores) -> ClusteredMean:
    x = scores.x
    design = np.stack([np.ones_like(x), x - x.mean()], 1)
    return scores.estimate(design, np.array([0.0, np.ptp(x)]))


def _bend(scores: _Scores) -> ClusteredMean | None:
    """Return the range of c · q, with q (m,) the part of (x − x̄)² that no line explains."""
    if len(scores.x) < 3:
        return None
    x = scores.x - scores.x.mean()
    line = np.stack([np.ones_like(x), x], 1)
    q = x**2 - line @ (np.linalg.pinv(line) @ x**2)
    return scores.estimate(np.column_stack([line, q]), np.array([0.0, 0.0, np.ptp(q)]))


def _sides(scores: _Scores) -> tuple[ClusteredMean, ClusteredMean] | None:
    """Return the changes before and after a turn, with two lines that meet there."""
    if len(scores.x) < 2 * BEYOND + 1:
        return None
    x = scores.x - scores.x[_turn(scores.x, scores.y.mean(0))]
    design = np.stack([np.ones_like(x), np.minimum(x, 0), np.maximum(x, 0)], 1)
    left, right = np.array([0.0, -x[0], 0.0]), np.array([0.0, 0.0, x[-1]])
    return scores.estimate(design, left), scores.estimate(design, right)


def _turn(x: Vector, y: Vector) -> int:
    """Return the place nearest to where the fitted parabola turns, with BEYOND on either side."""
    c, b, _ = np.polyfit(x, y, 2)
    turn = -b / (2 * c) if c else x.mean()  # y = c x² + b x + a is level at −b / 2c
    inner: Sequence[int] = range(BEYOND, len(x) - BEYOND)
    return min(inner, key=lambda i: abs(x[i] - turn))


def _differs(estimate: ClusteredMean) -> bool:
    low, high = estimate.interval()
    return low > 0 or high < 0
