import os
import time
from pathlib import Path

import polars as pl

from obverse.store.seen import Seen


def written(out: Path, text: str = "1") -> Path:
    path = out / "runs" / "a" / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def noted(out: Path) -> None:
    seen = Seen(out)
    seen.note("a", "1", ["run.json"])
    seen.save()


def settled(out: Path) -> None:
    """Wait until what was just written is old enough to be noted."""
    deadline = time.monotonic() + 10
    while ("a", "1") not in Seen(out):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        noted(out)


def test_run_counts_until_a_file_is_touched(tmp_path: Path) -> None:
    path = written(tmp_path)
    noted(tmp_path)
    assert ("a", "1") not in Seen(tmp_path), "a change in the same moment would bear the same time"
    settled(tmp_path)
    assert ("a", "2") not in Seen(tmp_path)
    assert ("b", "1") not in Seen(tmp_path)
    # Same size, and the times of change set back, as `touch -r` and `mv` do.
    status = path.stat()
    path.write_text("2")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert ("a", "1") not in Seen(tmp_path)


def test_file_that_is_gone_or_another_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    settled(tmp_path)
    other = path.with_name("other")
    other.write_text("1")
    other.rename(path)
    assert ("a", "1") not in Seen(tmp_path)
    settled(tmp_path)
    path.unlink()
    assert ("a", "1") not in Seen(tmp_path)


def test_note_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    written(tmp_path)
    settled(tmp_path)
    (tmp_path / ".cache" / "seen.parquet").write_text("x")
    assert ("a", "1") not in Seen(tmp_path)


def test_note_of_odd_values_is_none(tmp_path: Path) -> None:
    written(tmp_path)
    settled(tmp_path)
    odd = {"folder": ["a", "b"], "id": ["1", "2"], "files": [None, "x"], "stamp": [1, 2]}
    pl.DataFrame(odd).write_parquet(tmp_path / ".cache" / "seen.parquet")
    assert ("a", "1") not in Seen(tmp_path)
