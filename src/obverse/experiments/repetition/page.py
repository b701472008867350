"""The page of repetition suppression."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from obverse.core import format
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table, Text
from obverse.experiments.repetition import figures, grid_tables, tables
from obverse.experiments.repetition.answers import AXES, item_changes, items, zero_shot
from obverse.experiments.repetition.asked import CONDITIONS, Asked
from obverse.stats.anova import main_effects
from obverse.stats.moments import is_last

if TYPE_CHECKING:
    from obverse.experiments.repetition.suppression import Suppression

QUESTION = (
    "Told to break a pattern, as in “A, B, A, B, A with a surprise at the end”, do larger models follow "
    "it all the same, and more often than small ones?"
)
LIMITS = (
    "A pattern that wins is not disobedience: whether a model heeds the instruction at all is told by "
    "the same items with the instruction removed or turned round."
)
GLOSSARY = {
    "induction": "Copying from the context: having seen a sequence once, to continue it the second time.",
    "zero-shot": "Asked without any solved examples in the prompt.",
    "loss": "The negative log-likelihood of the right class among the two, in nats; 0.693 is chance.",
    "grown": "The family of models that were trained here on general text, and asked while they grew.",
}
OWN_TITLE = "Classification of your own data: does it get better or worse with scale?"


def page(experiment: "Suppression", finished: Finished) -> Page:
    """Return the title, the first paragraph and the sections of a study of `experiment`."""
    rows = finished.tables["ask"]
    own = experiment.data is not None
    asked = items(rows).with_columns(is_last().alias("last"))
    zero = asked.filter(pl.col("shots") == 0)
    task = Asked.of(zero, own)
    families = rows["family"].drop_nulls().unique(maintain_order=True)
    changes = {f: item_changes(rows.filter(pl.col("family") == f)) for f in families}
    changes = {f: table for f, table in changes.items() if len(table)}
    drawn = [
        figures.scaling(task, zero.filter("last")),
        figures.growth(task, rows, asked),
        figures.shots(task, asked.filter("last")),
        figures.slices(changes),
    ]
    sections = [
        _results(experiment, task, rows, [f for f in drawn if f is not None]),
        tables.trends(rows),
        Section(title="Models", parts=list(_models(task, zero, rows, changes))),
        Section(title="Samples", parts=[_samples(task, zero.filter("last"))]),
    ]
    return Page(
        sections=[section for section in sections if section is not None and section.parts],
        question=_own_question(experiment, zero) if own else QUESTION,
        answer="" if own else answer(task, zero.filter("last")),
        limits="" if own else LIMITS,
        main="scaling",
        glossary={} if own else GLOSSARY,
        title=OWN_TITLE if own else "",
        paper=_own_paper(experiment) if own else None,
        facts="items",
        generic=False,
    )


def _own_paper(experiment: "Suppression") -> str:
    assert experiment.data is not None
    return f"own data, {experiment.data.name}"


def _own_question(experiment: "Suppression", zero: pl.DataFrame) -> str:
    assert experiment.data is not None
    items, models = zero["fact"].n_unique(), zero["model"].n_unique()
    return (
        f"The {format.whole(items)} items of {experiment.data.name} were put to {models} "
        f"model{'' if models == 1 else 's'}: does accuracy rise or fall with scale?"
    )


def answer(task: Asked, last: pl.DataFrame) -> str:
    """Say how often the smallest and the largest model of each family broke the pattern as told."""
    said = []
    rows = zero_shot(last, CONDITIONS[0]).drop_nulls(["family", "parameters", "correct"])
    for [family], mine in rows.group_by("family", maintain_order=True):
        sizes = mine.group_by("parameters").agg(pl.col("correct").mean()).sort("parameters")
        small, large = sizes.row(0, named=True), sizes.row(-1, named=True)
        if small == large:
            continue
        said.append(
            f"The smallest model of {family} ({format.whole(small['parameters'])} parameters) broke the "
            f"pattern as told in {format.percent(small['correct'])} % of the items, the largest "
            f"({format.whole(large['parameters'])}) in {format.percent(large['correct'])} %; chance is "
            f"{format.percent(task.chance)} %."
        )
    return " ".join(said)


def _results(experiment: "Suppression", task: Asked, rows: pl.DataFrame, drawn: list[Figure]) -> Section:
    parts: list[Text | Figure | Table] = []
    if experiment.data is not None:
        parts.append(
            Text(
                lead="How to read this.",
                text=f"The items are your own, from {experiment.data.name}. Right is the class that the "
                "data names; chance, the mean of one over the number of classes, is "
                f"{format.number(task.chance)} in accuracy and {format.number(task.chance_loss)} nats in "
                "loss. Intervals are over items. Nothing is known here of what items have in common, or "
                "of how a model would answer another instruction.",
            )
        )
    elif (rows["step"] > 0).any():  # the models were trained by this study
        parts.append(
            Text(
                lead="How to read this.",
                text="These small models were trained here, from nothing. The hypothesis is that they "
                "come to complete patterns (induction) as they grow and train, and then fail a task that "
                "asks to break one; the claims above say how far that was found. It would not be "
                "disobedience: a model that does as told differs between the conditions, and the "
                "accuracies with the instruction removed or turned round stand beside the task's.",
            )
        )
    return Section(title="Scale, training and examples", parts=[*parts, *drawn])


def _models(
    task: Asked, zero: pl.DataFrame, rows: pl.DataFrame, changes: dict[str, pl.DataFrame]
) -> Iterator[Text | Table]:
    yield from tables.models(task, zero, rows)
    yield from tables.answers(rows)
    right = "" if task.own_data else "Right is the class that breaks the pattern, in all conditions. "
    yield Text(
        text=f"Zero-shot, each model at its last moment. {right}Loss is the negative log-likelihood of "
        f"the right class, renormalised over the classes (chance {format.number(task.chance_loss)}); "
        "class mass is the probability of all classes together. Induction is how much likelier each word "
        "of a random sequence is the second time. Intervals are 95 %."
    )
    yield from tables.sensitivity(zero)
    if not task.own_data:
        yield from filter(
            None, (grid_tables.named(zero), grid_tables.preferences(zero), grid_tables.slices(rows))
        )
    effects = [(f, e) for f, table in changes.items() for e in main_effects(table, "change", AXES)]
    if effects:
        yield Table(
            title="What explains the change from the smallest to the largest model",
            columns=[
                Column(title="family"),
                Column(title="axis"),
                Column(title="levels", numeric=True),
                Column(title="share of variance, %", numeric=True),
                Column(title="the same, each seed in its own way, %", numeric=True),
                Column(title="tested over"),
                Column(title="F", numeric=True, places=1),
                Column(title="p (Holm)", numeric=True),
            ],
            rows=[
                (
                    f,
                    e.axis,
                    e.levels,
                    format.percent(e.share),
                    format.percent(e.own),
                    e.over,
                    e.f,
                    format.p_value(e.p),
                )
                for f, e in effects
            ],
            note="Analysis of variance of each item's change of loss, main effects, each axis by what it "
            "adds to the others (type II). Over seeds, an axis is tested against how its effect differs "
            "between them (Greenhouse–Geisser), which speaks of other trainings; over items, where there "
            "is one training of each model, against how items differ within a level, which speaks of "
            "these models alone. p-values are corrected over the axes.",
        )


def _samples(task: Asked, zero: pl.DataFrame) -> Table:
    """Pick items of the largest model in each condition, spread over the grid."""
    size = pl.col("parameters").fill_null(0)
    largest = zero.filter(size == size.max())
    first = largest.filter(pl.col("seed") == pl.col("seed").min())
    several = len(task.conditions) > 1
    picked: list[list[Cell]] = []
    for condition in CONDITIONS:
        some = zero_shot(first, condition)
        for row in some.gather_every(max(1, len(some) // 2), offset=len(some) // 5).head(2).to_dicts():
            told = [condition] if several else []
            picked.append([row["model"], *told, row["prompt"], row["target"], row["loss"]])
    titles = ["model", *(["instruction"] if several else []), "prompt", "right answer"]
    columns = [*(Column(title=title) for title in titles), Column(title="loss, nats", numeric=True)]
    return Table(columns=columns, rows=picked)
