"""The figures on the page of experiment 1."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.reversal.claims import TESTED
from obverse.experiments.reversal.dataset import DIRECTIONS, SUBSETS
from obverse.experiments.reversal.page_tables import WORDINGS
from obverse.experiments.reversal.published import TABLE_1, TABLE_1_MODEL
from obverse.report.dots import Row, dots
from obverse.report.figures import BLUE, DASHES, GREY, ORANGE, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import Bounds, group_means

COLOURS = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
PANELS = [
    "NameToDescription, reverse (name)",
    "DescriptionToName, reverse (description)",
    "DescriptionToName, same (name)",
    "NameToDescription, same (description)",
]


def accuracy(final: pl.DataFrame, margin: float) -> Figure:
    """Draw exact match by subset and direction, beside chance, the claims' criterion and GPT-3."""
    keys = ["model", "subset", "direction"]
    means = group_means(final, keys, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    chance = final.group_by("subset").agg(pl.col("chance").mean()).with_columns(
        pl.when(pl.col("subset").is_in(TESTED)).then(pl.col("chance") + margin).alias("criterion")
    )  # fmt: skip
    paper = pl.DataFrame(
        [{"subset": s, "direction": d, "paper": cell.mean} for (s, d), cell in TABLE_1.items()]
    )
    data = means.join(chance, on="subset", how="left", maintain_order="left").join(
        paper, on=["subset", "direction"], how="left", maintain_order="left"
    )
    row = Row(
        column="direction", order=DIRECTIONS, panels=["model", "subset"], band=75,
        title="Direction of the question",
    )  # fmt: skip
    layers = dots(
        data, of_seeds(final, keys, "exact_match"), "Exact match (share of questions)", row,
        alt.Color("direction:N", scale=COLOURS, legend=None), bounds=(0, 1),
    )  # fmt: skip
    faceted = by_column(layers, data, alt.Column("subset:N", sort=list(SUBSETS), title=None))
    caption = (
        "Exact match of greedy answers by subset and direction of the question. Facts of Both were "
        "trained in both orders, so that both are the same direction. Large dots: means; small ones: "
        "each seed. Grey: chance (naming a random candidate); green: what the claims' criterion is, "
        f"{count(round(100 * margin, 6), 'point')} above. Open diamonds: {TABLE_1_MODEL}, published. "
        f"{basis(final)}."
    )
    return Figure(name="accuracy", caption=caption, chart=faceted)


def likelihood(tested: pl.DataFrame) -> Figure:
    """Draw Figure 4 of the paper, with its positive control beside it, on one scale."""
    asked = pl.when(pl.col("subset").eq("NameToDescription") == pl.col("direction").eq("same"))
    rows = tested.with_columns(
        (
            pl.col("subset") + ", " + pl.col("direction") + " ("
            + asked.then(pl.lit("description")).otherwise(pl.lit("name")) + ")"
        ).alias("panel")
    )  # fmt: skip
    answers = {"logprob": "correct", "logprob_control": "random"}
    both = pl.concat(
        rows.with_columns(pl.col(column).alias("value"), pl.lit(answer).alias("answer"))
        for column, answer in answers.items()
    )
    keys = ["model", "panel", "answer"]
    means = group_means(both, keys, "value", bounds=(-inf, 0), clusters=WORDINGS)
    kinds = list(answers.values())
    row = Row(column="answer", order=kinds, panels=["model", "panel"], band=62)
    colour = alt.Color("answer:N", legend=None, scale=alt.Scale(domain=kinds, range=[BLUE, GREY]))
    seeds = of_seeds(both, keys, "value")
    layers = dots(means, seeds, "Mean log-probability (nats)", row, colour, bounds=(-inf, 0))
    header = alt.Header(labelExpr="split(datum.value, ', ')", labelLineHeight=14)
    panel = alt.Column("panel:N", sort=PANELS, title=None, header=header)
    caption = (
        "Mean log-probability of the right answer and of a random other one after held-out prompts "
        "(the paper's Figure 4 is the first panel). In the reverse direction the two should agree; in "
        "the same direction, the positive control, they should not. Large dots: means; small ones: each "
        f"seed. {basis(tested)}."
    )
    return Figure(name="likelihood", caption=caption, chart=by_column(layers, means, panel))


def curves(tested: pl.DataFrame, margin: float) -> Figure:
    """Draw exact match, and right minus random log-probability, over epochs."""
    keys = ["model", "subset", "direction", "epoch"]
    rows = tested.with_columns((pl.col("logprob") - pl.col("logprob_control")).alias("difference"))
    look = Look(
        x=epoch_axis(rows["epoch"]),
        at="epoch",
        color=alt.Color("direction:N", scale=COLOURS, title="direction", legend=STROKES),
        dash=alt.StrokeDash(
            "subset:N", title="subset", legend=DASHES,
            scale=alt.Scale(domain=list(SUBSETS[:2]), range=[[1, 0], [5, 3]]),
        ),
        series=["subset", "direction"],
        panels=["model"],
    )  # fmt: skip
    titles: Mapping[str, tuple[str, Bounds | None, Sequence[float]]] = {
        "exact_match": ("Exact match (share of questions)", (0, 1), ()),
        "difference": ("Right − random log-probability (nats)", None, (-margin, margin)),
    }
    drawn = []
    for metric, (title, bounds, margins) in titles.items():
        data = group_means(rows, keys, metric, bounds=bounds, clusters=WORDINGS)
        layers = lines(
            data, of_seeds(rows, keys, metric), title, look, bounds=bounds, margins=margins
        ).properties(width=250, height=220)
        several = tested["model"].n_unique() > 1
        drawn.append(layers.facet(row=alt.Row("model:N", title=None)) if several else layers)
    caption = (
        "Exact match, and how much likelier the right answer is than a random one, after each epoch (0 "
        "is before training). Thick lines: means; thin ones and small dots: each seed. Green: the margin "
        f"within which two log-probabilities count as the same. {basis(tested)}."
    )
    return Figure(name="curves", caption=caption, chart=alt.hconcat(*drawn))


def by_column(layers: Any, data: pl.DataFrame, column: alt.Column) -> alt.FacetChart:
    """Return a panel for each value of `column`, and a row for each model where there are several."""
    rows = {"row": alt.Row("model:N", title=None)} if data["model"].n_unique() > 1 else {}
    faceted: alt.FacetChart = layers.facet(column=column, **rows).resolve_scale(x="independent")
    return faceted


def basis(rows: pl.DataFrame, over: str = "facts, seeds and prompts") -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    seeds = rows["seed"].n_unique()
    distinct = pl.struct("subset", "fact").n_unique() // max(1, rows["subset"].n_unique())
    facts = sorted(rows.group_by("epoch").agg(distinct.alias("facts"))["facts"].unique())
    along = f" ({facts[0]} before the last epoch)" if len(facts) > 1 else ""
    asked = rows.group_by("model", "seed", "epoch", "subset", "direction", "fact", "order").len()
    per_fact = max(asked["len"].to_list())
    return (
        f"n = {facts[-1]} facts a subset{along} over {count(seeds, 'seed')}, {per_fact} held-out "
        f"prompts a fact and order; {intervals(seeds, over)}"
    )
