"""Analysis of variance: which labels explain how a value differs between rows.

Several seeds are several trainings, and what every training does in a way of its own is no effect of a
label. An axis is therefore tested against how its effect differs between seeds (repeated measures, a
seed being the subject), and the test speaks of other trainings and of the items that were asked. With
one seed, or models that were asked as they are, there is no test over trainings. What is left is a test
against how items differ within a level, which speaks of other such items and of these models alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from obverse.stats.tests import holm

Matrix = NDArray[np.float64]
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An axis's main effect.

    Attributes:
        levels: how many the axis has.
        share: of the variance within seeds, what the axis explains in the same way in all seeds.
        own: the share that it explains in each seed in another way (axis × seed); 0 with one seed.
        over: what the test is over, "seeds" or "items".
        f, df: F with its degrees of freedom, those over seeds after Greenhouse and Geisser; NaN where a
            seed lacks a level, or the axis cannot be told from another.
        p: corrected over the axes (Holm).
    """

    axis: str
    levels: int
    share: float
    own: float
    over: Literal["seeds", "items"]
    f: float
    df: tuple[float, float]
    p: float


def main_effects(rows: pl.DataFrame, value: str, axes: Sequence[str]) -> list[Effect]:
    """Return what each of `axes` explains of `value`, p-values corrected over the axes.

    Each axis is tested by what it adds to the others (type II sums of squares without interactions),
    so that not every combination of levels needs to be there. An axis with one level is left out.
    Nothing is returned where all values agree, or where rows are too few.

    Args:
        rows: one for each item, or for each item and `seed`; those with a missing value or label are
            left out. Seeds that agree in every value, as of
            models that are asked as they are, count as one.
    """
    rows = rows.drop_nulls([value, *axes])
    used = [axis for axis in axes if rows[axis].n_unique() > 1]
    if not used or len(rows) < 3:
        return []
    seeds = _seeds(rows, value)
    freedom = len(seeds[0]) - 1 - sum(seeds[0][axis].n_unique() - 1 for axis in used)
    total = sum(_residual(part, value, []) for part in seeds)
    largest = max(1.0, float(rows[value].abs().max()))  # type: ignore[arg-type]
    if (len(seeds) == 1 and freedom < 1) or total <= len(rows) * (ROUNDING * largest) ** 2:
        return []  # no value differs from another by more than rounding
    together = pl.concat([_centred(part, value) for part in seeds])
    found = []
    for axis in used:
        others = [a for a in used if a != axis]
        common = _added(together, value, axis, others, total)
        free = sum(_added(part, value, axis, others, total) for part in seeds)
        own = max(0.0, free - common) if len(seeds) > 1 else 0.0
        if len(seeds) > 1:
            f, df = _over_seeds(seeds, value, axis, others)
        else:
            f, df = _over_items(seeds[0], value, axis, common, used, total)
        found.append((axis, rows[axis].n_unique(), common / total, own / total, f, df))
    corrected = holm([float(stats.f.sf(f, *df)) for *_, f, df in found])
    return [
        Effect(
            axis=axis, levels=levels, share=share, own=own, f=f, df=df, p=p,
            over="seeds" if len(seeds) > 1 else "items",
        )
        for (axis, levels, share, own, f, df), p in zip(found, corrected, strict=True)
    ]  # fmt: skip


def _seeds(rows: pl.DataFrame, value: str) -> list[pl.DataFrame]:
    """Return the rows of each seed, or of one where all agree."""
    if "seed" not in rows.columns:
        return [rows]
    parts = [part for _, part in rows.group_by("seed", maintain_order=True)]
    values = [part[value].sort().to_numpy() for part in parts]
    rounding = ROUNDING * max(1.0, *(float(np.abs(v).max()) for v in values))
    same = all(len(v) == len(values[0]) and np.allclose(v, values[0], 0, rounding) for v in values)
    return parts[:1] if same else parts


