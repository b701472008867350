"""The tables about families made from scratch."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from obverse.core.format import interval, number, percent
from obverse.core.page import Cell, Column, Table
from obverse.experiments.parents.world import DIRECTIONS, FREQUENCIES, ORDERS
from obverse.stats.summary import group_means

CELL = ["model", "order", "frequency", "direction"]
TITLES = ("model", "told", "mentioned more often", "asked for")
SORTED = {"order": ORDERS, "frequency": FREQUENCIES, "direction": DIRECTIONS}
SAMPLES = 2  # right and wrong ones of each model, order and direction


def _numeric(*titles: str) -> list[Column]:
    return [Column(title=title, numeric=True) for title in titles]


def cells(final: pl.DataFrame) -> Table:
    """Return exact match, likelihood, log-probability against another's, and rank, for each cell."""
    rows = final.with_columns(
        pl.col("logprob").exp().alias("likelihood"),
        (pl.col("logprob") - pl.col("logprob_control")).alias("difference"),
    )
    exact = group_means(rows, CELL, "exact_match", bounds=(0, 1), clusters=("template",))
    others = rows.group_by(CELL).agg(
        pl.col("chance", "likelihood", "difference", "rank", "n_candidates").mean()
    )
    found: list[Sequence[Cell]] = [
        [
            *(r[key] for key in CELL), percent(r["mean"]),
            f"[{percent(r['low'])}, {percent(r['high'])}]", percent(r["chance"]),
            number(r["likelihood"], 4), number(r["difference"], 2), number(r["rank"], 1),
            number((r["n_candidates"] + 1) / 2, 1), str(r["n_facts"]),
        ]
        for r in sorted(exact.join(others, on=CELL).to_dicts(), key=_place)
    ]  # fmt: skip
    return Table(
        title="Each order and frequency",
        columns=[
            *(Column(title=title) for title in TITLES),
            *_numeric(
                "exact match %", "95 % interval", "chance %", "likelihood", "right − other, nats",
                "mean rank", "by chance", "pairs",
            ),
        ],
        rows=found,
        note="Likelihood: mean of exp(log-probability) of the right name, which Figure 5 has for Llama. "
        "A name that is mentioned often is likelier whatever is asked, so compare it within a frequency. "
        "Right − other: against another pair's name, mentioned as often. Who is whose parent was made "
        "here: the truth is nobody's word.",
    )  # fmt: skip


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["model"], *(levels.index(row[key]) for key, levels in SORTED.items())


def wordings(final: pl.DataFrame) -> Table:
    """Return exact match of each held-out wording, in the order that was told and in the reverse."""
    told = pl.col("order").str.starts_with("child") == (pl.col("direction") == "parent")
    rows = final.with_columns(
        pl.when(told).then(pl.lit("told")).otherwise(pl.lit("reverse")).alias("way")
    )
    means = group_means(rows, ["model", "direction", "template", "way"], "exact_match", bounds=(0, 1))
    examples = rows.group_by("direction", "template").agg(pl.col("prompt").min())
    prompts = {(asked, n): prompt for asked, n, prompt in examples.rows()}
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    for r in means.to_dicts():
        shown = f"{percent(r['mean'])} {interval(100 * r['low'], 100 * r['high'], 1)}"
        found.setdefault((r["model"], r["direction"], r["template"]), {})[r["way"]] = shown
    return Table(
        title="Exact match of each held-out wording",
        columns=[
            Column(title="model"), Column(title="asked for"), Column(title="for example"),
            *_numeric("as told %", "reverse %"),
        ],
        rows=[
            [model, asked, prompts[asked, n], values.get("told", "–"), values.get("reverse", "–")]
            for (model, asked, n), values in sorted(found.items())
        ],
        note="With 95 % intervals over pairs and seeds.",
    )  # fmt: skip


def samples(final: pl.DataFrame) -> Table:
    """Return right and wrong answers of each model, order and direction."""
    by = ["model", "order", "direction"]
    rows: list[Sequence[Cell]] = []
    for (model, order, asked), cell in final.drop_nulls("generation").group_by(by, maintain_order=True):
        for right in (True, False):
            those = cell.filter(pl.col("exact_match") == right).head(SAMPLES)
            for texts in those.select("prompt", "target", "generation").rows():
                rows.append([str(model), str(order), str(asked), "right" if right else "wrong", *texts])
    titles = (
        "model", "told", "asked for", "right or wrong", "prompt", "right answer", "answer given",
    )  # fmt: skip
    return Table(columns=[Column(title=title) for title in titles], rows=rows)
