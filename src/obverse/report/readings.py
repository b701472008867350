"""The same answers read in other ways than by exact match, which is strict."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from obverse.core.format import MISSING, percent
from obverse.core.page import Cell, Column, Finished, Section, Table
from obverse.core.rows import source_of
from obverse.report import groups
from obverse.report.reading import n_unique

OPEN_ROWS = 12
RIGHT = pl.col("exact_match")
HELD = pl.col("generation").str.to_lowercase().str.contains(
    pl.col("target").str.strip_chars().str.to_lowercase(), literal=True
)  # fmt: skip


def section(finished: Finished) -> Section | None:
    """Return how many answers hold the right one, and how often it ranks first; None if nothing tells."""
    table = finished.tables.get("ask")
    if table is None or table.is_empty():
        return None
    rows = groups.last(table)
    labels, _ = groups.labels_of(finished, rows)
    by = [name for name in ("model", "variant", *labels) if n_unique(rows, name) > 1]
    found = _readings(source_of(rows), by)
    if not found["texts"].sum() and not found["ranked"].sum():
        return None
    titles = (
        "answers with a text",
        "right, %",
        "hold the right one, %",
        "ranked",
        "right ranks first, %",
    )
    return Section(
        title="Other readings of the answers",
        parts=[
            Table(
                title="Exact match, containment and rank",
                columns=[Column(title=name) for name in by]
                + [Column(title=title, numeric=True) for title in titles],
                rows=[_cells(row, by) for row in found.iter_rows(named=True)],
                folded=found.height > OPEN_ROWS,
                note="Of the answers whose text is kept: how many are an exact match, and how many have "
                "the right answer anywhere in them, whatever its case. Of the questions with candidates: "
                "how often the right one is likelier than all others.",
            )
        ],
    )


def _readings(rows: pl.LazyFrame, by: Sequence[str]) -> pl.DataFrame:
    kept, ranked = pl.col("generation").is_not_null(), pl.col("n_candidates") > 1
    found = [
        kept.sum().alias("texts"),
        RIGHT.filter(kept).mean().alias("right"),
        HELD.filter(kept).mean().alias("held"),
        ranked.sum().alias("ranked"),
        (pl.col("rank") == 1).filter(ranked).mean().alias("first"),
    ]
    asked = rows.group_by(by, maintain_order=True).agg(found) if by else rows.select(found)
    return asked.collect(engine="streaming")


def _cells(row: dict[str, Any], by: Sequence[str]) -> list[Cell]:
    shares = [MISSING if row[n] is None else percent(row[n]) for n in ("right", "held", "first")]
    said = [row["texts"], *shares[:2], row["ranked"], shares[2]]
    return [*(groups.shown(row[name]) for name in by), *said]
