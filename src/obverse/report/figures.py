"""One look for all figures."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Any, TypeVar

import altair as alt
import polars as pl

from obverse.report.lettering import width

# Okabe and Ito's colours, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
AMBER, SKY, BLACK = "#E69F00", "#56B4E9", "#1d1d1f"
PALETTE = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY, BLACK)
MOST_DOTS = 200  # of single seeds in a row: more lie on one another, and a page grows with each
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
# Lines in a legend; without a colour of their own Vega draws the symbols of dashes transparent.
_STROKE: dict[str, Any] = {
    "symbolType": "stroke", "symbolStrokeWidth": 2, "symbolOpacity": 1, "symbolSize": 300,
}  # fmt: skip
STROKES, DASHES = alt.Legend(**_STROKE), alt.Legend(**_STROKE, symbolStrokeColor="#333")
# A whole number as `format.whole` writes it, in millions and billions from ten millions on.
WHOLE = (
    "datum.value >= 1e10 ? format(datum.value / 1e9, ',~r') + 'B' : "
    "datum.value >= 1e7 ? format(datum.value / 1e6, ',~r') + 'M' : format(datum.value, ',')"
)

T = TypeVar("T")


def spread(values: Sequence[T], most: int = MOST_DOTS) -> list[T]:
    """Return at most so many of some values, evenly from the smallest to the largest."""
    if len(values) <= most:
        return list(values)
    ordered, n = sorted(values), len(values)  # type: ignore[type-var]
    return [ordered[i * (n - 1) // (most - 1)] for i in range(most)]


def spread_rows(seeds: pl.DataFrame, by: Sequence[str], value: str = "value") -> pl.DataFrame:
    """Return the rows of at most MOST_DOTS seeds in each group, evenly by their `value`."""
    if seeds.is_empty() or seeds.group_by(by).len()["len"].max() <= MOST_DOTS:  # type: ignore[operator]
        return seeds
    place, n = pl.int_range(pl.len()).over(by), pl.len().over(by)
    step = (place * MOST_DOTS) // n
    kept = (n <= MOST_DOTS) | (step != ((place - 1) * MOST_DOTS) // n) | (place == n - 1)
    return seeds.sort(*by, value).filter(kept)


def counts(column: str, title: str, values: Sequence[float]) -> alt.X:
    """Return a logarithmic axis of large counts, marked where there are values."""
    axis = alt.Axis(values=sorted(set(values)), labelExpr=WHOLE, labelOverlap="greedy", labelSeparation=6)
    scale = alt.Scale(type="log", nice=False, padding=14)
    return alt.X(f"{column}:Q", title=title, scale=scale, axis=axis)


def whole_marks(values: Sequence[float], most: int = 6) -> list[int]:
    """Return whole numbers between the smallest and the largest value, evenly, about `most` of them.

    Vega's own `tickMinStep` of 1 lets halves through, which are then labelled as whole numbers.
    """
    low, high = ceil(min(values, default=0)), floor(max(values, default=0))
    steps = (step * 10**power for power in range(19) for step in (1, 2, 5))
    step = next((step for step in steps if high - low <= most * step), 10**19)
    return list(range(-(-low // step) * step, high + 1, step))


def epoch_axis(values: pl.Series, title: str = "Epoch") -> alt.X:
    """Return the axis of a column of epochs, marked at whole numbers."""
    marks = whole_marks(values.drop_nulls().unique().to_list())
    return alt.X(f"{values.name}:Q", title=title, axis=alt.Axis(values=marks, format="d"))


def reach(
    values: Sequence[float], ends: Sequence[float], most: float = 1.0, pad: float = 0.06
) -> list[float]:
    """Return the ends of an axis: of all values, and of intervals as far as they do not dwarf these.

    Args:
        most: how far beyond the values an interval may widen the axis, as a share of their span.
        pad: what is left free at both ends, as a share of the span.
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    span = (high - low) or abs(high) or 1.0
    near = [min(max(end, low - most * span), high + most * span) for end in ends]
    return [min([low, *near]) - pad * span, max([high, *near]) + pad * span]


def strokes(names: Sequence[str], wide: float = 560) -> alt.Legend:
    """Return a legend of lines in as many columns as these names leave room for."""
    each = max((width(name, 11) for name in names), default=0) + 40
    return alt.Legend(**_STROKE, columns=max(1, min(5, int(wide / each))))


def colours(names: Sequence[str]) -> alt.Scale:
    """Return a colour for each of the names, at most as many as PALETTE has."""
    return alt.Scale(domain=list(names), range=list(PALETTE[: len(names)]))


# What is common to all figures, as Vega-Lite takes it.
STYLE: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 6,
    "view": {"stroke": None},
    "facet": {"spacing": 24},
    "concat": {"spacing": 24},
    "axis": {
        "grid": True, "gridColor": "#ececec", "domainColor": "#888", "tickColor": "#888",
        "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 220,
        "labelSeparation": 6,  # of numbers; every second one goes where they would come closer
    },
    "legend": {
        "orient": "top", "columns": 5, "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "labelLimit": 300, "columnPadding": 14,
        # Room between legends: the schema of Vega-Lite does not know of it, Vega does.
        "layout": {"top": {"direction": "horizontal", "anchor": "start", "margin": 28}},
    },
    "header": {
        "labelFontSize": 12, "titleFontSize": 12, "labelFontWeight": "bold", "labelLimit": 300,
    },
    "title": {"fontSize": 12, "fontWeight": "bold", "anchor": "start"},
}  # fmt: skip


def styled(chart: Any) -> Any:
    """Return a chart of altair in this look, for a notebook."""
    made = chart.copy(deep=False)
    legend = {key: value for key, value in STYLE["legend"].items() if key != "layout"}
    made.config = STYLE | {"legend": legend}
    return made
