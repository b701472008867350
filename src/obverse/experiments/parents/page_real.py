"""Figures and tables about real people: Figure 5, pair by pair, and whose word it rests on."""

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from obverse.core.format import count, interval, number
from obverse.core.page import Cell, Column, Figure, Table, Text
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.real_claims import RELATIVES, Recall
from obverse.experiments.parents.world import DIRECTIONS
from obverse.report.dots import Row, dots
from obverse.report.figures import BLUE, GREY, ORANGE
from obverse.report.marks import QUIET, SAID, of_seeds
from obverse.stats.clustered import ClusteredMean
from obverse.stats.summary import group_means, mean

SAMPLES = 4  # of each model and direction


def recall(rows: pl.DataFrame, what: Recall) -> Figure:
    """Draw Figure 5: how well parent and child are found, for each model."""
    data = group_means(rows, ["model", "direction"], "recall", bounds=(0, 1), clusters=RELATIVES)
    models = rows["model"].unique(maintain_order=True).to_list()
    title = f"{what.unit[0].upper()}{what.unit[1:]}, mean over pairs"
    row = Row(column="model", order=models, series="direction", kinds=DIRECTIONS, band=100, facts="pairs")
    color = alt.Color(
        "direction:N", title="asked for",
        scale=alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE]),
    )  # fmt: skip
    seeds = of_seeds(rows, ["model", "direction"], "recall")
    caption = (
        "How well the parent of a child is found, and a child of a parent (the paper's Figure 5). "
        f"{_meaning(rows, what)}n = {count(rows['fact'].n_unique(), 'pair')}; lines are 95 % intervals "
        "over pairs and their relatives. Chance, a name out of all, is next to 0. Who is whose parent: "
        f"{_words(rows)}."
    )
    chart = dots(data, seeds, title, row, color, bounds=(0, 1))
    return Figure(name=f"recall-{what.slug}", chart=chart, caption=caption)


def differences(rows: pl.DataFrame, what: Recall) -> Figure:
    """Draw the distribution of parent minus child over pairs."""
    of_pairs = paired(rows, "recall")
    place = ((pl.col("difference") + 1) * 10).round() / 10 - 1  # the middle of a bin
    bins = of_pairs.group_by("model", place.alias("middle"), maintain_order=True).len().with_columns(
        pl.col("middle").sub(0.05).alias("low"), pl.col("middle").add(0.05).alias("high"),
        pl.lit(0.0).alias("zero"),
    )  # fmt: skip
    said = [
        f"{row['model']}, parent − child about {number(row['middle'], 1)}: {count(row['len'], 'pair')}"
        for row in bins.iter_rows(named=True)
    ]
    base = alt.Chart(bins.with_columns(pl.Series("said", said, dtype=pl.String)))
    scale = alt.Scale(domain=[-1.05, 1.05], nice=False)
    bars = base.mark_bar(color=BLUE, opacity=0.75, binSpacing=1).encode(
        x=alt.X("low:Q", title=f"parent − child, {what.unit}", scale=scale, bin="binned"),
        x2="high:Q",
        y=alt.Y("len:Q", title="pairs"),
        description=SAID,
    )
    zero = base.transform_aggregate(zero="min(zero)", groupby=["model"]).mark_rule(
        color=GREY, strokeDash=[4, 3], **QUIET
    )
    chart = (
        alt.layer(bars, zero.encode(x="zero:Q"), data=base.data)
        .properties(width=180, height=150)
        .facet(facet=alt.Facet("model:N", title=None), columns=3)
    )
    caption = (
        "How much better the parent is found than the child, pair by pair; beyond the dashed line it is. "
        f"n = {count(of_pairs['fact'].n_unique(), 'pair')} with both directions."
    )
    return Figure(name=f"differences-{what.slug}", chart=chart, caption=caption)


def table(recalls: Sequence[Recall], tables: Mapping[str, pl.DataFrame]) -> Table:
    """Return both directions and their difference, for each model and number, and whose word it is."""
    rows: list[Sequence[Cell]] = []
    for what in recalls:
        known = what.of_rows(tables[what.of].filter("final")).drop_nulls("recall")
        for [model], of_model in known.group_by("model", maintain_order=True):
            sides = [
                mean(of_model.filter(direction=asked), "recall", bounds=(0, 1), clusters=RELATIVES)
                for asked in DIRECTIONS
            ]
            of_pairs = paired(of_model, "recall")
            apart = mean(of_pairs, "difference", bounds=(-1, 1), clusters=RELATIVES)
            numbers = [cell for estimate in (*sides, apart) for cell in _cells(estimate)]
            pairs = str(of_model["fact"].n_unique())
            rows.append([str(model), what.unit, *numbers, pairs, _words(of_model)])
    titles = ("parent", "95 %", "child", "95 %", "parent − child", "95 %", "pairs")
    return Table(
        columns=[
            Column(title="model"), Column(title="what"),
            *(Column(title=title, numeric=True) for title in titles),
            Column(title="whose word the truth is"),
        ],
        rows=rows,
        note="A direction of which there is nothing is missing. Of the pairs that a model has named "
        "itself it finds every parent, by construction.",
    )  # fmt: skip


def _cells(estimate: ClusteredMean | None) -> tuple[str, str]:
    if estimate is None:
        return number(None), interval(None, None)
    return number(estimate.value), interval(*estimate.interval())


def samples(tables: Mapping[str, pl.DataFrame]) -> list[Text | Figure | Table]:
    """Return answers, where models were asked."""
    shown = {
        "sample": ("target", "share", "right_answer", "wrong_answer", "truth"),
        "ask": ("target", "likelihood", "rank", "generation", "truth"),
    }
    found: list[Text | Figure | Table] = []
    for name, columns in shown.items():
        if name not in tables:
            continue
        rows = tables[name].filter("final")
        if name == "ask":
            rows = rows.with_columns(pl.col("logprob").exp().alias("likelihood"))
        picked = rows.group_by("model", "direction", maintain_order=True).head(SAMPLES)
        found.append(
            Table(
                columns=[
                    Column(
                        title=title.replace("_", " "), numeric=title in ("share", "likelihood", "rank")
                    )
                    for title in ("model", "direction", *columns)
                ],
                rows=picked.select("model", "direction", *columns).rows(),
            )
        )
    return found


def _meaning(rows: pl.DataFrame, what: Recall) -> str:
    """Say what the numbers of a file are, which differ between models."""
    if what.of != "reported":
        return f"Drawn is: {what.unit}. "
    once = pl.col("share").is_null() & pl.col("likelihood").is_null()
    kinds = {
        "likelihood of the right completion": pl.col("likelihood").is_not_null(),
        "share of samples that are right": pl.col("share").is_not_null(),
        "whether one sample or more is right": once,
    }
    said = []
    for words, chosen in kinds.items():
        names = rows.filter(chosen)["model"].unique(maintain_order=True).to_list()
        if names:
            said.append(f"{', '.join(names)}: {words}")
    return "; ".join(said) + ". "


def _words(rows: pl.DataFrame) -> str:
    return "; ".join(sorted(set(rows["truth"].to_list())))
