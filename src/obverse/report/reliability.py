"""The page of implicit meta-learning."""

from typing import Any

import polars as pl

from obverse.report import reliability_figures as draw
from obverse.report.reliability_figures import ASKED, DASHED, SUBSETS, WHERE, with_place
from obverse.stats.contrast import difference
from obverse.stats.summary import group_means

SAMPLES = 2
X1 = [s for s in SUBSETS if s not in DASHED]
X2 = [s for s in SUBSETS if s in DASHED]
PAIRS = (("D1cons-QA1", "QA3"), ("QA3", "D2incons-QA2"), ("D5cons", "D6cons"), ("D8cons", "D6cons"))


def page(study: dict[str, Any], observations: pl.DataFrame) -> dict[str, Any]:
    """Return what the template shows: figures, tables, samples."""
    rows = with_place(observations)
    trunk = rows.filter("trunk")
    trunk_end = trunk.filter(pl.col("place") == pl.col("place").max().over(WHERE))
    final = rows.filter("final")
    moments = {"after Stage 1": trunk_end, "at the end": final}
    if final["trunk"].all():
        moments = {"at the end": final}
    tables = [_table("X1", moment, at, X1) for moment, at in moments.items()]
    return {
        "figures": [f for f in (draw.curves(rows), draw.gaps(final), draw.losses(rows)) if f is not None],
        "unit_of_facts": "aliases",
        "tables": [*tables, _table("X2", "at the end", final, X2)],
        "pairs": [row for moment, at in moments.items() for row in _pairs(moment, at)],
        "losses": _losses(final),
        "samples": _samples(final),
        "world": study["settings"]["population"]["kind"],
        "asked": ASKED,
    }


def _table(part: str, moment: str, rows: pl.DataFrame, subsets: list[str]) -> dict[str, Any]:
    """Return exact match by subset of X1 or X2: one line a model, variant and kind of question."""
    keys = [*WHERE, "direction"]
    asked = rows.filter(pl.col("direction").is_in(list(ASKED)), pl.col("subset").is_in(subsets))
    means = group_means(asked, [*keys, "subset"], "exact_match", bounds=(0, 1))
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in means.to_dicts():
        key = tuple(row[k] for k in keys)
        lines.setdefault(key, {k: row[k] for k in keys})[row["subset"]] = row
    ordered = sorted(lines.values(), key=lambda line: list(ASKED).index(line["direction"]))
    shown = [s for s in subsets if s in set(asked["subset"])]
    return {"title": f"Exact match on {part}, {moment}", "subsets": shown, "lines": ordered}


def _pairs(moment: str, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the differences between subsets, over seeds."""
    found = []
    for (model, variant, direction), group in rows.filter(
        pl.col("direction").is_in(["question", "attribution"])
    ).group_by(*WHERE, "direction", maintain_order=True):
        for a, b in PAIRS:
            if moment == "after Stage 1" and a not in ("D1cons-QA1", "QA3"):
                continue
            first, second = (group.filter(pl.col("subset") == s) for s in (a, b))
            estimate = difference(first, second, "exact_match")
            if estimate is None:
                continue
            low, high = estimate.interval()
            found.append(
                {"moment": moment, "model": model, "variant": variant, "direction": direction}
                | {"a": a, "b": b, "value": estimate.value, "low": low, "high": high}
                | {"n_seeds": estimate.n_seeds}
            )
    return found


def _losses(final: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the mean loss of each subset's training texts and questions, nats an answer."""
    rows = final.drop_nulls("logprob").with_columns(pl.col("logprob").neg().alias("nats"))
    return group_means(rows, [*WHERE, "subset", "direction"], "nats", bounds=(0, float("inf"))).to_dicts()


def _samples(final: pl.DataFrame) -> list[dict[str, Any]]:
    picked = []
    asked = final.filter(pl.col("direction").is_in(["question", "attribution"]))
    for _, group in asked.group_by(*WHERE, "direction", "subset", maintain_order=True):
        picked += group.gather_every(max(1, len(group) // SAMPLES)).head(SAMPLES).to_dicts()
    return picked
