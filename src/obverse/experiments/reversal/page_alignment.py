"""The figure of gradient alignment in experiment 1."""

from dataclasses import replace

import altair as alt
import polars as pl

from obverse.core.format import count, number
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.reversal.alignment import ANOTHER, LEARNING, OWN
from obverse.experiments.reversal.dataset import DIRECTIONS
from obverse.report.figures import BLUE, DASHES, ORANGE, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import group_means, mean

NOTE = (
    "The gradient of a trained sentence, as it is trained, is compared with that of a right answer: "
    "behind a held-out prompt about its own fact, and behind the same prompt about another fact. A step "
    "that makes the answer likelier in both alike teaches the answer and not what it is the answer to. "
    "Where both lines coincide, a step teaches nothing of the fact in that order."
)


def alignment_page(page: Page, finished: Finished) -> Page:
    """Return the page of experiment 1, alignment first."""
    if "gradients" not in finished.tables:
        return page
    rows = finished.tables["gradients"]
    figure = _curves(rows)
    section = Section(title="Is a step on a fact a step on its reverse?", parts=[Text(text=NOTE), figure])
    return replace(page, question="", answer=_answer(rows), main="", sections=[section, *page.sections])


def _answer(rows: pl.DataFrame) -> str:
    """Say how far trained sentences point towards answers about their own fact, and about another."""
    learning = rows.filter(pl.col("epoch") <= LEARNING, pl.col("partner") == "own")
    found = [
        mean(learning.filter(direction=direction, prompted=whose), "cosine")
        for direction in DIRECTIONS for whose in (OWN, ANOTHER)
    ]  # fmt: skip
    own, another, reverse, reverse_another = (number(None if f is None else f.value) for f in found)
    if None in found:
        return ""
    return (
        f"Up to epoch {LEARNING}, the gradient of a trained sentence and that of the right answer in the "
        f"same order had a cosine of {own} behind a prompt about its own fact, and of {another} behind "
        f"the same prompt about another fact; in the reverse order {reverse} and {reverse_another}: a "
        "step teaches of the fact no more than the one is above the other."
    )


def _curves(rows: pl.DataFrame) -> Figure:
    own = rows.filter(partner="own").with_columns(order=pl.format("{} order", "direction"))
    keys = ["subset", "order", "prompted", "epoch"]
    orders = [f"{direction} order" for direction in DIRECTIONS]
    look = Look(
        x=epoch_axis(rows["epoch"]),
        at="epoch",
        color=alt.Color(
            "order:N", title="held-out prompt", legend=STROKES, sort=orders,
            scale=alt.Scale(domain=orders, range=[BLUE, ORANGE]),
        ),
        dash=alt.StrokeDash(
            "prompted:N", title="about", legend=DASHES,
            scale=alt.Scale(domain=[OWN, ANOTHER], range=[[1, 0], [4, 3]]),
        ),
        series=["order", "prompted"],
        panels=["subset"],
    )  # fmt: skip
    layers = lines(
        group_means(own, keys, "cosine", bounds=(-1, 1)), of_seeds(own, keys, "cosine"),
        "Cosine of gradients", look, bounds=(-1, 1), levels=[0.0],
    )  # fmt: skip
    chart = layers.properties(width=210, height=190).facet(column=alt.Column("subset:N", title=None))
    seeds = rows["seed"].n_unique()
    caption = (
        "Cosine of a trained sentence's gradient with that of a right answer, over all parameters, by "
        "epoch. Solid: behind a held-out prompt about its fact; dashed: behind the same prompt about "
        "another fact. Thin lines: each seed. "
        f"n = {count(own['fact'].n_unique(), 'fact')}, {count(seeds, 'seed')}; "
        f"{intervals(seeds, 'facts and seeds')}."
    )
    return Figure(name="alignment", chart=chart, caption=caption)
