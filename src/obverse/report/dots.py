"""Dots: a mean with its interval, each seed's own value, chance and the paper's number side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import number
from obverse.report.figures import BLACK, GREEN, spread_rows
from obverse.report.marks import (
    QUIET,
    SAID,
    Bounds,
    cut_to,
    described,
    domain,
    levels_of,
    names_of,
    upright,
)

MANY = 6  # seeds; of more the dots are jittered
SEEDS, PAPER = -8.0, 10.0  # pixels from the mean, on its left and on its right
GOLDEN = 0.618034  # multiples of it, modulo 1, are spread evenly and never meet


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stands on the x axis of dots.

    Attributes:
        column, order: the categories, and in which order they stand.
        series: the column that tells dots apart within a category, if there is one, and `kinds` its
            values.
        panels: the columns that a caller makes facets of.
        band: pixels of a category.
        title: of the axis.
    """

    column: str
    order: Sequence[str]
    series: str | None = None
    kinds: Sequence[str] = ()
    panels: Sequence[str] = ()
    band: float = 70
    title: str | None = None
    axis: alt.Axis | None = None
    facts: str = "facts"

    @property
    def keys(self) -> list[str]:
        own = [] if self.series is None or self.series == self.column else [self.series]
        return [*self.panels, self.column, *own]

    @property
    def gap(self) -> float:
        """Pixels of a series."""
        return self.band / max(1, len(self.kinds) if len(self.keys) > len(self.panels) + 1 else 1)


def dots(
    means: pl.DataFrame,
    seeds: pl.DataFrame,
    title: str,
    row: Row,
    color: Any,
    *,
    bounds: Bounds | None = None,
    levels: Sequence[float] = (),
    margins: Sequence[float] = (),
    height: float = 230,
) -> alt.LayerChart:
    """Draw means as dots with intervals, seeds on their left, the paper's numbers on their right.

    Args:
        means: `group_means` by the row's keys; with `chance`, `criterion` (of a claim) and `paper` as far
            as they are known.
        seeds: `of_seeds` by the same.
        title: of the y axis, with the unit.
        bounds: between which all values lie, where that is known.
        levels, margins: numbers at which a grey line (no learning) or a green one (a criterion) is drawn
            through the whole panel.
    """
    for name in ("chance", "criterion", "paper"):
        if name not in means.columns:
            means = means.with_columns(pl.lit(None, pl.Float64).alias(name))
    means = means.drop_nulls("mean")
    beside = [v for name in ("chance", "criterion", "paper") for v in means[name].drop_nulls()]
    also = [*levels, *margins, *beside]
    ends = domain(means, seeds, bounds, also)
    table = pl.concat(
        [
            *_means(means, row, ends),
            *_seeds(seeds, row),
            levels_of(means, row.panels, "level", levels),
            levels_of(means, row.panels, "margin", margins),
        ],
        how="diagonal_relaxed",
    )
    half = row.band / 2
    shift = alt.Scale(domain=[-half, half], range=[0, row.band], nice=False, zero=False, clamp=True)
    axis = row.axis or alt.Axis(labelAngle=0)
    shared: dict[str, Any] = {
        "x": alt.X(
            f"{row.column}:N", sort=list(row.order), title=row.title, axis=axis,
            scale=alt.Scale(paddingInner=0, paddingOuter=0, domain=list(row.order)),
        ),
        "xOffset": alt.XOffset("shift:Q", scale=shift),
    }  # fmt: skip
    y = upright(title, ends)
    base = alt.Chart(table).encode(**shared)

    def of(kind: str) -> alt.Chart:
        return base.transform_filter(f"datum.kind == '{kind}'")

    rule = alt.Chart(table)
    drawn = {
        "level": rule.transform_filter("datum.kind == 'level'")
        .mark_rule(color="#8a8a8a", strokeDash=[4, 3], **QUIET).encode(y=y),
        "margin": rule.transform_filter("datum.kind == 'margin'")
        .mark_rule(color=GREEN, strokeDash=[6, 3], **QUIET).encode(y=y),
        "chance": of("chance").mark_tick(color="#8a8a8a", thickness=2, width=row.gap * 0.8)
        .encode(y=y, description=SAID),
        "criterion": of("criterion").mark_tick(color=GREEN, thickness=2, width=row.gap * 0.8)
        .encode(y=y, description=SAID),
        "seed": of("seed").mark_circle(size=18, opacity=0.75, color=BLACK).encode(y=y, description=SAID),
        "mean": of("mean").mark_point(filled=True, size=70, opacity=1)
        .encode(y=y, color=color, description=SAID),
        "paper": of("paper").mark_point(shape="diamond", size=70, strokeWidth=1.6, color=BLACK)
        .encode(y=y, description=SAID),
    }  # fmt: skip
    layers = [layer for kind, layer in drawn.items() if kind in table["kind"]]
    interval = of("mean").transform_filter("isValid(datum.low_shown)").mark_rule(strokeWidth=2, **QUIET)
    if "low_shown" in table.columns and table["low_shown"].drop_nulls().len():
        layers.append(
            interval.encode(y=upright(title, ends, "low_shown"), y2="high_shown:Q", color=color)
        )
    return alt.LayerChart(layer=layers, data=table).properties(
        width=row.band * len(row.order), height=height
    )


def _centre(row: Row) -> pl.Expr:
    """Return how far the centre of a series lies from that of its category, in pixels."""
    if len(row.keys) == len(row.panels) + 1 or row.series is None:
        return pl.lit(0.0)
    middle = (len(row.kinds) - 1) / 2
    places = {kind: (place - middle) * row.gap for place, kind in enumerate(row.kinds)}
    return pl.col(row.series).replace_strict(places, return_dtype=pl.Float64)


def _means(means: pl.DataFrame, row: Row, ends: Sequence[float]) -> list[pl.DataFrame]:
    """Return rows of means, of chance and of the paper's numbers."""
    made = described(cut_to(means, ends), row.keys, row.facts)
    found = [made.with_columns(_centre(row).alias("shift"), pl.lit("mean").alias("kind"))]
    for kind, beside, words in (
        ("chance", 0.0, "chance"), ("criterion", 0.0, "criterion of the claim"),
        ("paper", PAPER, "the paper"),
    ):  # fmt: skip
        known = means.drop_nulls(kind).select(*row.keys, pl.col(kind).alias("mean"))
        said = [
            f"{names_of(one, row.keys)}, {words}: {number(one['mean'])}"
            for one in known.iter_rows(named=True)
        ]
        found.append(
            known.with_columns(
                pl.Series("said", said, dtype=pl.String),
                (_centre(row) + beside).alias("shift"),
                pl.lit(kind).alias("kind"),
            )
        )
    return found


def _seeds(seeds: pl.DataFrame, row: Row) -> list[pl.DataFrame]:
    """Return rows of each seed's own value, on the left of the mean; of many they are jittered."""
    if seeds["seed"].n_unique() < 2:
        return []
    some = spread_rows(seeds, row.keys, "mean")
    place = pl.int_range(pl.len()).over(row.keys)
    wide = 6.0 if seeds["seed"].n_unique() > MANY else 0.0
    jitter = ((place * GOLDEN) % 1 - 0.5) * wide
    made = described(some, row.keys)
    return [
        made.with_columns((_centre(row) + SEEDS + jitter).alias("shift"), pl.lit("seed").alias("kind"))
    ]
