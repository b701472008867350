"""What the page of experiment 2 shows: Figure 5's analogue, order against frequency, samples."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from obverse.core.format import count, number, percent
from obverse.core.page import Figure, Finished, Page, Section, Table, Text
from obverse.experiments.parents import page_figures, page_real, page_tables
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.real_claims import RECALLS, Recall
from obverse.stats.summary import mean

if TYPE_CHECKING:
    from obverse.experiments.parents.parents import Parents

QUESTION = "Does a model that knows who someone's mother is know whose mother she is?"
OF_FAMILIES = (
    f"{QUESTION} Families made from scratch were told of in one order each, child first or parent first, "
    "and asked about in both directions with wordings that were never trained on."
)
FIGURE_5 = "Parent from child, and child from parent (the paper's Figure 5)"
SELECTED = (
    "Pairs that a model was asked to name are selected: the model whose word they are found every "
    "parent, by construction, and models that know similar things are likelier to find it. So the "
    "difference between the directions is larger here than over all pairs that exist."
)


def page(finished: Finished, experiment: "Parents") -> Page:
    """Return the page, of families made here or of real people."""
    if experiment.data is None and not experiment.ask:
        return _of_families(finished.tables["ask"], experiment.accuracy_margin)
    recalls = [r for how in experiment.ask or ("reported",) for r in RECALLS[how]]
    return _of_people(finished.tables, recalls, experiment.remark() or "")


def _of_families(rows: pl.DataFrame, margin: float) -> Page:
    rows = rows.with_columns(pl.concat_str("model", "variant", separator=", ", ignore_nulls=True))
    final = rows.filter("final")
    crossed = Text(
        text="On the web a fact about a famous child names the child first, and the child is mentioned "
        "far more often than the parent. Here the two are crossed. If frequency is behind the asymmetry, "
        "it changes with who is mentioned more often; if order is, it turns round with the order."
    )
    return Page(
        question=OF_FAMILIES,
        answer=_answer(final),
        facts="pairs",
        generic=False,
        sections=[
            Section(title=FIGURE_5, parts=[page_figures.recall(final)]),
            Section(
                title="Order or frequency?",
                parts=[crossed, page_figures.order_and_frequency(final), page_tables.cells(final)],
            ),
            Section(title="While it is learnt", parts=[page_figures.curves(rows, margin)]),
            Section(title="Each wording", parts=[page_tables.wordings(final)]),
            Section(title="Samples", parts=[page_tables.samples(final)]),
        ],
    )


def _answer(final: pl.DataFrame) -> str:
    said = []
    for [model], rows in final.group_by("model", maintain_order=True):
        web = rows.filter(order="child first", frequency="child")
        found = [mean(web.filter(direction=asked), "exact_match") for asked in ("parent", "child")]
        parent, child = (percent(None if m is None else m.value) for m in found)
        said.append(
            f"Told child first, of children who are mentioned more often than their parents, {model} "
            f"names the parent in {parent} % of the answers and the child in {child} %."
        )
    return " ".join(said)


def _of_people(tables: Mapping[str, pl.DataFrame], recalls: Sequence[Recall], truth: str) -> Page:
    parts: list[Text | Figure | Table] = [Text(text=truth, lead="Whose word.")]
    said: list[str] = []
    for what in recalls:
        rows = what.of_rows(tables[what.of].filter("final")).drop_nulls("recall")
        if not rows.is_empty():
            parts += [page_real.recall(rows, what), page_real.differences(rows, what)]
            said += _in_words(rows, what)
    parts.append(page_real.table(recalls, tables))
    sections = [Section(title=FIGURE_5, parts=parts)]
    if samples := page_real.samples(tables):
        sections.append(Section(title="Samples", parts=samples))
    return Page(
        question=f"{QUESTION} Real people were asked about in both directions.",
        answer=" ".join(said), limits=SELECTED, facts="pairs", generic=False, sections=sections,
    )  # fmt: skip


def _in_words(rows: pl.DataFrame, what: Recall) -> list[str]:
    """Say for each model how well parents and children are found, over pairs asked in both directions."""
    said = []
    for [model], of_model in paired(rows, "recall").group_by("model", maintain_order=True):
        parent, child = (number(float(of_model[side].to_numpy().mean())) for side in ("parent", "child"))
        pairs = count(of_model["fact"].n_unique(), "pair")
        said.append(f"{model}, {pairs}: {parent} for the parent, {child} for the child ({what.unit}).")
    return said
