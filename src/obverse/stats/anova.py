"""Analysis of variance: which labels explain how a value differs between rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from obverse.stats.tests import holm

ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An axis's main effect: its number of levels, its share of the variance, F, and p (Holm)."""

    axis: str
    levels: int
    share: float
    f: float
    p: float


def main_effects(rows: pl.DataFrame, value: str, axes: Sequence[str]) -> list[Effect]:
    """Return what each of `axes` explains of `value`, p-values corrected over the axes.

    Each axis is tested by what it adds to the others (type II sums of squares without interactions),
    so that not every combination of levels needs to be there. An axis with one level is left out.
    Nothing is returned where all values agree, or where rows are too few.
    """
    used = [axis for axis in axes if rows[axis].n_unique() > 1]
    y = rows[value].to_numpy()
    if not used or len(y) < 3:
        return []
    # F = (added / (levels − 1)) / (rest / freedom), with `rest` the residual sum of squares of the
    # model with all axes and `added` what it grows by without the axis.
    rest = _residual(y, rows, used)
    freedom = len(y) - 1 - sum(rows[axis].n_unique() - 1 for axis in used)
    total = float(((y - y.mean()) ** 2).sum())
    if freedom < 1 or total <= len(y) * (ROUNDING * max(1.0, float(np.abs(y).max()))) ** 2:
        return []  # no value differs from another by more than rounding
    rest = 0.0 if rest < ROUNDING * total else rest
    found = []
    for axis in used:
        levels = rows[axis].n_unique()
        added = _residual(y, rows, [a for a in used if a != axis]) - rest
        added = 0.0 if added < ROUNDING * total else added
        f = (added / (levels - 1)) / (rest / freedom) if rest > 0 else np.inf if added else 0.0
        found.append((axis, levels, added / total, f, float(stats.f.sf(f, levels - 1, freedom))))
    corrected = holm([row[-1] for row in found])
    return [
        Effect(axis=axis, levels=levels, share=float(share), f=float(f), p=p)
        for (axis, levels, share, f, _), p in zip(found, corrected, strict=True)
    ]


def _residual(y: NDArray[np.float64], rows: pl.DataFrame, axes: Sequence[str]) -> float:
    """Return the residual sum of squares of y on an intercept and the axes' levels, one left out each."""
    parts = [np.ones((len(y), 1))]
    for axis in axes:
        parts.append(rows[axis].cast(pl.String).to_dummies().to_numpy()[:, 1:].astype(float))
    design = np.hstack(parts)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(((y - fitted) ** 2).sum())
