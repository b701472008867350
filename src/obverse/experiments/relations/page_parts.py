"""A figure that both pages of this folder have: means with intervals, and each seed's own as a dot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.experiments.relations.claims import WORDINGS
from obverse.stats.summary import Bounds, group_means


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is drawn: `x` and `panel` are columns, `colours` those of the values of x, in their order."""

    x: str
    panel: str
    panels: Sequence[str]
    colours: Mapping[str, str]
    columns: int = 4


def cells(
    rows: pl.DataFrame, metric: str, title: str, marks: Marks, bounds: Bounds | None = None
) -> alt.FacetChart:
    """Return a panel for each value of `panel`: means with 95 % intervals, and seeds as dots.

    A grey tick stands at chance, or, of a metric without bounds, at 0.
    """
    keys = [marks.panel, marks.x]
    means = group_means(rows, keys, metric, bounds=bounds, clusters=WORDINGS)
    chance = rows.group_by(keys).agg(pl.col("chance").mean() if bounds else pl.lit(0.0).alias("chance"))
    seeds = rows.group_by([*keys, "seed"], maintain_order=True).agg(
        pl.col(metric).cast(pl.Float64).mean().alias("mean")
    )
    data = pl.concat([means.join(chance, on=keys, how="left"), seeds], how="diagonal_relaxed")
    names = list(marks.colours)
    base = alt.Chart(data).encode(
        x=alt.X(f"{marks.x}:N", sort=names, title=None, axis=alt.Axis(labelAngle=-35)),
    )
    colour = alt.Color(
        f"{marks.x}:N", legend=None, scale=alt.Scale(domain=names, range=list(marks.colours.values()))
    )
    y: Any = alt.Y("mean:Q", title=title)
    if bounds:
        y = alt.Y("mean:Q", title=title, scale=alt.Scale(domain=list(bounds)))
    of_all = base.transform_filter("datum.seed === null")
    layers = alt.layer(
        of_all.mark_tick(color="#999", thickness=1.5, width=26).encode(y="chance:Q"),
        of_all.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q", color=colour),
        base.transform_filter("datum.seed !== null")
        .mark_circle(size=22, opacity=0.45, color="#444")
        .encode(y="mean:Q"),
        of_all.mark_point(filled=True, size=85, opacity=1).encode(y=y, color=colour),
    ).properties(width=30 * len(names) + 20, height=150)
    drawn: alt.FacetChart = layers.facet(
        facet=alt.Facet(f"{marks.panel}:N", sort=list(marks.panels), title=None), columns=marks.columns
    )
    return drawn


def counted(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on."""
    seeds = rows["seed"].n_unique()
    wordings = rows["opening"].n_unique()
    return (
        f"n = {count(seeds, 'seed')}, {count(wordings, 'held-out wording')}; lines are 95 % "
        "intervals over facts, seeds and wordings, dots the seeds' own values"
    )
