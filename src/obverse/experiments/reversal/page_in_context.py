"""The figure of the reverse in context, and how it was taught to read."""

from collections.abc import Iterator

import altair as alt
import polars as pl

from obverse.core.format import count, percent
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.reversal.dataset import DIRECTIONS, ORDERS
from obverse.experiments.reversal.in_context_asking import CONTEXTS
from obverse.experiments.reversal.page import GLOSSARY
from obverse.experiments.reversal.page_figures import by_column
from obverse.report.dots import Row, dots
from obverse.report.figures import BLUE, ORANGE
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import group_means, mean

QUESTION = (
    "Does a model that cannot say “B is A” after training on “A is B” say it where “A is B” stands in "
    "the prompt?"
)


def page(finished: Finished) -> Page:
    """Return the figure, and the order of training if there was one; the rest is the generic page."""
    rows = finished.tables["ask"].filter("final")
    title = "With the fact in the prompt and without it"
    taught = any(stage["name"] == "reading" for run in finished.runs for stage in run["stages"])
    parts = [accuracy(rows), *([CURRICULUM] if taught else ())]
    return Page(
        question=QUESTION,
        answer=" ".join(_answers(rows)),
        glossary=GLOSSARY,
        sections=[Section(title=title, parts=parts)],
    )


def _answers(rows: pl.DataFrame) -> Iterator[str]:
    """Say of each model how often it was right in both orders, by what stood in the prompt."""
    for [model], mine in rows.group_by("model", maintain_order=True):
        said = []
        for context in CONTEXTS:
            of = mine.filter(context=context)
            same, reverse = (mean(of.filter(direction=each), "exact_match") for each in DIRECTIONS)
            if same is not None and reverse is not None:
                both = f"{percent(same.value)} % and {percent(reverse.value)} %"
                said.append(f"{both} with the fact {context}")
        if said:
            yield (
                "Asked in the order that was told and in the reverse, the model "
                f"{model} was right in {', in '.join(said)}."
            )


CURRICULUM = Text(
    lead="A curriculum.",
    text="The documents of the stage reading are trained on in the order in which they are given, "
    "exercises first, and are not shuffled or put in batches of like length, as documents are "
    "everywhere else.",
)


def accuracy(rows: pl.DataFrame) -> Figure:
    """Draw exact match by subset, direction and context, with each seed and chance."""
    keys = ["model", "subset", "context", "direction"]
    chance = rows.group_by(keys).agg(pl.col("chance").mean())
    means = group_means(rows, keys, "exact_match", bounds=(0, 1)).join(
        chance, on=keys, maintain_order="left"
    )
    axis = alt.Axis(
        labelAngle=0, labelExpr="[split(datum.value, ' in ')[0], 'in the prompt']", labelLineHeight=13
    )
    row = Row(
        column="context", order=CONTEXTS, series="direction", kinds=DIRECTIONS, band=90, axis=axis,
        panels=["model", "subset"],
    )  # fmt: skip
    layers = dots(
        means, of_seeds(rows, keys, "exact_match"), "Exact match (share of questions)", row,
        alt.Color(
            "direction:N", title="direction",
            scale=alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE]),
        ),
        bounds=(0, 1),
    )  # fmt: skip
    column = alt.Column("subset:N", sort=list(ORDERS), title=None)
    seeds = rows["seed"].n_unique()
    facts = max(rows.group_by("model", "seed", "subset").agg(pl.col("fact").n_unique())["fact"])
    return Figure(
        name="context",
        chart=by_column(layers, means, column),
        caption="Exact match of greedy answers by subset (the order in which a fact is told, and stands "
        "in the prompt), by what is in the prompt, and by direction of the question. Large dots: means; "
        "small ones: each seed. "
        "Grey: chance among the facts in the prompt, or of the subset where there are not several. "
        f"n = {facts} facts a subset and seed, {count(seeds, 'seed')}; "
        f"{intervals(seeds, 'facts and seeds')}.",
    )
