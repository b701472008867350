"""Which items change most between the smallest and the largest model, and what explains it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from obverse.stats.tests import holm
from obverse.stats.trend import points

AXES = ("pattern", "template", "repetitions")
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class AxisTest:
    """Analysis of variance of one axis's main effect: its share of the variance, and p (Holm)."""

    axis: str
    levels: int
    share: float
    f: float
    p: float


def item_changes(observations: pl.DataFrame) -> pl.DataFrame:
    """Return `fact`, the axes and `change`: loss of the largest minus that of the smallest model.

    Means over seeds, in nats; positive means that the largest model does worse. Empty without two
    sizes.
    """
    table = points(observations, "parameters", "loss")
    labels = observations.select("fact", "repetitions").unique("fact", maintain_order=True)
    if table is None:
        return pl.DataFrame(
            schema={"fact": pl.String, **dict.fromkeys(AXES, pl.String), "change": pl.Float64}
        )
    smallest, largest = table["x"].min(), table["x"].max()
    keys = ["fact", "pattern", "template"]
    mean = table.group_by([*keys, "x"], maintain_order=True).agg(pl.col("y").mean())
    ends = [mean.filter(pl.col("x") == end).drop("x") for end in (smallest, largest)]
    return (
        ends[0]
        .join(ends[1], on=keys, suffix="_largest", nulls_equal=True, maintain_order="left")
        .with_columns((pl.col("y_largest") - pl.col("y")).alias("change"))
        .join(labels, on="fact", how="left", maintain_order="left")
        .select("fact", *AXES, "change")
    )


def axis_tests(changes: pl.DataFrame) -> list[AxisTest]:
    """Return a main-effects analysis of variance of `item_changes`, p corrected over the axes.

    Each axis is tested by what it adds to the other two (type II sums of squares), so that the grid
    need not be complete.
    """
    used = [axis for axis in AXES if changes[axis].n_unique() > 1]
    y = changes["change"].to_numpy()
    if not used or len(y) < 3:
        return []
    whole = _rest(y, changes, used)
    columns = 1 + sum(changes[axis].n_unique() - 1 for axis in used)
    freedom = len(y) - columns
    total = float(((y - y.mean()) ** 2).sum())
    if freedom < 1 or total <= len(y) * (ROUNDING * max(1.0, float(np.abs(y).max()))) ** 2:
        return []  # no change differs from another
    whole = 0.0 if whole < ROUNDING * total else whole
    found = []
    for axis in used:
        levels = changes[axis].n_unique()
        added = _rest(y, changes, [a for a in used if a != axis]) - whole
        added = 0.0 if added < ROUNDING * total else added
        f = (added / (levels - 1)) / (whole / freedom) if whole > 0 else np.inf if added else 0.0
        found.append((axis, levels, added / total, f, float(stats.f.sf(f, levels - 1, freedom))))
    corrected = holm([row[-1] for row in found])
    return [
        AxisTest(axis, levels, float(share), float(f), p)
        for (axis, levels, share, f, _), p in zip(found, corrected, strict=True)
    ]


def _rest(y: np.ndarray, table: pl.DataFrame, axes: list[str]) -> float:
    """Return the residual sum of squares of a main-effects model."""
    parts = [np.ones((len(y), 1))]
    for axis in axes:
        parts.append(table[axis].cast(pl.String).to_dummies().to_numpy()[:, 1:].astype(float))
    design = np.hstack(parts)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(((y - fitted) ** 2).sum())
