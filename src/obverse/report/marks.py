"""What charts are made of: means with intervals beside each seed's own value, and what a mark says.

Every mark that stands for a value has a text, `said`, which becomes its `aria-label`: a reader who hears
the page has it, and one who points at the mark is shown it.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count, number, whole
from obverse.report.figures import reach

SAID = alt.Description("said:N")
QUIET: dict[str, Any] = {"aria": False}  # of a mark that stands for no value of its own: said elsewhere
FEWEST = 3  # seeds of which intervals are drawn: of two they are nearly everything, and hide the rest
Bounds = tuple[float, float]


def of_seeds(rows: pl.DataFrame, by: Sequence[str], metric: str) -> pl.DataFrame:
    """Return each seed's own `mean` of `metric` in each group; missing values are left out."""
    value = pl.col(metric).cast(pl.Float64).mean().alias("mean")
    return rows.drop_nulls(metric).group_by([*by, "seed"], maintain_order=True).agg(value)


def described(
    table: pl.DataFrame, by: Sequence[str], facts: str = "facts", value: str = "mean"
) -> pl.DataFrame:
    """Add `said`: the labels `by`, the value, and interval, n and seed as far as there are columns."""
    said = [_said(row, by, facts, value) for row in table.iter_rows(named=True)]
    return table.with_columns(pl.Series("said", said, dtype=pl.String))


def _said(row: Mapping[str, Any], by: Sequence[str], facts: str, value: str) -> str:
    names = names_of(row, by)
    if row.get("seed") is not None:
        return f"{names}: {number(row[value])}"
    text = f"{names}: {number(row[value])}" if names else number(row[value])
    if _known(row.get("low")) and _known(row.get("high")):
        text += f", 95 % interval {number(row['low'])} to {number(row['high'])}"
    n = [f"{whole(row['n_facts'])} {facts}"] if row.get("n_facts") else []
    n += [count(row["n_seeds"], "seed")] if row.get("n_seeds") else []
    return text + (f", n = {', '.join(n)}" if n else "")


def names_of(row: Mapping[str, Any], by: Sequence[str]) -> str:
    named = [
        row[name] if isinstance(row[name], str) else f"{name.replace('_', ' ')} {short(row[name])}"
        for name in by
        if row[name] is not None and row[name] != ""
    ]
    return ", ".join([*named, *([f"seed {row['seed']}"] if row.get("seed") is not None else [])])


def short(value: object) -> str:
    if isinstance(value, float):
        return whole(int(value)) if value.is_integer() else format(value, ".3g")
    return whole(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _known(value: float | None) -> bool:
    return value is not None and isfinite(value)


def drawn_ends(means: pl.DataFrame) -> list[float]:
    """Return the ends of intervals that are drawn."""
    ends = means.filter(pl.col("n_seeds") != FEWEST - 1).select("low", "high")
    return [float(v) for name in ("low", "high") for v in ends[name] if _known(v)]


def domain(
    means: pl.DataFrame, seeds: pl.DataFrame | None, bounds: Bounds | None, also: Sequence[float] = ()
) -> list[float]:
    """Return the ends of the axis of values: of a share 0 to 1 unless all are small."""
    values = [float(v) for v in means["mean"].drop_nulls() if isfinite(v)]
    values += [] if seeds is None else [float(v) for v in seeds["mean"].drop_nulls() if isfinite(v)]
    if bounds == (0, 1) and max(values, default=1.0) > 0.4:
        return [0.0, 1.0]
    low, high = reach([*values, *also], drawn_ends(means), most=0.5)
    if bounds is not None:  # room at the ends, but none beyond what can be
        low, high = max(low, bounds[0]), min(high, bounds[1])
        low = 0.0 if bounds[0] == 0 else low
    return [low, high if high > low else low + 1]


def upright(title: str, ends: Sequence[float], column: str = "mean") -> alt.Y:
    """Return the axis of values between `ends`, with room for what stands at an end."""
    room = 0.025 * (ends[1] - ends[0])
    share = list(ends) == [0, 1]
    axis = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1]) if share else alt.Axis(tickCount=6)
    scale = alt.Scale(domain=[ends[0] - room, ends[1] + room], nice=False, zero=False)
    return alt.Y(f"{column}:Q", title=title, scale=scale, axis=axis)


def levels_of(
    means: pl.DataFrame, panels: Sequence[str], kind: str, levels: Sequence[float]
) -> pl.DataFrame:
    """Return a row of a `kind` for each panel and number, so that a faceted chart draws each once."""
    numbers = pl.DataFrame(
        {"mean": list(levels), "kind": [kind] * len(levels)},
        schema_overrides={"mean": pl.Float64, "kind": pl.String},
    )
    if not panels:
        return numbers
    return means.select(panels).unique(maintain_order=True).join(numbers, how="cross")


def cut_to(means: pl.DataFrame, ends: Sequence[float]) -> pl.DataFrame:
    """Return means without the intervals of too few seeds, and others as far as an axis shows them."""
    shown = pl.col("n_seeds") != FEWEST - 1
    means = means.with_columns(pl.col("low", "high").cast(pl.Float64))
    return means.with_columns(
        pl.when(shown & pl.col(side).is_finite()).then(pl.col(side).clip(*ends)).alias(f"{side}_shown")
        for side in ("low", "high")
    )


def most_seeds(means: pl.DataFrame) -> int:
    """Return of how many seeds a group of `group_means` has its mean at most."""
    return int(max(means["n_seeds"], default=0))


def intervals(seeds: int, over: str = "") -> str:
    """Say in a caption which intervals are drawn, of so many seeds."""
    if seeds == FEWEST - 1:
        return "of two seeds no intervals are drawn"
    return f"upright lines: 95 % intervals{f' over {over}' if over else ''}, as far as the axis goes"
