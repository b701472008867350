"""Tables of measures on disk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from obverse.core.errors import ObverseError


def read(path: Path) -> pl.DataFrame:
    """Read a measure's table.

    Raises:
        ObverseError: if it is not there or is no parquet file.
    """
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ObverseError(f"{path}: cannot be read as a table: {error}") from None


def columns(path: Path) -> list[str]:
    """Return the names of a table's columns; its rows are not read.

    Raises:
        ObverseError: as `read`.
    """
    try:
        return list(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ObverseError(f"{path}: cannot be read as a table: {error}") from None


class Tables(Mapping[str, pl.DataFrame]):
    """Tables by their names, each read when it is first asked for."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            self._read[name] = read(self._paths[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def concatenate(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put tables one under the other; a column that one of them lacks is null there."""
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
