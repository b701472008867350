"""Curves: means over an axis, each seed's own as thin lines, and intervals beside the points."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import number
from obverse.report.figures import GREEN, spread
from obverse.report.marks import (
    QUIET,
    SAID,
    Bounds,
    cut_to,
    described,
    domain,
    levels_of,
    names_of,
    short,
    upright,
)

FEW = 8  # places on an axis at each of which an interval is drawn; of more at the last alone
MOST_LINES = 200  # of single seeds in a figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How lines look, and by what they differ.

    Attributes:
        x: the axis of the column `at`.
        color, dash: encodings of lines.
        series: the columns that tell lines apart within a panel, of which `color` and `dash` are.
        panels: the columns that a caller makes facets of.
        facts: what the facts are called in the descriptions.
        dodged: whether series stand beside one another, so that curves that coincide are all seen.
    """

    x: alt.X
    at: str
    color: Any
    series: Sequence[str]
    panels: Sequence[str] = ()
    dash: Any = None
    facts: str = "facts"
    dodged: bool = False

    @property
    def encodings(self) -> dict[str, Any]:
        return {"x": self.x, "color": self.color}

    @property
    def dashes(self) -> dict[str, Any]:
        return {} if self.dash is None else {"strokeDash": self.dash}


def lines(
    means: pl.DataFrame,
    seeds: pl.DataFrame | None,
    title: str,
    look: Look,
    *,
    bounds: Bounds | None = None,
    levels: Sequence[float] = (),
    margins: Sequence[float] = (),
) -> alt.LayerChart:
    """Draw means as lines, each seed's own as thin ones, and intervals at the right of the points.

    Args:
        means: `group_means` by the panels, the series and `at`, in their order.
        seeds: `of_seeds` by the same.
        title: of the y axis, with the unit.
        bounds: between which all values lie, where that is known.
        levels, margins: numbers at which a grey line (chance) or a green one (a criterion) is drawn.
    """
    means = means.drop_nulls("mean").filter(pl.col("mean").is_finite())
    ends = domain(means, seeds, bounds, [*levels, *margins])
    table = pl.concat(
        [
            _points(means, look, ends),
            *_seeds(means, seeds, look),
            levels_of(means, look.panels, "level", levels),
            levels_of(means, look.panels, "margin", margins),
        ],
        how="diagonal_relaxed",
    )
    y, low = upright(title, ends), upright(title, ends, "low_shown")
    base = alt.Chart(table)
    layers = [
        _of(base, kind).mark_rule(color=color, strokeDash=dash, **QUIET).encode(y=y)
        for kind, color, dash in (("level", "#8a8a8a", [4, 3]), ("margin", GREEN, [6, 3]))
        if kind in table["kind"]
    ]
    layers += _each_seed(table, base, look, y)
    layers += _means(table, base, look, y, low)
    return alt.LayerChart(layer=layers, data=table)


def _of(chart: alt.Chart, kind: str) -> alt.Chart:
    return chart.transform_filter(f"datum.kind == '{kind}'")


def _points(means: pl.DataFrame, look: Look, ends: Sequence[float]) -> pl.DataFrame:
    """Return the rows of means, with what is drawn of their intervals, and what they say."""
    apart = [*look.panels, *look.series]
    if means[look.at].n_unique() <= FEW:
        whisker = pl.lit(True)
    else:
        last = pl.col(look.at).last()
        whisker = pl.col(look.at) == (last.over(apart) if apart else last)
    said = described(cut_to(means, ends), [*apart, look.at], look.facts)
    return said.with_columns(pl.lit("mean").alias("kind"), whisker.alias("whisker"))


def _seeds(means: pl.DataFrame, seeds: pl.DataFrame | None, look: Look) -> list[pl.DataFrame]:
    """Return the rows of each seed, of at most MOST_LINES lines, with what a whole line says."""
    if seeds is None or seeds["seed"].n_unique() < 2:
        return []
    apart = [*look.panels, *look.series]
    n_lines = means.select(apart).n_unique() if apart else 1
    chosen = spread(seeds["seed"].unique().sort().to_list(), max(10, MOST_LINES // n_lines))
    some = described(seeds.filter(pl.col("seed").is_in(chosen)), [*apart, look.at])
    said: dict[tuple[Any, ...], str] = {}
    by = [*apart, "seed"]
    for key, line in some.group_by(by, maintain_order=True):
        ends = [
            f"{number(row['mean'])} at {look.at.replace('_', ' ')} {short(row[look.at])}"
            for row in (line.row(0, named=True), line.row(-1, named=True))
        ]
        said[key] = f"{names_of(line.row(0, named=True), apart)}: from {ends[0]} to {ends[1]}"
    texts = [said[key] for key in some.select(by).iter_rows()]
    return [some.with_columns(pl.Series("line", texts, dtype=pl.String), pl.lit("seed").alias("kind"))]


def _each_seed(table: pl.DataFrame, base: alt.Chart, look: Look, y: alt.Y) -> list[alt.Chart]:
    if "seed" not in table["kind"]:
        return []
    seed = _of(base, "seed")
    thin = seed.mark_line(strokeWidth=0.8, opacity=0.45).encode(
        **look.encodings, **look.dashes, y=y, description=alt.Description("line:N"),
        detail=[*(f"{name}:N" for name in look.series), "seed:N"],
    )  # fmt: skip
    if table.filter(pl.col("kind") == "mean")[look.at].n_unique() > FEW:
        return [thin]
    dots = seed.mark_circle(size=14, opacity=0.55).encode(**look.encodings, y=y, description=SAID)
    return [thin, dots]


def _means(table: pl.DataFrame, base: alt.Chart, look: Look, y: alt.Y, low: alt.Y) -> list[alt.Chart]:
    """Return lines, points and intervals; those of different series beside one another."""
    mean = _of(base, "mean")
    line = mean.mark_line(strokeWidth=2.2, **QUIET)
    made = [
        line.encode(**look.encodings, **look.dashes, y=y, detail=[f"{name}:N" for name in look.series])
    ]
    of_means = table.filter(pl.col("kind") == "mean")
    chosen = _by_series(mean, of_means, look.series)
    for place, one in enumerate(chosen if look.dodged else [mean]):
        beside = 5 * (place - (len(chosen) - 1) / 2) if look.dodged else 0
        point = one.mark_point(filled=True, size=28, opacity=1, xOffset=beside)
        made.append(point.encode(**look.encodings, y=y, description=SAID))
    if of_means["low_shown"].drop_nulls().is_empty():
        return made
    for place, one in enumerate(chosen):
        rule = one.transform_filter("datum.whisker && isValid(datum.low_shown)").mark_rule(
            strokeWidth=1.4, xOffset=5 + 3 * place, **QUIET
        )
        made.append(rule.encode(**look.encodings, **look.dashes, y=low, y2="high_shown:Q"))
    return made


def _by_series(chart: alt.Chart, means: pl.DataFrame, series: Sequence[str]) -> list[alt.Chart]:
    """Return a chart for each series, in their order."""
    if not series:
        return [chart]
    rows = means.select(series).unique(maintain_order=True).iter_rows(named=True)
    tests = [
        [f"datum[{_written(name)}] === {_written(value)}" for name, value in row.items()] for row in rows
    ]
    return [chart.transform_filter(" && ".join(test)) for test in tests]


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # as data have it, so that both are drawn alike
