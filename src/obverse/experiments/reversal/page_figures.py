"""The figures on the page of experiment 1."""

from collections.abc import Sequence
from math import inf
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.reversal.dataset import DIRECTIONS, SUBSETS
from obverse.experiments.reversal.page_tables import WORDINGS
from obverse.experiments.reversal.published import TABLE_1, TABLE_1_MODEL
from obverse.report.figures import BLUE, GREY, ORANGE, STROKES, lines_with_bands
from obverse.stats.summary import group_means

COLOURS = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
PANELS = [
    "NameToDescription, reverse (name)",
    "DescriptionToName, reverse (description)",
    "DescriptionToName, same (name)",
    "NameToDescription, same (description)",
]


def accuracy(final: pl.DataFrame) -> Figure:
    """Draw exact match by subset and direction, beside chance and GPT-3."""
    means = group_means(
        final, ["model", "subset", "direction"], "exact_match", bounds=(0, 1), clusters=WORDINGS
    )
    chance = final.group_by("subset").agg(pl.col("chance").mean())
    paper = pl.DataFrame(
        [{"subset": s, "direction": d, "paper": cell.mean} for (s, d), cell in TABLE_1.items()]
    )
    data = means.join(chance, on="subset", how="left").join(paper, on=["subset", "direction"], how="left")
    panels = alt.Chart(data).encode(
        x=alt.X("direction:N", sort=list(DIRECTIONS), title=None, axis=alt.Axis(labelAngle=0))
    )
    colour = alt.Color("direction:N", scale=COLOURS, legend=None)
    layers = _with_intervals(
        panels,
        panels.mark_bar(opacity=0.75, width=34).encode(color=colour),
        alt.Y("mean:Q", title="Exact match (share of questions)", scale=alt.Scale(domain=[0, 1])),
        panels.mark_tick(color=GREY, thickness=1.5, width=56).encode(y="chance:Q"),
        panels.mark_point(shape="diamond", size=70, filled=True, color="black").encode(y="paper:Q"),
    ).properties(width=190, height=240)
    column = alt.Column("subset:N", sort=list(SUBSETS), title=None)
    faceted = by_column(layers, data, column).resolve_scale(x="independent")
    caption = (
        "Exact match of greedy answers by subset and direction of the question. Facts of Both were "
        "trained in both orders, so that both are the same direction. Grey line: chance (naming a "
        f"random candidate). Diamonds: {TABLE_1_MODEL}, published. {basis(final)}."
    )
    return Figure(name="accuracy", caption=caption, chart=faceted)


def likelihood(tested: pl.DataFrame) -> Figure:
    """Draw Figure 4 of the paper, with its positive control beside it."""
    keys = ["model", "subset", "direction"]
    both = [
        group_means(tested, keys, column, bounds=(-inf, 0), clusters=WORDINGS).with_columns(
            pl.lit(label).alias("answer")
        )
        for column, label in (("logprob", "correct"), ("logprob_control", "random"))
    ]
    asked = pl.when(pl.col("subset").eq("NameToDescription") == pl.col("direction").eq("same"))
    data = pl.concat(both, how="vertical_relaxed").with_columns(
        (
            pl.col("subset") + ", " + pl.col("direction") + " ("
            + asked.then(pl.lit("description")).otherwise(pl.lit("name")) + ")"
        ).alias("panel")
    )  # fmt: skip
    models = data["model"].n_unique()
    base = alt.Chart(data).encode(
        x=alt.X("model:N", title=None, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("answer:N", sort=["correct", "random"]),
        color=alt.Color(
            "answer:N",
            title="answer scored",
            scale=alt.Scale(domain=["correct", "random"], range=[BLUE, GREY]),
        ),
    )
    layers = _with_intervals(
        base,
        base.mark_point(filled=True, size=70, opacity=1),
        alt.Y("mean:Q", title="Mean log-probability (nats)", scale=alt.Scale(zero=False)),
    ).properties(width=max(125, 70 * models), height=220)
    panel = alt.Facet("panel:N", sort=PANELS, title=None)
    caption = (
        "Mean log-probability of the right answer and of a random other one after held-out prompts "
        "(the paper's Figure 4 is the first panel). In the reverse direction the two should agree; in "
        f"the same direction, the positive control, they should not. {basis(tested)}."
    )
    return Figure(
        name="likelihood",
        caption=caption,
        chart=layers.facet(facet=panel, columns=4 if models == 1 else 2).resolve_scale(y="independent"),
    )


def curves(tested: pl.DataFrame) -> Figure:
    """Draw exact match, and right minus random log-probability, over epochs."""
    keys = ["model", "subset", "direction", "epoch"]
    difference = tested.with_columns((pl.col("logprob") - pl.col("logprob_control")).alias("difference"))
    panels: Sequence[tuple[str, pl.DataFrame]] = [
        (
            "Exact match (share of questions)",
            group_means(tested, keys, "exact_match", bounds=(0, 1), clusters=WORDINGS),
        ),
        (
            "Right − random log-probability (nats)",
            group_means(difference, keys, "difference", clusters=WORDINGS),
        ),
    ]
    several = tested["model"].n_unique() > 1
    dashes = alt.Scale(domain=list(SUBSETS[:2]), range=[[1, 0], [5, 3]])
    dash = alt.StrokeDash("subset:N", scale=dashes, legend=None)  # vega draws its symbols transparent
    drawn = []
    for title, data in panels:
        layers = lines_with_bands(
            data,
            title,
            lines=[dash],
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("direction:N", scale=COLOURS, title="direction", legend=STROKES),
            detail=alt.Detail("subset:N"),
        ).properties(width=300, height=220)
        drawn.append(layers.facet(row=alt.Row("model:N", title=None)) if several else layers)
    caption = (
        "Exact match, and how much likelier the right answer is than a random one, after each epoch (0 "
        f"is before training). Solid lines: {SUBSETS[0]}; dashed: {SUBSETS[1]}. {basis(tested)}."
    )
    return Figure(name="curves", caption=caption, chart=alt.hconcat(*drawn))


def by_column(layers: Any, data: pl.DataFrame, column: alt.Column) -> alt.FacetChart:
    """Return a panel for each value of `column`, and a row for each model where there are several."""
    rows = {"row": alt.Row("model:N", title=None)} if data["model"].n_unique() > 1 else {}
    faceted: alt.FacetChart = layers.facet(column=column, **rows)
    return faceted


def _with_intervals(
    base: alt.Chart, mark: alt.Chart, y: alt.Y, *beside: alt.Chart
) -> alt.LayerChart | alt.FacetChart:
    """Draw means as `mark`, their intervals as lines, and what they are compared with."""
    interval = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q")
    return alt.layer(mark.encode(y=y), interval, *beside)


def basis(rows: pl.DataFrame, over: str = "facts, seeds and prompts") -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    seeds = rows["seed"].n_unique()
    facts = rows.select("subset", "fact").n_unique() // max(1, rows["subset"].n_unique())
    asked = rows.group_by("model", "seed", "epoch", "subset", "direction", "fact", "order").len()
    per_fact = max(asked["len"].to_list())
    return (
        f"n = {facts} facts a subset over {count(seeds, 'seed')}, {per_fact} held-out "
        f"prompts a fact and order; lines and bands are 95 % intervals over {over}"
    )
