"""Tables of many runs become one, without being in memory together."""

from pathlib import Path

import polars as pl
import pytest

from obverse.core.errors import ObverseError
from obverse.store import tables
from obverse.store.tables import Parts, read_many

SCHEMA = {"run": pl.String, "value": pl.Int64}
ONES = [pl.DataFrame({"run": [f"r{n}"] * n, "value": [n] * n}, SCHEMA) for n in (3, 2, 0, 4, 1)]


@pytest.mark.parametrize("part", [1, 4, 1000])
def test_parts_are_joined_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    monkeypatch.setattr(tables, "PART", part)
    parts = Parts(tmp_path / "ask.parquet")
    frames = [*ONES, pl.DataFrame({"run": ["more"], "label": ["a"], "value": [9]})]
    for frame in frames:
        parts.add(frame)
    parts.join(tmp_path / "whole")
    assert pl.read_parquet(tmp_path / "whole").equals(pl.concat(frames, how="diagonal"))
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize("odd", [False, True])
def test_many_tables_are_read_as_each_alone(tmp_path: Path, odd: bool) -> None:
    frames = [*ONES, ONES[0].with_columns(label=1)] if odd else ONES
    paths = [tmp_path / f"[{n}] *.parquet" for n in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        frame.write_parquet(path)
    for found, frame in zip(read_many(paths), frames, strict=True):
        assert found.equals(frame)


def test_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    ONES[0].write_parquet(tmp_path / "good.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"none")
    with pytest.raises(ObverseError, match=r"bad\.parquet: cannot be read as a table"):
        read_many([tmp_path / "good.parquet", tmp_path / "bad.parquet"])
