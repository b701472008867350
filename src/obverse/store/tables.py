"""Tables of measures on disk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from obverse.core.errors import ObverseError
from obverse.store.files import UNFINISHED

PART = 2**17  # rows that are in memory together where many tables become one
GROUP = 2**16  # rows of a file's groups, which are read or passed over as a whole


def read(path: Path) -> pl.DataFrame:
    """Read a measure's table.

    Raises:
        ObverseError: if it is not there or is no parquet file.
    """
    try:
        return pl.read_parquet(path, glob=False)  # a name may look like a pattern
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ObverseError(f"{path}: cannot be read as a table: {error}") from None


def columns(path: Path) -> list[str]:
    """Return the names of a table's columns; its rows are not read.

    Raises:
        ObverseError: as `read`.
    """
    try:
        return list(pl.scan_parquet(path, glob=False).collect_schema())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ObverseError(f"{path}: cannot be read as a table: {error}") from None


def read_many(paths: Sequence[Path]) -> list[pl.DataFrame]:
    """Read several tables: those that have the same columns at once, which takes a third of the time.

    Raises:
        ObverseError: as `read`.
    """
    place = "path of the file"
    try:
        whole = pl.read_parquet(
            list(paths), include_file_paths=place, glob=False, hive_partitioning=False
        )
    except (OSError, pl.exceptions.PolarsError):
        return [read(path) for path in paths]
    rows, parts, start = whole.drop(place).rechunk(), dict[str, pl.DataFrame](), 0
    for length, path in whole[place].rle().struct.unnest().iter_rows():
        parts[path] = rows.slice(start, length)
        start += length
    return [parts.get(str(path), rows.clear()) for path in paths]


class Tables(Mapping[str, pl.DataFrame]):
    """Tables by their names, each read when it is first asked for."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = dict(paths)
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            self._read[name] = read(self.paths[name])
        return self._read[name]

    def scans(self) -> dict[str, pl.LazyFrame]:
        """Return the tables as what is read only as far as somebody asks for it."""
        return {name: pl.scan_parquet(path, glob=False) for name, path in self.paths.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def concatenate(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put tables one under the other; a column that one of them lacks is null there."""
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()


class Parts:
    """Tables that are put one under the other, and written by parts, so that memory does not grow.

    Args:
        path: of the table that they become; parts stand beside it, and go with it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._written: list[Path] = []

    def add(self, table: pl.DataFrame) -> None:
        self._waiting.append(table)
        self._rows += len(table)
        if self._rows >= PART:
            self._write()

    def join(self, to: Path) -> None:
        """Write all of them to one file."""
        if not self._written:
            concatenate(self._waiting).write_parquet(to, row_group_size=GROUP)
            return
        self._write()
        scans = [pl.scan_parquet(path, glob=False) for path in self._written]
        pl.concat(scans, how="diagonal").sink_parquet(to, row_group_size=GROUP)
        for path in self._written:
            path.unlink()

    def _write(self) -> None:
        if self._waiting:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_name(f".{self._path.stem}{UNFINISHED}{len(self._written)}")
            concatenate(self._waiting).write_parquet(part)
            self._written.append(part)
            self._waiting, self._rows = [], 0
