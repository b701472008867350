"""`obverse data` refuses what it would pass over."""

from pathlib import Path

import pytest

from obverse.cli.writing import data
from obverse.core.errors import ObverseError


@pytest.mark.parametrize("option", ["out", "layout"])
def test_check_writes_nothing_and_is_not_told_where(option: str, tmp_path: Path) -> None:
    to = tmp_path / "data"
    with pytest.raises(ObverseError, match=f"--check --{option} .*: with --check nothing is written"):
        data("reversal", check=True, **{option: to})  # type: ignore[arg-type]
    assert not to.exists()
