"""The tables on the page about the grid: templates that name a symbol, orders of a pair, and slices."""

import polars as pl

from obverse.core import format
from obverse.core.page import Cell, Column, Table
from obverse.experiments.repetition.answers import AXES, MOMENT, zero_shot
from obverse.experiments.repetition.asked import POSITIVE, PROPORTION
from obverse.experiments.repetition.slices import changes
from obverse.experiments.repetition.tables import by_moment, cell, in_order, key, means, moments
from obverse.stats.clustered import ClusteredMean


def named(zero: pl.DataFrame) -> Table | None:
    """Return each model's results where what must not come is named, and where it is not."""
    against = zero.filter(pl.col("condition") == "against", "last")
    if against["names"].n_unique() < 2:
        return None
    entries = moments(against)
    for metric, bounds in (("correct", PROPORTION), ("loss", POSITIVE)):
        for row in means(against, [*MOMENT, "names"], metric, bounds):
            entries[key(row)][f"{metric}_{row['names']}"] = row
    shown = {
        f"{metric}_{names}": f"{title}, {'named' if names else 'not named'}"
        for metric, title in (("correct", "accuracy"), ("loss", "loss, nats"))
        for names in (True, False)
    }
    note = (
        f"Told to break the pattern. {_templates(against, names=True)} of "
        f"{against['template'].n_unique()} templates name the symbol that continues the pattern as the "
        "one that must not come (“ending with anything except B”), the others do not. Intervals are "
        "95 %, also over templates."
    )
    return by_moment(in_order(entries.values()), "What must not come is named", {}, shown, set(), note)[0]


def _templates(rows: pl.DataFrame, names: bool) -> int:
    return rows.filter(pl.col("names") == names)["template"].n_unique()


def preferences(zero: pl.DataFrame) -> Table | None:
    """Return the largest models' accuracy by which symbol of a pair comes first, and is right."""
    against = zero.filter(pl.col("condition") == "against", "last")
    size = pl.col("parameters")
    largest = against.filter(size == size.max().over("family"))
    rows: list[list[Cell]] = []
    found = {
        (row["model"], row["pattern"], row["first"]): row
        for row in means(largest, ["model", "pattern", "first"], "correct", PROPORTION)
    }
    for model, pattern in dict.fromkeys((model, pattern) for model, pattern, _ in found):
        both = [found.get((model, pattern, symbol)) for symbol in str(pattern).split(" ")]
        if None not in both:
            rows.append([model, pattern, *(cell(one) for one in both)])
    if not rows:
        return None
    titles = ("accuracy, first symbol right", "accuracy, second symbol right")
    return Table(
        title="Accuracy by which symbol of a pair is right",
        columns=[Column(title="model"), Column(title="pattern"),
                 *(Column(title=title, numeric=True) for title in titles)],
        rows=rows,
        note="Each pair is shown both ways round: the symbol that comes first breaks the pattern at the "
        "end, and is right. A model that likes one symbol whatever it is asked is right more often "
        "that way round. Intervals are 95 %.",
        folded=True,
    )  # fmt: skip


def slices(rows: pl.DataFrame) -> Table | None:
    """Return how much each level of the grid's axes changes over all sizes, for each family."""
    asked = zero_shot(rows).drop_nulls("family")
    found: list[list[Cell]] = []
    for (family,), group in asked.group_by(["family"], maintain_order=True):
        for axis in AXES:
            loss, accuracy = (changes(group, axis, "parameters", value) for value in ("loss", "correct"))
            for level in loss if len(loss) > 1 else ():
                items = format.whole(loss[level].n_facts)
                cells = (_estimate(one.get(level)) for one in (loss, accuracy))
                found.append([str(family), axis, level, items, *cells])
    if not found:
        return None
    titles = ("items", "change of loss, nats", "change of accuracy")
    columns = [Column(title=title) for title in ("family", "axis", "level")]
    return Table(
        title="Change over all sizes in every slice of the grid",
        columns=[*columns, *(Column(title=title, numeric=True) for title in titles)],
        rows=found,
        note="The claims “at every pattern”, “with every template” and “at every number of repetitions” "
        "are about the smallest change of the loss along their axis. Intervals are 95 %, each by itself.",
        folded=True,
    )


def _estimate(estimate: ClusteredMean | None) -> str:
    if estimate is None:
        return format.MISSING
    return f"{format.number(estimate.value)} {format.interval(*estimate.interval())}"
