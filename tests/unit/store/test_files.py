import errno
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from obverse.store.runs import RunFolder

from obverse.core.errors import ObverseError
from obverse.store import files


def test_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a" / "file.json"
    files.write_json(path, {"old": 1})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ObverseError, match=r"file\.json: cannot be written: No space left"):
        files.write_json(path, {"new": 2})
    assert files.read_json(path) == {"old": 1}
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ObverseError, match="cannot be written"):
        files.write_text(tmp_path / "out" / "study.json", "x")


def test_missing_value_is_never_written_as_a_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "x.json", {"p": math.nan})


def test_run_folder_is_held_by_one_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from obverse.store.runs import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(ObverseError, match="another process"), RunFolder(tmp_path).locked(0):
        pass
    holder.kill()
    holder.communicate()
    with RunFolder(tmp_path).locked():  # the lock went with the process
        pass


def test_losses_of_steps_trained_again_are_replaced(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.add_losses("s", [(1, 3.0), (2, 2.0)])
    folder.add_losses("s", [(2, 2.5), (3, 1.0)])
    expected: dict[str, Any] = {"s": [[1, 3.0], [2, 2.5], [3, 1.0]]}
    assert folder.losses() == expected
