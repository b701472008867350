"""The figure of gradient alignment in experiment 1."""

from dataclasses import replace

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.reversal.dataset import DIRECTIONS
from obverse.report.figures import BLUE, ORANGE, STROKES, lines_with_bands
from obverse.stats.summary import group_means

NOTE = (
    "A trained sentence's gradient is compared with those of held-out prompts in the same order and in "
    "the reverse: about the same fact, and about other facts, the baseline. Only answers bear loss; in "
    "the same order they are the very words that are trained, in the reverse they are others."
)


def alignment_page(page: Page, finished: Finished) -> Page:
    """Return the page of experiment 1, alignment first."""
    if "gradients" not in finished.tables:
        return page
    figure = _curves(finished.tables["gradients"])
    section = Section(title="Is a step on a fact a step on its reverse?", parts=[Text(text=NOTE), figure])
    return replace(page, sections=[section, *page.sections])


def _curves(rows: pl.DataFrame) -> Figure:
    keys = ["subset", "direction", "partner", "epoch"]
    table = group_means(rows, keys, "cosine", bounds=(-1, 1)).with_columns(
        (pl.col("direction") + pl.lit(" order")).alias("order")
    )
    orders = [f"{direction} order" for direction in DIRECTIONS]
    layers = lines_with_bands(
        table, "Cosine of gradients",
        lines=[
            alt.StrokeDash(
                "partner:N", legend=None, scale=alt.Scale(domain=["own", "other"], range=[[1, 0], [4, 3]])
            )
        ],
        x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
        color=alt.Color(
            "order:N", title="held-out prompt", legend=STROKES, sort=orders,
            scale=alt.Scale(domain=orders, range=[BLUE, ORANGE]),
        ),
        detail=["partner:N"],
    )  # fmt: skip
    chart = layers.properties(width=230, height=190).facet(column=alt.Column("subset:N", title=None))
    caption = (
        "Cosine of a trained sentence's gradient with those of held-out prompts, over all parameters, by "
        "epoch. Solid: about the same fact; dashed: about other facts of the subset. Bands are 95 % "
        f"intervals over facts and seeds, n = {count(rows['seed'].n_unique(), 'seed')}."
    )
    return Figure(name="alignment", chart=chart, caption=caption)
