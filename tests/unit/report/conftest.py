"""A study's directory that a test writes."""

from pathlib import Path

import pytest

from tests.left_behind import Leave, leaving


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    return leaving(tmp_path)
