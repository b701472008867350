"""The page of repetition suppression."""

from collections.abc import Iterable
from dataclasses import asdict
from math import inf
from typing import Any

import polars as pl

from obverse.report import repetition_figures as draw
from obverse.report.repetition_figures import CONDITIONS, POSITIVE, PROPORTION, Task
from obverse.stats.answers import DIFFERENCES, MOMENT, correct, differences, induction_gains
from obverse.stats.moments import is_last
from obverse.stats.slices import axis_tests, item_changes
from obverse.stats.summary import group_means
from obverse.stats.trend import trends

CONTROLS = {"follow": "told to follow", "none": "instruction removed"}
OWN_TITLE = "Classification of your own data: does it get better or worse with scale?"


def page(study: dict[str, Any], observations: pl.DataFrame) -> dict[str, Any]:
    """Return what the template shows: figures and tables."""
    margin = study["settings"]["margin"]
    own = study["settings"]["data"] is not None
    asked = observations.filter(pl.col("subset") == "suppression").with_columns(
        correct().alias("correct"), is_last().alias("last")
    )
    zero = asked.filter(pl.col("shots") == 0)
    task = Task.of(zero, own)
    families = observations["family"].drop_nulls().unique(maintain_order=True)
    changes = {f: item_changes(observations.filter(pl.col("family") == f)) for f in families}
    changes = {f: table for f, table in changes.items() if len(table)}
    drawn = [
        draw.scaling(task, zero.filter("last")),
        draw.growth(task, observations, asked),
        draw.shots(task, asked.filter("last")),
        draw.slices(changes),
    ]
    return {
        "title": OWN_TITLE if own else study["title"],
        "figures": [f for f in drawn if f is not None],
        "unit_of_facts": "items",
        "margin": margin,
        "task": task,
        "models": _models(zero, observations),
        "sensitivity": _sensitivity(zero),
        "trends": [
            asdict(t)
            for scale in ("parameters", "tokens")
            for metric in ("correct", "loss")
            for t in trends(observations, scale, metric, margin)
        ],
        "axes": [{"family": f} | asdict(t) for f, table in changes.items() for t in axis_tests(table)],
        "grown_here": not own and any(m["kind"] == "grown" for m in study["models"]),
        "samples": _samples(zero.filter("last")),
    }


def _models(zero: pl.DataFrame, observations: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one entry a model and moment: the means in each condition, and induction."""
    entries = _moments(zero)
    for metric, bounds in (("correct", PROPORTION), ("loss", POSITIVE), ("mass", None)):
        for row in group_means(zero, [*MOMENT, "condition"], metric, bounds=bounds).to_dicts():
            entries[_key(row)][f"{metric}_{row['condition']}"] = row
    for row in group_means(induction_gains(observations), MOMENT, "gain").to_dicts():
        entries[_key(row)]["gain"] = row
    return _sorted(entries.values())


def _sensitivity(zero: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one entry a model, moment and control: how much the task differs from it."""
    rows = []
    for control, name in CONTROLS.items():
        table = differences(zero, control)
        if table.is_empty():
            continue
        entries = {key: entry | {"control": name} for key, entry in _moments(zero).items()}
        for measure, bounds in DIFFERENCES.items():
            for row in group_means(table, MOMENT, measure, bounds=bounds).to_dicts():
                entries[_key(row)][measure] = row
        rows += [entry for entry in entries.values() if "correct" in entry]
    return _sorted(rows)


def _moments(zero: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return, for each model and moment, an entry with MOMENT and whether it is its `last`."""
    return {_key(row): row for row in zero.select(*MOMENT, "last").unique().to_dicts()}


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in MOMENT)


def _sorted(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort by family, size and moment, a finished model (of unknown tokens) after its own steps."""

    def place(entry: dict[str, Any]) -> tuple[Any, ...]:
        tokens = inf if entry["tokens"] is None else entry["tokens"]
        return entry["family"] or "", entry["parameters"] or 0, tokens, entry["model"]

    return sorted(entries, key=place)


def _samples(zero: pl.DataFrame) -> list[dict[str, Any]]:
    """Pick items of the largest model in each condition, spread over the grid."""
    largest = zero.filter(pl.col("parameters").fill_null(0) == pl.col("parameters").fill_null(0).max())
    first = largest.filter(pl.col("seed") == pl.col("seed").min())
    picked = []
    for condition in CONDITIONS:
        rows = first.filter(pl.col("condition") == condition)
        picked += rows.gather_every(max(1, len(rows) // 2), offset=len(rows) // 5).head(2).to_dicts()
    return picked
