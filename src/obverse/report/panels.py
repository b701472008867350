"""Small panels side by side: curves with bands, and heat maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import number
from obverse.report.figures import PALETTE, STROKES, colours, spread
from obverse.report.groups import Metric

MOST_SERIES = len(PALETTE)
MOST_PANELS = 18
FEW = 5  # series among which thin lines of seeds can still be followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An x axis; `starts` are the places at which what is named begins (a stage)."""

    title: str
    log: bool = False
    starts: Mapping[str, float] = field(default_factory=dict)


def curves(made: pl.DataFrame, seeds: pl.DataFrame, metric: Metric, axis: Axis) -> alt.TopLevelMixin:
    """Draw `mean` over `x`, a colour for each `series` and a panel for each `panel`, on the same axes.

    Args:
        made: x, mean, low, high, chance, series, panel.
        seeds: x, value, series, panel of each seed alone.
    """
    panels = made["panel"].unique(maintain_order=True).to_list()
    names = made["series"].unique(maintain_order=True).to_list()
    scales = _scales(made, metric, axis)
    width = 460 if len(panels) == 1 else 330 if len(panels) <= 4 else 210
    drawn = [
        _panel(
            made.filter(pl.col("panel") == panel), seeds.filter(pl.col("panel") == panel), panel, names,
            metric, axis, scales,
        ).properties(width=width, height=220 if len(panels) <= 4 else 150, title=panel)
        for panel in panels
    ]  # fmt: skip
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= 4 else 3
    return alt.concat(*drawn, columns=columns, spacing=22)


def _scales(made: pl.DataFrame, metric: Metric, axis: Axis) -> dict[str, alt.Scale]:
    known = made.drop_nulls("mean")
    lows, highs = (known[end].fill_null(known["mean"]) for end in ("low", "high"))
    ends = [*lows, *highs, *known["chance"].drop_nulls()]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if metric.bounds is not None and metric.bounds[0] == 0:
        low = 0.0
    return {
        "x": alt.Scale(
            domain=[min(made["x"]), max(made["x"])], nice=False, type="log" if axis.log else "linear"
        ),
        "y": alt.Scale(domain=[low, high if high > low else low + 1], nice=metric.bounds != (0, 1)),
    }


def _panel(
    made: pl.DataFrame,
    seeds: pl.DataFrame,
    panel: str,
    names: Sequence[str],
    metric: Metric,
    axis: Axis,
    scales: Mapping[str, alt.Scale],
) -> alt.LayerChart:
    ticks = (
        {"format": "~s", "labelOverlap": "greedy", "labelSeparation": 8}
        if axis.log
        else {"tickMinStep": 1}
    )
    x = alt.X("x:Q", title=axis.title, scale=scales["x"], axis=alt.Axis(**ticks))

    def y(column: str) -> alt.Y:
        return alt.Y(f"{column}:Q", title=metric.title, scale=scales["y"])

    colour: Any = alt.Color(
        "series:N", scale=colours(names), title=None, legend=STROKES if len(names) > 1 else None
    )
    known = made.drop_nulls("mean").select("x", "mean", "low", "high", "chance", "series")
    base = alt.Chart(known).encode(x=x, color=colour)
    layers: list[alt.Chart] = []
    if known["chance"].drop_nulls().len():
        level = (
            known.group_by("series", maintain_order=True).agg(pl.col("chance").mean())["chance"].unique()
        )
        rule = alt.Chart(pl.DataFrame({"chance": level.sort()}))
        layers.append(rule.mark_rule(color="#9a9a9a", strokeDash=[4, 3]).encode(y=y("chance")))
    if axis.starts:
        layers += _starts(axis, scales["x"])
    layers.append(base.mark_area(opacity=0.13).encode(y=y("low"), y2="high:Q"))
    if seeds["seed"].n_unique() > 1 and len(names) <= FEW:
        drawn = spread(seeds["seed"].unique().sort().to_list())
        lines = seeds.filter(pl.col("seed").is_in(drawn)).select("x", "value", "series", "seed")
        thin = alt.Chart(lines).encode(x=x, color=colour)
        layers.append(thin.mark_line(strokeWidth=0.7, opacity=0.5).encode(y=y("value"), detail="seed:N"))
    layers.append(base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=26)).encode(y=y("mean")))
    return alt.LayerChart(layer=layers)


def _starts(axis: Axis, scale: alt.Scale) -> list[alt.Chart]:
    """Return a line where each stage but the first begins, and every stage's name beside its start."""
    table = pl.DataFrame({"stage": list(axis.starts), "x": list(axis.starts.values())})
    x = alt.X("x:Q", scale=scale)
    lines = alt.Chart(table.filter(pl.col("x") > 0)).mark_rule(color="#bbb").encode(x=x)
    names = alt.Chart(table).mark_text(
        align="left", baseline="top", dx=3, dy=-12, color="#666", fontSize=10
    )
    return [lines, names.encode(x=x, y=alt.value(0), text="stage:N")]


def heat_maps(made: pl.DataFrame, metric: Metric, titles: Sequence[str]) -> alt.TopLevelMixin:
    """Draw `mean` as the colour and the text of cells at `x` and `y`, a map for each `panel`.

    Args:
        titles: of the x and the y axis.
    """
    known = made.drop_nulls("mean")
    low, high = min(known["mean"], default=0.0), max(known["mean"], default=1.0)
    high = high if high > low else low + 1
    middle = (low + high) / 2
    colour = alt.Color(
        "mean:Q", title=metric.title, scale=alt.Scale(scheme="viridis", domain=[low, high], reverse=True),
        legend=alt.Legend(titleLimit=300, orient="top", gradientLength=200),
    )  # fmt: skip
    drawn = []
    for panel in made["panel"].unique(maintain_order=True).to_list():
        cells = known.filter(pl.col("panel") == panel).select("x", "y", "mean")
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
            base.mark_rect().encode(color=colour),
            base.mark_text(fontSize=11).encode(text="text:N", color=ink),
        ]
        chart = alt.LayerChart(layer=layers)
        drawn.append(chart.properties(width=alt.Step(48), height=alt.Step(30), title=panel))
    return alt.concat(*drawn, columns=3 if len(drawn) > 2 else 2, spacing=22)
