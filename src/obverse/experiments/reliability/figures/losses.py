"""The figure of losses: all subsets, on what is trained and on what is not (Figure 8)."""

import altair as alt
import polars as pl

from obverse.core.page import Figure
from obverse.experiments.reliability.figures.accuracy import FEW, SHOWN
from obverse.experiments.reliability.figures.drawing import (
    by_epoch,
    counted,
    grid,
    with_end,
    with_panel,
)

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
    table = with_end(with_panel(told, rows), rows).with_columns(
        pl.col("direction").replace_strict(PARTS).alias("part")
    )
    panels = table["panel"].unique(maintain_order=True).to_list()[:FEW]
    table = table.filter(pl.col("panel").is_in(panels))
    parts = [part for part in PARTS.values() if part in set(table["part"])]
    subsets = table["subset"].unique().to_list()
    # Losses of different texts differ by an order of magnitude: each column has a scale of its own.
    columns = [
        grid(
            by_epoch(
                table.filter(part=part), "nats", "Loss (nats an answer)",
                ["panel", "part"], (0, float("inf")), subsets=subsets,
            ),
            panels, [part], width=450 // len(parts), named=part == parts[0],
        )
        for part in parts
    ]  # fmt: skip
    chart = alt.hconcat(*columns, spacing=14)
    caption = (
        "Losses by epoch (as in Figure 8): of the answers of trained questions, of the last element of "
        "definitions, and of the answers of questions that are not trained. Where D5cons and D6cons are "
        "learnt alike, a difference in answers is not one in what was memorised. Each kind of "
        "text has a scale of its own; lines as above. "
        f"{counted(told)}."
    )
    return Figure(name="losses", chart=chart, caption=caption)