def _over_items(
    rows: pl.DataFrame, value: str, axis: str, added: float, used: Sequence[str], total: float
) -> tuple[float, tuple[float, float]]:
    """Return F = (added / (levels − 1)) / (rest / freedom), with `rest` what all axes leave."""
    levels = rows[axis].n_unique()
    freedom = len(rows) - 1 - sum(rows[a].n_unique() - 1 for a in used)
    rest = _residual(rows, value, used)
    if rest < ROUNDING * total:
        return (np.inf if added else 0.0), (levels - 1, freedom)
    return (added / (levels - 1)) / (rest / freedom), (levels - 1, freedom)


def _over_seeds(
    seeds: Sequence[pl.DataFrame], value: str, axis: str, others: Sequence[str]
) -> tuple[float, tuple[float, float]]:
    """Return F of an axis against axis × seed, and its degrees of freedom.

    With z (S, L − 1) each seed's contrasts between the levels, orthonormal, F = S Σ z̄² / (tr Σ), where Σ
    is the covariance of z over seeds. Its degrees of freedom are ε (L − 1) and ε (L − 1)(S − 1), with
    ε = (tr Σ)² / ((L − 1) tr Σ²) after Greenhouse and Geisser, since levels need not differ alike.
    """
    levels = pl.concat(seeds)[axis].unique().sort().to_list()
    effects = [_level_effects(part, value, axis, levels, others) for part in seeds]
    if any(effect is None for effect in effects):
        return np.nan, (np.nan, np.nan)
    n, count = len(seeds), len(levels)
    z = np.stack([e for e in effects if e is not None]) @ _contrasts(count)
    covariance = np.atleast_2d(np.cov(z, rowvar=False))
    trace = float(np.trace(covariance))
    common = n * float((z.mean(0) ** 2).sum())
    if trace <= ROUNDING * common:
        return (np.inf if common else 0.0), (count - 1, (count - 1) * (n - 1))
    epsilon = trace**2 / ((count - 1) * float((covariance**2).sum()))
    return common / trace, (epsilon * (count - 1), epsilon * (count - 1) * (n - 1))


def _level_effects(
    rows: pl.DataFrame, value: str, axis: str, levels: Sequence[object], others: Sequence[str]
) -> Matrix | None:
    """Return a seed's effect of each level (L,) beside the other axes, that of the first being 0.

    None where the seed lacks a level, or the axis cannot be told from the others.
    """
    own = np.stack([(rows[axis] == level).to_numpy() for level in levels[1:]], 1).astype(float)
    rest = _design(rows, others)
    both = np.hstack([own, rest])
    if rows[axis].n_unique() < len(levels):
        return None
    if np.linalg.matrix_rank(both) < np.linalg.matrix_rank(rest) + own.shape[1]:
        return None
    fitted = np.linalg.lstsq(both, rows[value].to_numpy(), rcond=None)[0]
    return np.concatenate([[0.0], fitted[: own.shape[1]]])


def _contrasts(count: int) -> Matrix:
    """Return orthonormal contrasts (count, count − 1): columns that sum to zero."""
    q, _ = np.linalg.qr(np.hstack([np.ones((count, 1)), np.eye(count)[:, 1:]]))
    return np.asarray(q[:, 1:])


def _centred(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    return rows.with_columns(pl.col(value) - pl.col(value).mean())


def _added(rows: pl.DataFrame, value: str, axis: str, others: Sequence[str], total: float) -> float:
    """Return by how much the residual sum of squares grows without `axis`; rounding counts as 0."""
    added = _residual(rows, value, others) - _residual(rows, value, [*others, axis])
    return added if added > ROUNDING * total else 0.0


def _residual(rows: pl.DataFrame, value: str, axes: Sequence[str]) -> float:
    """Return the residual sum of squares on an intercept and the axes' levels."""
    y, design = rows[value].to_numpy(), _design(rows, axes)
    return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())


def _design(rows: pl.DataFrame, axes: Sequence[str]) -> Matrix:
    """Return an intercept and the axes' levels, one left out each."""
    parts = [np.ones((len(rows), 1))]
    for axis in axes:
        parts.append(rows[axis].cast(pl.String).to_dummies().to_numpy()[:, 1:].astype(float))
    return np.hstack(parts)
