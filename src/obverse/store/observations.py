"""Observation tables on disk."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from obverse.core.errors import ObverseError
from obverse.core.observation import COLUMNS, Observation

POLARS = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
SCHEMA = pl.Schema({name: POLARS[kind] for name, kind in COLUMNS.items()})


def to_frame(rows: Iterable[Observation]) -> pl.DataFrame:
    """Return observations as a table with the fixed columns of `core.observation`."""
    return pl.DataFrame(list(rows), schema=SCHEMA)


def read(path: Path) -> pl.DataFrame:
    """Read an observation table.

    Raises:
        ObverseError: if it is not there or has other columns.
    """
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ObverseError(f"{path}: cannot be read as an observation table: {error}") from None
    if frame.schema != SCHEMA:
        lacking = sorted(set(SCHEMA) - set(frame.columns))
        raise ObverseError(
            f"{path}: not an observation table of this version"
            + (f"; it lacks {', '.join(lacking)}" if lacking else "")
        )
    return frame


def concatenate(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)
