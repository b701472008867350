"""From a measure's rows to its table: declared columns and no others."""

from typing import Any

import polars as pl
import pytest

from obverse.core.errors import ObverseError
from obverse.measures.frame import conform, to_frame

COLUMNS: dict[str, Any] = {"fact": str, "score": float, "rank": int, "right": bool}


def test_what_a_row_lacks_is_null() -> None:
    table = to_frame([{"fact": "a"}, {"fact": "b", "score": 0.5}])
    assert table.to_dicts() == [{"fact": "a", "score": None}, {"fact": "b", "score": 0.5}]


def test_table_has_the_declared_columns_in_their_order() -> None:
    table = conform(to_frame([{"score": 1, "fact": "a"}, {"score": 0.5, "fact": "b"}]), COLUMNS, "it")
    assert table.schema == {
        "fact": pl.String, "score": pl.Float64, "rank": pl.Int64, "right": pl.Boolean
    }  # fmt: skip
    assert table["score"].to_list() == [1.0, 0.5]
    assert table["rank"].to_list() == [None, None]


@pytest.mark.parametrize("rows", [[], [{"fact": "a"}]])
def test_table_has_as_many_rows_as_were_measured(rows: list[dict[str, Any]]) -> None:
    table = conform(to_frame(rows), COLUMNS, "it")
    assert table.height == len(rows)
    assert table.columns == list(COLUMNS)


def test_column_that_nobody_declares_is_refused() -> None:
    with pytest.raises(ObverseError, match="it gives the column 'kind', which neither"):
        conform(to_frame([{"fact": "a", "kind": "b"}]), COLUMNS, "it")


@pytest.mark.parametrize(
    ("column", "value"),
    [("fact", 3), ("score", "high"), ("rank", 0.5), ("rank", "1"), ("right", 1), ("score", True)],
)
def test_value_of_another_type_is_refused(column: str, value: object) -> None:
    with pytest.raises(ObverseError, match=f"it: the column '{column}' is .*; expected"):
        conform(to_frame([{column: value}]), COLUMNS, "it")
