"""The page of the cures: what each teaches, what it infers wrongly, and what it costs."""

import polars as pl

from obverse.core.format import percent
from obverse.core.page import Finished, Page, Section, Text
from obverse.experiments.reversal.cures import page_figures, page_tables, reading
from obverse.experiments.reversal.cures.asking import FALSE_REVERSE, REVERSE
from obverse.experiments.reversal.cures.methods import BY_NAME, NOTHING
from obverse.experiments.reversal.cures.reading import IDENTITY
from obverse.experiments.reversal.cures.statements import ASYMMETRIC


def page(finished: Finished, *, likelihood_margin: float) -> Page:
    """Return the page's sections; the margin as the experiment's settings say."""
    rows = reading.final(finished.tables["ask"])
    targets = finished.tables["targets"].filter("final")
    return Page(
        question=QUESTION,
        answer=answer(rows),
        limits=LIMITS,
        main="cures",
        glossary=GLOSSARY,
        sections=(
            Section(
                title="The cures",
                parts=[page_tables.learnt(rows, targets), page_figures.cures(rows, targets)],
            ),
            Section(
                title="Likelihood and rank, which move before exact match does",
                parts=[page_figures.likelihood(rows, likelihood_margin)],
            ),
            Section(
                title="What they cost",
                parts=[page_tables.costs(rows, finished), page_tables.sources(targets)],
            ),
            Section(title="What each is", parts=[LEGEND, page_tables.described(rows)]),
        ),
        claims_note="Differences are against the untreated row, of the same seeds and facts; seeds are "
        "the unit. That a cure does nothing is shown by equivalence, and needs the reverse to be "
        "answered where it was told.",
        generic=False,
    )


QUESTION = (
    "Which of the published cures makes a model that was told “A is B” answer “B is A”, and does it then "
    "also say what does not follow? Facts are told in one order, under one cure after the other, for the "
    "same number of updates; of relations such as “A admires B” the false reverse is asked as well."
)
LIMITS = (
    "Each cure stands here for the idea of its paper, on small models and made-up facts; it is not the "
    "paper’s own code, scale or data."
)
GLOSSARY = {
    "untreated": "Told the same facts in the same order and with as many updates, without any cure.",
    "false reverse": "What does not follow: told that A admires B, to say that B admires A.",
    "reversed entities": "A cure that adds each text with its entities in the reverse order.",
    "inferences in context": "A cure that trains on texts in which a fact and its reverse stand "
    "together, as an inference.",
    "both orders, all": "Every fact is told in both orders: what can be reached at best, and no cure.",
    "right inverse": "What does follow: told that A admires B, to say who admires B.",
}
LEGEND = Text(
    lead="Three questions.",
    text='Told that "A admires B", the model is asked whom A admires (same direction), who admires B '
    "(reverse; the right inverse), and whom B admires (false reverse: naming A is a wrong inference). Of "
    "a name and a description, which are one and the same, the reverse is true and none is false.",
)


def answer(rows: pl.DataFrame) -> str:
    """Say what came out for the best and the most harmful cure."""
    said = []
    for model in rows["model"].unique(maintain_order=True):
        mine = rows.filter(pl.col("model") == model)
        right = _means(mine, REVERSE, IDENTITY)
        wrong = _means(mine, FALSE_REVERSE, ASYMMETRIC)
        if NOTHING not in right or NOTHING not in wrong:
            continue
        cures = [name for name in right if name in wrong and BY_NAME[name].settings.get("dose") != 1.0]
        best, worst = max(cures, key=right.__getitem__), max(cures, key=wrong.__getitem__)
        said.append(
            f"Untreated, the model {model} answers {percent(right[NOTHING])} % of the reverse. Of the "
            f"rows whose facts are told in one order, {best} brings most ({percent(right[best])} %), and "
            f"{worst} has the false reverse asserted most often ({percent(wrong[worst])} %; untreated "
            f"{percent(wrong[NOTHING])} %)."
        )
    return " ".join(said)


def _means(rows: pl.DataFrame, direction: str, kind: str) -> dict[str, float]:
    names = rows["variant"].drop_nulls().unique(maintain_order=True)
    found = {name: reading.share(reading.cell(rows, name, direction, kind)) for name in names}
    return {name: estimate.value for name, estimate in found.items() if estimate is not None}
