"""The tables on the page of repetition suppression."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

import polars as pl

from obverse.core import format
from obverse.core.page import Cell, Column, Section, Table
from obverse.experiments.repetition.answers import (
    CLUSTERS,
    DIFFERENCES,
    MOMENT,
    NAMED,
    UNITS,
    differences,
    induction_gains,
    named,
    zero_shot,
)
from obverse.experiments.repetition.asked import POSITIVE, PROPORTION, Asked
from obverse.experiments.repetition.claims import CONTROLS
from obverse.stats.summary import group_means
from obverse.stats.trend import Trend
from obverse.stats.trend import trends as family_trends

SCALED = {"correct": "accuracy", "loss": "loss"}

Bounds = tuple[float, float] | None
# A model at a moment: MOMENT, whether it is its `last`, and the mean of each measure by name.
Entry = dict[str, Any]


def trends(rows: pl.DataFrame) -> Section | None:
    """Return the section that describes each family's trends; None where there are none."""
    asked = zero_shot(rows)
    found = [
        trend
        for scale in ("parameters", "tokens")
        for metric, bounds in (("correct", PROPORTION), ("loss", None))
        for trend in family_trends(asked, scale, metric, units=UNITS, bounds=bounds)
    ]
    if not found:
        return None
    numbers = (
        "places",
        "items",
        "seeds",
        "change over the scale",
        "95 % interval",
        "bend",
        "95 % interval",
    )
    columns = [
        *(Column(title=title) for title in ("family", "scale", "measure")),
        *(Column(title=title, numeric=True) for title in numbers),
        Column(title="turns round"),
    ]
    note = (
        "The change over the whole scale is that of a straight line through each item's scores over the "
        "logarithm of the scale; the bend is how far a parabola goes away from the line, positive if "
        "its ends are higher. A trend turns round if the bend and, with opposite signs, the changes on "
        "either side of it differ from zero; this is asked from five places on the scale up. Where "
        "every seed trained a family of its own, intervals speak of other items and trainings. Where "
        "each model is one run, its distance from the line counts as its own, so that intervals speak "
        "of other items and other models of the family; two models give none. Over tokens, a model "
        "whose tokens are not known (a finished one, asked without a revision) has no place; over "
        "parameters it comes last of its moments. Whether a trend is inverse, positive or flat is "
        "decided by the claims."
    )
    return Section(
        title="Trends", parts=[Table(columns=columns, rows=[_trend(t) for t in found], note=note)]
    )


def _trend(trend: Trend) -> Sequence[Cell]:
    change, bend = trend.change, trend.bend
    return (
        trend.family, trend.scale, SCALED[trend.metric], trend.n_models,
        format.whole(change.n_facts), change.n_seeds, change.value, format.interval(*change.interval()),
        bend.value if bend else None, format.interval(*bend.interval()) if bend else format.MISSING,
        None if trend.sides is None else trend.turns_round,
    )  # fmt: skip


def models(task: Asked, zero: pl.DataFrame, rows: pl.DataFrame) -> list[Table]:
    """Return each model's means in each condition and its induction, earlier moments folded away."""
    entries = moments(zero)
    measures: tuple[tuple[str, Bounds], ...] = (
        ("correct", PROPORTION), ("loss", POSITIVE), ("mass", None),
    )  # fmt: skip
    for metric, bounds in measures:
        for row in means(zero, [*MOMENT, "condition"], metric, bounds):
            entries[key(row)][f"{metric}_{row['condition']}"] = row
    for row in means(induction_gains(rows), MOMENT, "gain", None):
        entries[key(row)]["gain"] = row
    several = len(task.conditions) > 1
    shown = {
        **{f"correct_{c}": f"accuracy, {c}" if several else "accuracy" for c in task.conditions},
        **{f"loss_{c}": f"loss, {c}" if several else "loss" for c in task.conditions},
        "mass_against": "class mass",
        "gain": "induction, nats a word",
    }
    bare = {name for name in shown if name.startswith(("loss", "mass"))}
    return by_moment(in_order(entries.values()), "", {}, shown, bare)


