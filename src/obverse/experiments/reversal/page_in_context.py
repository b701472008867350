"""The figure of the reverse in context, and how it was taught to read."""

from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.reversal.dataset import DIRECTIONS, ORDERS
from obverse.experiments.reversal.in_context_asking import CONTEXTS
from obverse.experiments.reversal.page import GLOSSARY
from obverse.report.figures import BLUE, GREY, ORANGE
from obverse.stats.summary import group_means

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
    return Page(question=QUESTION, glossary=GLOSSARY, sections=[Section(title=title, parts=parts)])


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
    means = group_means(rows, keys, "exact_match", bounds=(0, 1)).join(chance, on=keys)
    seeds = rows.group_by(*keys, "seed", maintain_order=True).agg(
        pl.col("exact_match").cast(pl.Float64).mean().alias("value")
    )
    several = rows["model"].n_unique() > 1
    panels = [
        _panel(
            means.filter(model=model, subset=subset),
            seeds.filter(model=model, subset=subset),
            f"{model}: {subset}" if several else subset,
        )
        for model in rows["model"].unique(maintain_order=True)
        for subset in ORDERS
    ]
    facts = max(rows.group_by("model", "seed", "subset").agg(pl.col("fact").n_unique())["fact"])
    return Figure(
        name="context",
        chart=alt.concat(*panels, columns=2, spacing=24),
        caption="Exact match of greedy answers by subset (the order in which a fact is told, and stands "
        "in the prompt), by what is in the prompt, and by direction of the question. Dots: each seed. "
        "Grey: chance among the facts in the prompt, or of the subset where there are not several. "
        f"n = {facts} facts a subset and seed, {count(rows['seed'].n_unique(), 'seed')}; lines are 95 % "
        "intervals over facts and seeds.",
    )


def _panel(means: pl.DataFrame, seeds: pl.DataFrame, title: str) -> alt.LayerChart | alt.FacetChart:
    lines = "[split(datum.value, ' in ')[0], 'in the prompt']"
    axis = alt.Axis(labelAngle=0, labelExpr=lines, labelLineHeight=13)
    shared: dict[str, Any] = {
        "x": alt.X("context:N", sort=list(CONTEXTS), title=None, axis=axis),
        "xOffset": alt.XOffset("direction:N", sort=list(DIRECTIONS)),
    }
    scale = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
    y = alt.Y("mean:Q", title="Exact match (share of questions)", scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(means).encode(**shared)
    return alt.layer(
        base.mark_bar(opacity=0.75, width=34).encode(
            y=y, color=alt.Color("direction:N", scale=scale, title="direction")
        ),
        base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_tick(color=GREY, thickness=2.5, width=40).encode(y="chance:Q"),
        alt.Chart(seeds).mark_circle(size=22, color="black", opacity=0.6).encode(**shared, y="value:Q"),
    ).properties(width=330, height=230, title=title)
