"""A figure that both pages of this folder have: means with intervals, and each seed's own as a dot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.experiments.relations.claims import WORDINGS
from obverse.report.dots import Row, dots
from obverse.report.marks import intervals, of_seeds
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
    rows: pl.DataFrame,
    metric: str,
    title: str,
    marks: Marks,
    bounds: Bounds | None = None,
    margin: float | None = None,
) -> alt.FacetChart:
    """Return a panel for each value of `panel`: means with 95 % intervals, and seeds as dots.

    A grey tick stands at chance, or, of a metric without bounds, a line at 0; green ones stand a claim's
    `margin` away from them.
    """
    keys = [marks.panel, marks.x]
    means = group_means(rows, keys, metric, bounds=bounds, clusters=WORDINGS)
    levels: list[float] = [0.0]
    if bounds:
        levels = []
        chance = rows.group_by(keys).agg(pl.col("chance").mean())
        means = means.join(chance, on=keys, how="left", maintain_order="left")
        if margin is not None:
            means = means.with_columns(criterion=pl.col("chance") + margin)
    names = list(marks.colours)
    row = Row(column=marks.x, order=names, panels=[marks.panel], band=36, axis=alt.Axis(labelAngle=-35))
    colour = alt.Color(
        f"{marks.x}:N", legend=None, scale=alt.Scale(domain=names, range=list(marks.colours.values()))
    )
    layers = dots(
        means, of_seeds(rows, keys, metric), title, row, colour, bounds=bounds, levels=levels,
        margins=[-margin, margin] if margin is not None and not bounds else [], height=150,
    )  # fmt: skip
    drawn: alt.FacetChart = layers.facet(
        facet=alt.Facet(f"{marks.panel}:N", sort=list(marks.panels), title=None), columns=marks.columns
    )
    return drawn


def counted(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on."""
    seeds = rows["seed"].n_unique()
    wordings = rows["opening"].n_unique()
    return (
        f"n = {count(rows['fact'].n_unique(), 'fact')}, {count(seeds, 'seed')}, "
        f"{count(wordings, 'held-out wording')}; large dots: means, small ones: each seed; "
        f"{intervals(seeds, 'facts, seeds and wordings')}"
    )