def answers(rows: pl.DataFrame) -> list[Table]:
    """Return, of models that give answers alone, how many of them name a class at all."""
    found = named(rows)
    if found.is_empty():
        return []
    return [
        Table(
            title="Answers that name a class",
            columns=[
                Column(title="model"),
                Column(title="answers", numeric=True),
                Column(title="that name a class, %", numeric=True),
                Column(title="right among these, %", numeric=True),
            ],
            rows=[
                (
                    row["model"],
                    row["answers"],
                    format.percent(row["share"]),
                    format.percent(row["accuracy"]) if row["share"] >= NAMED else "not counted",
                )
                for row in found.iter_rows(named=True)
            ],
            note="These models give no log-probabilities. An answer that is none of the classes is no "
            f"choice of the wrong one; where fewer than {NAMED:.0%} name a class, nothing is claimed.",
        )
    ]


def sensitivity(zero: pl.DataFrame) -> list[Table]:
    """Return how much the task differs from each control, for each model and moment."""
    entries: list[Entry] = []
    for control, name in CONTROLS.items():
        table = differences(zero, control)
        if table.is_empty():
            continue
        own = {key: entry | {"control": name} for key, entry in moments(zero).items()}
        for measure, bounds in DIFFERENCES.items():
            for row in means(table, MOMENT, measure, bounds):
                own[key(row)][measure] = row
        entries += [entry for entry in own.values() if "correct" in entry]
    if not entries:
        return []
    shown = {
        "correct": "difference of accuracy", "loss": "difference of loss, nats",
        "changed": "another class chosen",
    }  # fmt: skip
    note = (
        "Each item told to break the pattern, minus the same item in the control; with the instruction "
        "removed, items that show the same sequence have one question in common, and count as one. "
        "Accuracy: beside “told to follow”, 1 for a model that does as told, 0 for one that does not "
        "read. The last column is the share of items of which another class is chosen; it may be large "
        "where the accuracy is the same. Intervals are 95 %."
    )
    title = "Sensitivity to the instruction"
    return by_moment(in_order(entries), title, {"control": "control"}, shown, set(), note)


def by_moment(
    entries: Sequence[Entry],
    title: str,
    labels: Mapping[str, str],
    shown: Mapping[str, str],
    bare: set[str],
    note: str = "",
) -> list[Table]:
    """Return a table of the last moments, and a folded one of the earlier ones if there are any.

    Args:
        labels: further columns of text, and their titles.
        shown: the measures' names, and their titles.
        bare: the measures that are shown without their intervals.
    """
    columns = [
        Column(title="model"),
        Column(title="parameters", numeric=True),
        Column(title="tokens", numeric=True),
        *(Column(title=label) for label in labels.values()),
        *(Column(title=name, numeric=True) for name in shown.values()),
    ]

    def row(entry: Entry) -> list[Cell]:
        about = (entry["model"], format.whole(entry["parameters"]), format.whole(entry["tokens"]))
        cells = (cell(entry.get(name), name in bare) for name in shown)
        return [*about, *(entry[label] for label in labels), *cells]

    last = [row(entry) for entry in entries if entry["last"]]
    earlier = [row(entry) for entry in entries if not entry["last"]]
    tables = [Table(title=title, columns=columns, rows=last, note=note)]
    if earlier:
        about = ", ".join(filter(None, (title.lower(), f"earlier moments ({len(earlier)})")))
        folded = about[0].upper() + about[1:]
        tables.append(Table(title=folded, columns=columns, rows=earlier, folded=True))
    return tables


def cell(mean: Mapping[str, Any] | None, bare: bool = False) -> str:
    """Write a mean with its interval, or `bare` without it."""
    if mean is None or mean["mean"] is None:
        return format.MISSING
    value = format.number(mean["mean"])
    return value if bare else f"{value} {format.interval(mean['low'], mean['high'])}"


def means(rows: pl.DataFrame, by: Sequence[str], metric: str, bounds: Bounds) -> list[Entry]:
    """Return the mean of each group, with its interval over items and what they have in common."""
    return group_means(rows, by, metric, bounds=bounds, clusters=CLUSTERS).to_dicts()


def moments(zero: pl.DataFrame) -> dict[tuple[Any, ...], Entry]:
    """Return, for each model and moment, an entry with MOMENT and whether it is its `last`."""
    return {key(row): row for row in zero.select(*MOMENT, "last").unique().to_dicts()}


def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells a model's moment from others."""
    return tuple(row[name] for name in MOMENT)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Sort by family, size and moment, a finished model (of unknown tokens) after its own steps."""

    def place(entry: Entry) -> tuple[Any, ...]:
        tokens = inf if entry["tokens"] is None else entry["tokens"]
        return entry["family"] or "", entry["parameters"] or 0, tokens, entry["model"]

    return sorted(entries, key=place)
