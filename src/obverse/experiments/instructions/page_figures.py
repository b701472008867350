"""The figures on the page of experiment 3."""

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.instructions import published
from obverse.experiments.instructions.asking import QUESTION
from obverse.experiments.instructions.wordings import ORDERS
from obverse.report.dots import Row, dots
from obverse.report.figures import BLUE, ORANGE, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import group_means

TITLE = "Exact match (share of held-out questions)"
COLOURS = alt.Scale(domain=list(ORDERS), range=[BLUE, ORANGE])
PAPER = pl.DataFrame({"dataset": ORDERS, "paper": [published.SAME, published.REVERSE]})


def accuracy(tested: pl.DataFrame, margin: float) -> Figure:
    """Draw Figure 8: exact match after each order, beside plausible guessing and the paper.

    Args:
        tested: the held-out questions at the end, with the baseline.
        margin: how far above plausible guessing a claim's criterion is.
    """
    keys = ["model", "dataset"]
    guess = group_means(tested, keys, "baseline", bounds=(0, 1)).select(*keys, chance="mean")
    data = group_means(tested, keys, "exact_match", bounds=(0, 1)).join(
        guess, on=keys, how="left", maintain_order="left"
    )
    # The criterion of the claims: plausible guessing and the margin above it.
    data = data.join(PAPER, on="dataset", how="left", maintain_order="left").with_columns(
        criterion=pl.col("chance") + margin
    )
    row = Row(column="dataset", order=ORDERS, panels=["model"], band=130)
    color = alt.Color("dataset:N", scale=COLOURS, legend=None)
    layers = dots(data, of_seeds(tested, keys, "exact_match"), TITLE, row, color, bounds=(0, 1))
    return Figure(
        name="accuracy",
        chart=_by_model(layers, data),
        caption="Exact match of greedy answers to questions whose instruction alone was told. Large "
        "dots: means; small ones: each seed. Grey: plausible guessing, measured; green: the claims' "
        f"criterion, {count(round(100 * margin, 6), 'point')} above it. Open diamonds: the best of the "
        f"paper's sweep (Llama-1). {basis(tested)}",
    )


def epochs(rows: pl.DataFrame, tested: pl.DataFrame) -> Figure:
    """Draw Figure 10: exact match after each epoch, beside plausible guessing at the end."""
    asked = rows.filter(pl.col("asked") == QUESTION)
    keys = ["model", "dataset", "epoch"]
    guess = tested["baseline"].mean()
    look = Look(
        x=epoch_axis(rows["epoch"]), at="epoch",
        color=alt.Color("dataset:N", scale=COLOURS, title=None, legend=STROKES),
        series=["dataset"], panels=["model"], facts="questions",
    )  # fmt: skip
    layers = lines(
        group_means(asked, keys, "exact_match", bounds=(0, 1)), of_seeds(asked, keys, "exact_match"),
        TITLE, look, bounds=(0, 1), levels=[guess] if isinstance(guess, float) else [],
    ).properties(width=280, height=230)  # fmt: skip
    return Figure(
        name="epochs",
        chart=_by_model(layers, asked),
        caption="Exact match of the same questions after each epoch (0 is before training). Thin lines: "
        f"each seed. Dashed: plausible guessing at the end, the mean of both. {basis(tested)}",
    )


def basis(tested: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and what its intervals are over."""
    questions = max(tested.group_by("model", "dataset", "seed").len()["len"], default=0)
    seeds = tested["seed"].n_unique()
    return (
        f"n = {questions} questions a dataset and seed, {count(seeds, 'seed')}; "
        f"{intervals(seeds, 'questions and seeds')}."
    )


def _by_model(layers: alt.LayerChart, data: pl.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Return one panel, or one for each model under its name."""
    models = data["model"].unique(maintain_order=True).to_list()
    if len(models) == 1:
        return layers
    return layers.facet(facet=alt.Facet("model:N", sort=models, title=None), columns=2)
