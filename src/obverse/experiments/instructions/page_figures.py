"""The figures on the page of experiment 3."""

from collections.abc import Callable
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.instructions import published
from obverse.experiments.instructions.asking import QUESTION
from obverse.experiments.instructions.wordings import ORDERS
from obverse.report.figures import BLUE, GREY, ORANGE, STROKES
from obverse.stats.summary import group_means

Layers = alt.LayerChart | alt.FacetChart  # what altair says of layers with properties
COLOURS = alt.Scale(domain=list(ORDERS), range=[BLUE, ORANGE])
PAPER = pl.DataFrame({"dataset": ORDERS, "paper": [published.SAME, published.REVERSE]})


def accuracy(tested: pl.DataFrame) -> Figure:
    """Draw Figure 8: exact match after each order, beside plausible guessing and the paper.

    Args:
        tested: the held-out questions at the end, with the baseline.
    """
    keys = ["model", "dataset"]
    guess = group_means(tested, keys, "baseline", bounds=(0, 1)).select(*keys, baseline="mean")
    data = group_means(tested, keys, "exact_match", bounds=(0, 1)).join(guess, on=keys, how="left")
    data, seeds = data.join(PAPER, on="dataset", how="left"), _of_seeds(tested, keys)

    def panel(here: pl.Expr) -> Layers:
        x = alt.X("dataset:N", sort=list(ORDERS), title=None, axis=alt.Axis(labelAngle=0))
        title = "Exact match (share of held-out questions)"
        y = alt.Y("mean:Q", title=title, scale=alt.Scale(domain=[0, 1]))
        base = alt.Chart(data.filter(here)).encode(x=x)
        dots = alt.Chart(seeds.filter(here)).mark_circle(size=26, color="black", opacity=0.6, xOffset=-12)
        diamonds = base.mark_point(shape="diamond", size=80, filled=True, color="black", xOffset=40)
        return alt.layer(
            base.mark_bar(opacity=0.75, width=48).encode(
                y=y, color=alt.Color("dataset:N", scale=COLOURS, legend=None)
            ),
            base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
            base.mark_tick(color=GREY, thickness=2.5, width=74).encode(y="baseline:Q"),
            diamonds.encode(y="paper:Q"),
            dots.encode(x=x, y="value:Q"),
        ).properties(width=320, height=240)

    return Figure(
        name="accuracy",
        chart=_by_model(data, panel),
        caption="Exact match of greedy answers to questions whose instruction alone was told. Dots: each "
        "seed. Grey: plausible guessing, measured. Diamonds: the best of the paper's sweep (Llama-1). "
        f"{basis(tested)}",
    )


def epochs(rows: pl.DataFrame, tested: pl.DataFrame) -> Figure:
    """Draw Figure 10: exact match after each epoch, beside plausible guessing at the end."""
    asked = rows.filter(pl.col("asked") == QUESTION)
    keys = ["model", "dataset", "epoch"]
    data, seeds = group_means(asked, keys, "exact_match", bounds=(0, 1)), _of_seeds(asked, keys)
    guess = tested.group_by("model", "dataset", maintain_order=True).agg(pl.col("baseline").mean())

    def panel(here: pl.Expr) -> Layers:
        ticks = alt.Axis(tickMinStep=1, format="d")
        shared: dict[str, Any] = {
            "x": alt.X("epoch:Q", title="Epoch", axis=ticks),
            "color": alt.Color("dataset:N", scale=COLOURS, title=None, legend=STROKES),
        }
        title = "Exact match (share of held-out questions)"
        base = alt.Chart(data.filter(here)).encode(**shared)
        thin = alt.Chart(seeds.filter(here)).mark_line(strokeWidth=0.7, opacity=0.55)
        rule = alt.Chart(guess.filter(here)).mark_rule(strokeDash=[4, 3], opacity=0.8)
        return alt.layer(
            base.mark_area(opacity=0.13).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
            thin.encode(**shared, y="value:Q", detail="seed:N"),
            base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=26)).encode(y="mean:Q"),
            rule.encode(y="baseline:Q", color=shared["color"]),
        ).properties(width=420, height=240)

    return Figure(
        name="epochs",
        chart=_by_model(data, panel),
        caption="Exact match of the same questions after each epoch (0 is before training). Thin lines: "
        f"each seed. Dashed: plausible guessing at the end. {basis(tested)}",
    )


def basis(tested: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    questions = max(tested.group_by("model", "dataset", "seed").len()["len"], default=0)
    return (
        f"n = {questions} questions a dataset and seed, {count(tested['seed'].n_unique(), 'seed')}; "
        "vertical lines and bands are 95 % intervals over questions and seeds."
    )


def _of_seeds(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    mean = pl.col("exact_match").cast(pl.Float64).mean()
    return rows.group_by(*keys, "seed", maintain_order=True).agg(mean.alias("value"))


def _by_model(data: pl.DataFrame, panel: Callable[[pl.Expr], Layers]) -> Layers | alt.ConcatChart:
    """Return one panel, or one for each model under its name."""
    models = data["model"].unique(maintain_order=True).to_list()
    if len(models) == 1:
        return panel(pl.lit(True))
    return alt.concat(
        *(panel(pl.col("model") == model).properties(title=model) for model in models), columns=2
    )
