"""The figure of losses: all subsets, on what is trained and on what is not (Figure 8)."""

import polars as pl

from obverse.core.page import Figure
from obverse.experiments.reliability.figures.accuracy import FEW, SHOWN
from obverse.experiments.reliability.figures.drawing import (
    WHERE,
    by_epoch,
    counted,
    grid,
    with_end,
    with_panel,
)
from obverse.stats.summary import group_means

PARTS = {
    "trained": "trained questions", "definition": "definitions", "question": "questions not trained",
}  # fmt: skip


def losses(rows: pl.DataFrame) -> Figure | None:
    """Loss of every subset over the epochs: training texts, and the questions not trained."""
    told = rows.filter(
        pl.col("direction").is_in(list(PARTS)), pl.col("subset").is_in(SHOWN)
    ).drop_nulls("logprob")  # fmt: skip
    if told.is_empty():
        return None
    told = told.with_columns(pl.col("logprob").neg().alias("nats"))
    keys = [*WHERE, "direction", "subset", "place"]
    table = group_means(told, keys, "nats", bounds=(0, float("inf")))
    table = with_end(with_panel(table, rows), rows).with_columns(
        pl.col("direction").replace_strict(PARTS).alias("part")
    )
    panels = table["panel"].unique(maintain_order=True).to_list()[:FEW]
    parts = [part for part in PARTS.values() if part in set(table["part"])]
    chart = grid(
        by_epoch(table.filter(pl.col("panel").is_in(panels)), "Loss (nats an answer)"),
        panels,
        parts,
        "independent",
    )
    caption = (
        "Losses by epoch (as in Figure 8): of the answers of trained questions, of the last element of "
        "definitions, and of the answers of questions that are not trained. Where D5cons and D6cons are "
        "learnt alike, a difference in answers is not one in what was memorised. Each panel has a scale "
        "of its own; lines as above. "
        f"{counted(told)}."
    )
    return Figure(name="losses", chart=chart, caption=caption)
