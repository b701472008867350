"""Rows on disk are a DataFrame to whoever takes them, and are read only as far as somebody asks."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from obverse.core import rows as module
from obverse.core.rows import Rows, rows_of, source_of

SOME = pl.DataFrame(
    {
        "seed": [n // 20 for n in range(1000)],
        "fact": [f"f{n % 20}" if n % 7 else None for n in range(1000)],
        "final": [n % 2 == 0 for n in range(1000)],
        "value": [n % 13 / 7 for n in range(1000)],
    }
)


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    SOME.write_parquet(tmp_path / "some.parquet", row_group_size=100)
    return Rows(pl.scan_parquet(tmp_path / "some.parquet"))


@pytest.mark.parametrize(
    "use",
    [
        lambda t: t,
        lambda t: t.filter("final", seed=3),
        lambda t: t.filter(pl.col("value") == pl.col("value").max().over("seed")),
        lambda t: t.drop_nulls("fact").select("seed", "value"),
        lambda t: t["value"].to_frame(),
        lambda t: t["fact", "seed"],
        lambda t: t[3:7],
        lambda t: t.with_columns(double=pl.col("value") * 2),
        lambda t: t.group_by("seed", maintain_order=True).agg(pl.col("value").mean()),
        lambda t: t.sort("value", "seed", "fact").head(5),
        lambda t: t.partition_by("seed", as_dict=True)[(4,)],
        lambda t: t.join(SOME.head(3), on=["seed", "fact"], maintain_order="left"),
        lambda t: pl.concat([t, SOME]),
        lambda t: pl.concat([SOME, t.filter("final")]),
        lambda t: pickle.loads(pickle.dumps(t)).filter("final"),
        lambda t: t.lazy().filter("final").collect(),
    ],
)
def test_they_are_a_data_frame(rows: Rows, use: Callable[[Any], pl.DataFrame]) -> None:
    assert isinstance(rows, pl.DataFrame)
    assert use(rows).equals(use(SOME))
    whole = rows.with_columns()
    assert use(whole).equals(use(SOME))


def test_shape_is_that_of_the_table(rows: Rows) -> None:
    asked = rows.filter("final", seed=3)
    assert (len(asked), asked.height, asked.shape, asked.is_empty()) == (10, 10, (10, 4), False)
    assert rows.filter(seed=-1).is_empty()
    assert (rows.columns, rows.schema, "value" in rows) == (SOME.columns, SOME.schema, True)


def test_column_that_is_not_there_is_refused_at_once(rows: Rows) -> None:
    for use in (
        lambda: rows.filter(nowhere=1),
        lambda: rows.drop_nulls("nowhere"),
        lambda: rows["nowhere"],
    ):
        with pytest.raises(pl.exceptions.ColumnNotFoundError, match="nowhere"):
            use()


def test_only_what_is_asked_for_is_read(rows: Rows) -> None:
    rows.filter("final").select("value")
    assert rows["seed"].n_unique() == 50
    assert rows._kept is None
    rows.to_dicts()
    assert rows._kept is not None


def test_few_rows_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE", 999)
    assert isinstance(rows_of(SOME.lazy()), Rows)
    few = rows_of(SOME.lazy().head(999))
    assert not isinstance(few, Rows)
    assert source_of(few).collect().equals(SOME.head(999))
