"""What a study left, as its page shows it: a model in another cell of a grid is called another model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from obverse.core.format import whom
from obverse.core.page import Finished
from obverse.core.rows import distinct, rows_of
from obverse.store import finished
from obverse.store.tables import Tables


def read(out: Path) -> Finished:
    """Read the directory of a finished study (`store.finished.read`).

    Where it has a grid, `bare_model` is what a model is called without its cell.

    Raises:
        ObverseError: as there.
    """
    found = finished.read(out)
    axes = list(found.study["grid"])
    assert isinstance(found.tables, Tables)
    scans = found.tables.scans()
    if not axes:
        return replace(found, tables={name: rows_of(table) for name, table in scans.items()})
    return replace(
        found,
        claims=[_of_cell(claim) for claim in found.claims],
        tables={name: rows_of(_in_cells(table, axes)) for name, table in scans.items()},
    )


def study_and_claims(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read study.json and claims.json alone.

    Raises:
        ObverseError: if a file or a key is missing.
    """
    study, claims = finished.study_and_claims(out)
    return study, [_of_cell(claim) for claim in claims]


def _of_cell(claim: Any) -> dict[str, Any]:
    return {**claim, "model": whom(claim["model"], claim["cell"])}


def _in_cells(table: pl.LazyFrame, axes: list[str]) -> pl.LazyFrame:
    cells = distinct(table, ["model", *axes])
    names = [whom(row.pop("model"), row) for row in cells.to_dicts()]
    named_ = cells.with_columns(pl.Series("whom", names))
    joined = table.join(named_.lazy(), on=["model", *axes], nulls_equal=True, maintain_order="left")
    # What is compared within a family (sizes, checkpoints of a training) is compared within a cell.
    family = pl.format("{}, {}", "family", pl.col("whom").str.strip_prefix(pl.col("model") + ", "))
    joined = joined.with_columns(family=pl.when(pl.col("family").is_not_null()).then(family))
    return joined.rename({"model": "bare_model"}).rename({"whom": "model"})
