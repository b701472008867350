"""Tables of measures on disk."""

from collections.abc import Sequence
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


def concatenate(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put tables one under the other; a column that one of them lacks is null there."""
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
