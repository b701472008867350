"""The figures about families made from scratch."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.world import DIRECTIONS, FREQUENCIES, ORDERS
from obverse.report.dots import Row, dots
from obverse.report.figures import BLUE, DASHES, ORANGE, PALETTE, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import group_means

WORDINGS = ("template",)
ASKED = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
MENTIONED = {"child": "child more", "equal": "both alike", "parent": "parent more"}
LEVELS = [MENTIONED[frequency] for frequency in FREQUENCIES]


def recall(final: pl.DataFrame) -> Figure:
    """Draw exact match of parent and child for each model, of pairs as the web tells of them."""
    web = final.filter(order="child first", frequency="child")
    models = web["model"].unique(maintain_order=True).to_list()
    row = Row(column="model", order=models, band=110, series="direction", kinds=DIRECTIONS, facts="pairs")
    chart = both(web, ["model", "direction"], row)
    caption = (
        "Exact match of greedy answers, for the parent of a child and for a child of a parent. Pairs "
        "told child first, whose child is mentioned more often elsewhere. Large dots: means; small ones: "
        "each seed; grey: chance "
        f"(naming somebody of the same side, order, frequency and relation). {basis(web)}."
    )
    return Figure(name="recall", chart=chart, caption=caption)


def order_and_frequency(final: pl.DataFrame) -> Figure:
    """Draw exact match of parent and child, by the order of telling and by who is mentioned more."""
    rows = final.with_columns(pl.col("frequency").replace(MENTIONED).alias("mentioned"))
    there = alt.Row("model:N", title=None) if final["model"].n_unique() > 1 else alt.Undefined
    row = Row(
        column="mentioned", order=LEVELS, title="mentioned more often elsewhere", band=84,
        series="direction", kinds=DIRECTIONS, panels=["model", "order"], facts="pairs",
    )  # fmt: skip
    layers = both(rows, ["model", "order", "mentioned", "direction"], row)
    column = alt.Column("order:N", sort=list(ORDERS), title="told")
    caption = (
        "Exact match by the order in which the relation was told (panels) and by who is mentioned more "
        "often elsewhere. Were frequency behind the asymmetry, it would change along the axis; if it is "
        f"order, it turns round between the panels. Large dots: means; small ones: each seed; grey: "
        f"chance. {basis(final)}."
    )
    chart = layers.facet(column=column, row=there)
    return Figure(name="order-and-frequency", chart=chart, caption=caption)


def curves(rows: pl.DataFrame, margin: float) -> Figure:
    """Draw the asymmetry over epochs, by order and frequency; `margin` is that of the claims."""
    of_pairs = paired(rows, "exact_match").with_columns(
        pl.col("frequency").replace(MENTIONED).alias("mentioned")
    )
    several = rows["model"].n_unique() > 1
    by = ["order", *["model"] * several, "mentioned", "epoch"]
    look = Look(
        x=epoch_axis(rows["epoch"]), at="epoch",
        color=alt.Color(
            "mentioned:N", sort=LEVELS, title="mentioned more often", legend=STROKES,
            scale=alt.Scale(domain=LEVELS, range=list(PALETTE[:3])),
        ),
        dash=alt.StrokeDash("model:N", title="model", legend=DASHES) if several else None,
        series=[*["model"] * several, "mentioned"], panels=["order"], facts="pairs",
    )  # fmt: skip
    data = group_means(of_pairs, by, "difference", bounds=(-1, 1), clusters=WORDINGS)
    layers = lines(
        data, of_seeds(of_pairs, by, "difference"), "Parent − child (Δ exact match, share)", look,
        bounds=(-1, 1), levels=[0.0], margins=[-margin, margin],
    ).properties(width=260, height=220)  # fmt: skip
    along = rows.filter(~pl.col("final"))
    some = along.select("seed", "fact").n_unique() // max(1, along["seed"].n_unique())
    seeds = rows["seed"].n_unique()
    caption = (
        "How much more often the parent is found from the child than the child from the parent, after "
        f"each epoch; before the last one of {count(some, 'pair')} a seed. Green: the margin of the "
        f"claims. Thin lines: each seed. n = {count(rows['fact'].n_unique(), 'pair')}, "
        f"{count(seeds, 'seed')}; "
        f"{intervals(seeds, 'pairs, seeds and wordings')}."
    )
    chart = layers.facet(column=alt.Column("order:N", sort=list(ORDERS), title="told"))
    return Figure(name="curves", chart=chart, caption=caption)


def both(rows: pl.DataFrame, by: Sequence[str], row: Row) -> alt.LayerChart:
    """Draw exact match in both directions, with each seed's own and chance."""
    means = group_means(rows, by, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    chance = rows.group_by(by, maintain_order=True).agg(pl.col("chance").mean())
    return dots(
        means.join(chance, on=by, maintain_order="left"),
        of_seeds(rows, by, "exact_match"), "Exact match (share of questions)",
        row, alt.Color("direction:N", scale=ASKED, title="asked for"), bounds=(0, 1),
    )  # fmt: skip


def basis(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    seeds, wordings = rows["seed"].n_unique(), rows["template"].n_unique()
    return (
        f"n = {count(rows['fact'].n_unique(), 'pair')} over {count(seeds, 'seed')}, "
        f"{count(wordings, 'wording')} each; {intervals(seeds, 'pairs, seeds and wordings')}"
    )
