"""What the figures of implicit meta-learning have in common: names, colours, places and panels."""

from collections.abc import Iterable, Sequence, Set
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count, whole
from obverse.report.figures import AMBER, BLUE, GREEN, GREY, ORANGE, PINK, SKY, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import QUIET, Bounds, intervals, of_seeds
from obverse.stats.summary import group_means

# What is asked, as the observations call it and as the page does.
ASKED = {
    "question": "questions not trained",
    "attribution": "entity attribution",
    "told": "entity of the false definition",
}
BELIEVED = ("question", "attribution")
WHERE = ["model", "variant"]
COLOURS = {
    "D1cons-QA1": BLUE, "D2incons-QA2": ORANGE, "D9incons-QA9": PINK, "D10cons-QA10": SKY,
    "QA3": GREY, "QA4": AMBER, "D5cons": BLUE, "D6cons": ORANGE, "D8cons": GREEN, "QA7": GREY,
}  # fmt: skip
SUBSETS = list(COLOURS)
DASHED = ("D5cons", "D6cons", "D8cons", "QA7")  # X2; the others are X1
PANELS_A_ROW = 3
SINCE = "Epoch from Stage 1 on"


def with_place(observations: pl.DataFrame) -> pl.DataFrame:
    """Add `place`, epochs from Stage 1 on, and `trunk`: whether it is a stage before Stage 2."""
    stages = observations.filter(pl.col("stage") != "Stage 0")
    lengths = (
        stages.group_by(*WHERE, "stage", maintain_order=True)
        .agg(pl.col("epoch").max().alias("length"))
        .sort("stage", maintain_order=True)
        .with_columns(pl.col("length").cum_sum().over(WHERE).sub(pl.col("length")).alias("before"))
    )
    joined = stages.with_columns(pl.col("variant").fill_null("")).join(
        lengths.with_columns(pl.col("variant").fill_null("")),
        on=[*WHERE, "stage"],
        how="left",
        maintain_order="left",
    )
    return joined.with_columns(
        (pl.col("epoch") + pl.col("before")).alias("place"), (pl.col("stage") != "Stage 2").alias("trunk")
    )


def with_panel(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the title of a panel: the variant, after the model's name where `rows` have several."""
    model, variant = pl.col("model"), pl.col("variant")
    named = pl.concat_str(model, pl.lit(": "), variant) if rows["model"].n_unique() > 1 else variant
    return table.with_columns(pl.when(variant == "").then(model).otherwise(named).alias("panel"))


def with_end(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add `end`, the place where Stage 1 ends."""
    ends = rows.filter("trunk").group_by(WHERE).agg(pl.col("place").max().alias("end"))
    return table.join(ends, on=WHERE, how="left", maintain_order="left")


def by_epoch(
    rows: pl.DataFrame, metric: str, title: str, panels: Sequence[str], bounds: Bounds | None,
    levels: Sequence[float] = (), subsets: Sequence[str] = (),
) -> alt.LayerChart:  # fmt: skip
    """Return a line a subset over the epochs, X2 dashed, with a rule at the end of Stage 1.

    Args:
        rows: of `metric` and `end`, the place where Stage 1 ends.
        panels: the columns of which a caller makes facets.
        subsets: that a figure has, where `rows` are of a part of it.
    """
    keys = [*panels, "subset", "place"]
    colour, dash = of_subsets(set(subsets or rows["subset"]), SUBSETS)
    look = Look(
        x=epoch_axis(rows["place"], SINCE), at="place", color=colour, dash=dash, series=["subset"],
        panels=panels, facts="aliases",
    )  # fmt: skip
    table = group_means(rows, keys, metric, bounds=bounds)
    layers = lines(table, of_seeds(rows, keys, metric), title, look, bounds=bounds, levels=levels)
    ends = rows.select(*panels, pl.col("end")).unique(maintain_order=True)
    drawn = layers.data
    assert isinstance(drawn, pl.DataFrame)
    data = pl.concat([drawn, ends.with_columns(kind=pl.lit("end"))], how="diagonal_relaxed")
    end = alt.Chart(data).transform_filter("datum.kind == 'end'")
    rule = end.mark_rule(strokeDash=[2, 2], color="#444", **QUIET).encode(x=alt.X("end:Q"))
    return alt.LayerChart(layer=[*layers.layer, rule], data=data)


def of_subsets(there: Set[str], order: Iterable[str]) -> tuple[alt.Color, alt.StrokeDash]:
    """Return the colour of every subset that is there, and its dashes, in this order."""
    present = [s for s in order if s in there]
    dashes = [[5, 3] if s in DASHED else [1, 0] for s in present]
    shared: dict[str, Any] = {"sort": present, "legend": STROKES, "title": None}
    return (
        alt.Color(
            "subset:N", scale=alt.Scale(domain=present, range=[COLOURS[s] for s in present]), **shared
        ),
        alt.StrokeDash("subset:N", scale=alt.Scale(domain=present, range=dashes), **shared),
    )


def grid(
    chart: alt.LayerChart, rows: Sequence[str], columns: Sequence[str], *, width: int, named: bool = True
) -> alt.FacetChart:
    """Return a panel for each `panel` (a row, with its name unless not `named`) and `part` (a column)."""
    drawn: alt.FacetChart = chart.properties(width=width, height=140).facet(
        row=alt.Row("panel:N", sort=list(rows), title=None, header=alt.Header(labels=named)),
        column=alt.Column("part:N", sort=list(columns), title=None),
    )
    return drawn


def counted(rows: pl.DataFrame) -> str:
    """Return in words how many seeds and aliases a figure shows, and what its intervals are."""
    return f"{how_many(rows)}; {intervals(rows['seed'].n_unique(), 'aliases and seeds')}"


def how_many(rows: pl.DataFrame) -> str:
    """Return in words how many seeds and aliases there are."""
    seeds = rows["seed"].n_unique()
    aliases = rows.filter(pl.col("subset").is_in(["D5cons", "D6cons"]))
    branches = aliases.select("seed", "branch").n_unique()
    facts = aliases.select("seed", "branch", "subset", "fact").n_unique() // max(1, 2 * branches)
    at = aliases.group_by("seed", "branch", "stage", "epoch").agg(pl.struct("subset", "fact").n_unique())
    along = at.filter(pl.col("epoch") < pl.col("epoch").max().over("stage"))["subset"].to_list()
    fewest = min(along, default=2 * facts) // 2
    fewer = f" ({whole(fewest)} before a stage's last epoch)" if fewest < facts else ""
    of = f"of each of D5cons and D6cons in each{fewer}"
    return f"n = {count(seeds, 'seed')}, about {whole(facts)} aliases {of}"
