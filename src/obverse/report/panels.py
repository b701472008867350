"""Small panels side by side: curves with bands, and heat maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import number
from obverse.report.figures import BLUE, PALETTE, WHOLE, colours, strokes, whole_marks
from obverse.report.groups import Metric
from obverse.report.lines import Look, lines
from obverse.report.marks import QUIET, SAID, described

MOST_SERIES = len(PALETTE)
MOST_PANELS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An x axis; `starts` are the places at which what is named begins (a stage)."""

    title: str
    log: bool = False
    starts: Mapping[str, float] = field(default_factory=dict)


def curves(
    made: pl.DataFrame, seeds: pl.DataFrame, metric: Metric, axis: Axis, facts: str = "facts"
) -> alt.TopLevelMixin:
    """Draw `mean` over `x`, a colour for each `series` and a panel for each `panel`, on the same axes.

    Args:
        made: x, mean, low, high, n_facts, n_seeds, chance, series, panel.
        seeds: x, value, series, panel of each seed alone.
        facts: what the facts are called.
    """
    panels = made["panel"].unique(maintain_order=True).to_list()
    names = made["series"].unique(maintain_order=True).to_list()
    known = made.drop_nulls("mean")
    scale = alt.Scale(
        domain=[min(made["x"]), max(made["x"])], nice=False, type="log" if axis.log else "linear"
    )
    ticks: dict[str, Any] = {"labelOverlap": "greedy", "labelSeparation": 8} if axis.log else {}
    if not axis.log and all(float(value).is_integer() for value in made["x"]):
        ticks["values"] = whole_marks(made["x"].to_list())
    x = alt.X("x:Q", title=axis.title, scale=scale, axis=alt.Axis(labelExpr=WHOLE, **ticks))
    several = len(names) > 1
    look = Look(
        x=x, at="x", series=["series"] if several else [], panels=["panel"], facts=facts,
        color=alt.Color("series:N", scale=colours(names), title=None, legend=strokes(names))
        if several else alt.value(BLUE),
    )  # fmt: skip
    layers = lines(
        known, seeds.rename({"value": "mean"}), metric.title, look, bounds=metric.bounds,
        levels=known["chance"].drop_nulls().unique().sort().to_list(),
    )  # fmt: skip
    if axis.starts:
        layers = alt.LayerChart(layer=[*layers.layer, *_starts(axis, scale)], data=layers.data)
    width = 420 if len(panels) == 1 else 265 if len(panels) <= 4 else 175
    layers = layers.properties(width=width, height=220 if len(panels) <= 4 else 150)
    if len(panels) == 1:
        return layers.properties(title=panels[0])
    columns = 2 if len(panels) <= 4 else 3
    return layers.facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=columns)


def _starts(axis: Axis, scale: alt.Scale) -> list[alt.Chart]:
    """Return a line where each stage but the first begins, and every stage's name beside its start."""
    table = pl.DataFrame({"stage": list(axis.starts), "x": list(axis.starts.values())})
    x = alt.X("x:Q", scale=scale)
    rules = alt.Chart(table.filter(pl.col("x") > 0)).mark_rule(color="#bbb", **QUIET).encode(x=x)
    names = alt.Chart(table).mark_text(
        align="left", baseline="top", dx=3, dy=-12, color="#666", fontSize=10, **QUIET
    )
    return [rules, names.encode(x=x, y=alt.value(0), text="stage:N")]


def heat_maps(
    made: pl.DataFrame, metric: Metric, titles: Sequence[str], facts: str = "facts"
) -> alt.TopLevelMixin:
    """Draw `mean` as the colour and the text of cells at `x` and `y`, a map for each `panel`.

    Args:
        titles: of the x and the y axis.
        facts: what the facts are called.
    """
    named = {"x": titles[0], "y": titles[1]}
    known = made.drop_nulls("mean")
    known = described(known.rename(named), ["panel", *titles], facts).rename(
        {v: k for k, v in named.items()}
    )
    low, high = min(known["mean"], default=0.0), max(known["mean"], default=1.0)
    high = high if high > low else low + 1
    middle = low + 0.55 * (high - low)  # from here on white is easier to read
    colour = alt.Color(
        "mean:Q", title=metric.title, scale=alt.Scale(scheme="viridis", domain=[low, high], reverse=True),
        legend=alt.Legend(titleLimit=300, orient="top", gradientLength=200),
    )  # fmt: skip
    drawn = []
    for panel in made["panel"].unique(maintain_order=True).to_list():
        cells = known.filter(pl.col("panel") == panel).select("x", "y", "mean", "said")
        cells = cells.with_columns(
            text=pl.Series([number(value, 2) for value in cells["mean"]], dtype=pl.String),
            dark=pl.col("mean") > middle,
        )
        base = alt.Chart(cells).encode(
            x=alt.X("x:O", title=titles[0], axis=alt.Axis(labelAngle=0, grid=False)),
            y=alt.Y("y:O", title=titles[1], sort="descending", axis=alt.Axis(grid=False)),
        )
        ink = alt.condition("datum.dark", alt.value("white"), alt.value("#1d1d1f"))
        layers = [
            base.mark_rect().encode(color=colour, description=SAID),
            base.mark_text(fontSize=11, **QUIET).encode(text="text:N", color=ink),
        ]
        chart = alt.LayerChart(layer=layers)
        drawn.append(chart.properties(width=alt.Step(48), height=alt.Step(30), title=panel))
    return alt.concat(*drawn, columns=3 if len(drawn) > 2 else 2, spacing=22)
