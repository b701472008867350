"""The figures about families made from scratch."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.world import DIRECTIONS, FREQUENCIES, ORDERS
from obverse.report.figures import BLUE, GREY, ORANGE, PALETTE, STROKES, lines_with_bands
from obverse.stats.summary import group_means

WORDINGS = ("template",)
ASKED = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
MENTIONED = {"child": "child more", "equal": "both alike", "parent": "parent more"}
LEVELS = [MENTIONED[frequency] for frequency in FREQUENCIES]


def recall(final: pl.DataFrame) -> Figure:
    """Draw exact match of parent and child for each model, of pairs as the web tells of them."""
    web = final.filter(order="child first", frequency="child")
    x = alt.X("model:N", title=None, axis=alt.Axis(labelAngle=0))
    width = max(200, 120 * web["model"].n_unique())
    chart = bars(web, ["model", "direction"], x).properties(width=width, height=240)
    caption = (
        "Exact match of greedy answers, for the parent of a child and for a child of a parent. Pairs "
        "told child first, whose child is mentioned more often elsewhere. Dots are seeds; grey: chance "
        f"(naming somebody of the same side, order, frequency and relation). {basis(web)}."
    )
    return Figure(name="recall", chart=chart, caption=caption)


def order_and_frequency(final: pl.DataFrame) -> Figure:
    """Draw exact match of parent and child, by the order of telling and by who is mentioned more."""
    rows = final.with_columns(pl.col("frequency").replace(MENTIONED).alias("mentioned"))
    x = alt.X(
        "mentioned:N", sort=LEVELS, title="mentioned more often elsewhere", axis=alt.Axis(labelAngle=0)
    )
    row = alt.Row("model:N", title=None) if final["model"].n_unique() > 1 else alt.Undefined
    layers = bars(rows, ["model", "order", "mentioned", "direction"], x).properties(width=300, height=240)
    column = alt.Column("order:N", sort=list(ORDERS), title="told")
    caption = (
        "Exact match by the order in which the relation was told (panels) and by who is mentioned more "
        "often elsewhere. Were frequency behind the asymmetry, it would change along the axis; if it is "
        f"order, it turns round between the panels. Dots are seeds; grey: chance. {basis(final)}."
    )
    chart = layers.facet(column=column, row=row)
    return Figure(name="order-and-frequency", chart=chart, caption=caption)


def curves(rows: pl.DataFrame) -> Figure:
    """Draw the asymmetry over epochs, by order and frequency."""
    of_pairs = paired(rows, "exact_match").with_columns(
        pl.col("frequency").replace(MENTIONED).alias("mentioned")
    )
    by = ["model", "order", "mentioned", "epoch"]
    data = group_means(of_pairs, by, "difference", bounds=(-1, 1), clusters=WORDINGS)
    colour = alt.Color(
        "mentioned:N", sort=LEVELS, title="mentioned more often", legend=STROKES,
        scale=alt.Scale(domain=LEVELS, range=list(PALETTE[:3])),
    )  # fmt: skip
    layers = lines_with_bands(
        data,
        "Parent − child (Δ exact match)",
        x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
        color=colour,
        detail=alt.Detail("model:N"),
    ).properties(width=300, height=220)
    along = rows.filter(~pl.col("final"))
    some = along.select("seed", "fact").n_unique() // max(1, along["seed"].n_unique())
    caption = (
        "How much more often the parent is found from the child than the child from the parent, after "
        f"each epoch; before the last one of {count(some, 'pair')} a seed. Bands are 95 % intervals over "
        "pairs, seeds and wordings."
    )
    chart = layers.facet(column=alt.Column("order:N", sort=list(ORDERS), title="told"))
    return Figure(name="curves", chart=chart, caption=caption)


def bars(
    rows: pl.DataFrame, by: Sequence[str], x: alt.X, clusters: Sequence[str] = WORDINGS
) -> alt.LayerChart | alt.FacetChart:
    """Draw means as bars with intervals, each seed's own as a dot, and chance as a grey line."""
    means = group_means(rows, by, "exact_match", bounds=(0, 1), clusters=clusters)
    of_seeds = rows.group_by([*by, "seed"], maintain_order=True).agg(
        pl.col("exact_match").cast(pl.Float64).mean().alias("of_seed")
    )
    chance = rows.group_by(by, maintain_order=True).agg(pl.col("chance").mean())
    data = pl.concat([means.join(chance, on=by), of_seeds], how="diagonal_relaxed")
    base: Any = alt.Chart(data).encode(x=x, xOffset=alt.XOffset("direction:N", sort=list(DIRECTIONS)))
    # Rows of means have no seed and rows of seeds no mean: each mark passes over the others.
    of_means = base.transform_filter("isValid(datum.mean)")
    y = alt.Y("mean:Q", title="Exact match (share of questions)", scale=alt.Scale(domain=[0, 1]))
    colour = alt.Color("direction:N", scale=ASKED, title="asked for")
    return alt.layer(
        of_means.mark_bar(opacity=0.55).encode(y=y, color=colour),
        base.transform_filter("isValid(datum.of_seed)")
        .mark_circle(size=20, opacity=0.8, color="#333")
        .encode(y="of_seed:Q"),
        of_means.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        of_means.mark_tick(thickness=1.5, color=GREY, width=40).encode(y="chance:Q"),
    )


def basis(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    seeds, wordings = rows["seed"].n_unique(), rows["template"].n_unique()
    return (
        f"n = {count(rows['fact'].n_unique(), 'pair')} over {count(seeds, 'seed')}, "
        f"{count(wordings, 'wording')} each; lines are 95 % intervals over pairs, seeds and wordings"
    )
