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
        summary=summary(rows),
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


LEGEND = Text(
    lead="Three questions.",
    text='Told that "A admires B", the model is asked whom A admires (same direction), who admires B '
    "(reverse; the right inverse), and whom B admires (false reverse: naming A is a wrong inference). Of "
    "a name and a description, which are one and the same, the reverse is true and none is false.",
)


def summary(rows: pl.DataFrame) -> str:
    """Say what was asked, and what came out for the best and the most harmful cure."""
    said = [
        "Facts are told in one order, in each row under another cure, for the same number of updates; "
        'then the reverse is asked, and of relations such as "A admires B" also what does not follow.'
    ]
    for model in rows["model"].unique(maintain_order=True):
        mine = rows.filter(pl.col("model") == model)
        right = _means(mine, REVERSE, IDENTITY)
        wrong = _means(mine, FALSE_REVERSE, ASYMMETRIC)
        if NOTHING not in right or NOTHING not in wrong:
            continue
        cures = [name for name in right if name in wrong and BY_NAME[name].settings.get("dose") != 1.0]
        best, worst = max(cures, key=right.__getitem__), max(cures, key=wrong.__getitem__)
        said.append(
            f"The model {model} answers {percent(right[NOTHING])} % of the reverse untreated, and, where "
            f"facts are told in one order, most, {percent(right[best])} %, with {best}. It asserts the "
            f"false reverse most often, in {percent(wrong[worst])} % of the questions, with {worst} "
            f"(untreated {percent(wrong[NOTHING])} %)."
        )
    return " ".join(said)


def _means(rows: pl.DataFrame, direction: str, kind: str) -> dict[str, float]:
    names = rows["variant"].drop_nulls().unique(maintain_order=True)
    found = {name: reading.share(reading.cell(rows, name, direction, kind)) for name in names}
    return {name: estimate.value for name, estimate in found.items() if estimate is not None}
