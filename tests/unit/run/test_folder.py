"""A run's folder: who holds it, what is in it, and whether it is as it was written."""

import json
from pathlib import Path

import polars as pl
import pytest

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from tests.conftest import held


def test_run_folder_is_held_by_one_process(tmp_path: Path) -> None:
    held_elsewhere = pytest.raises(ObverseError, match="another process")
    with held(tmp_path), held_elsewhere, RunFolder(tmp_path).locked(0):
        pass
    with RunFolder(tmp_path).locked():  # the lock went with the process
        pass


def test_losses_of_steps_trained_again_are_replaced(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.add_losses("s", [(1, 3.0), (2, 2.0)])
    folder.add_losses("s", [(2, 2.5), (3, 1.0)])
    assert folder.losses() == {"s": [(1, 3.0), (2, 2.5), (3, 1.0)]}


@pytest.mark.parametrize("text", ["[]", '{"s": 7}', '{"s": [[1]]}', '{"s": [["one", 2.0]]}', "{"])
def test_losses_that_somebody_has_edited_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "losses.json").write_text(text)
    with pytest.raises(ObverseError, match=r"losses\.json"):
        RunFolder(tmp_path).add_losses("s", [(2, 1.0)])


def finished(path: Path) -> RunFolder:
    folder = RunFolder(path)
    folder.describe({"id": "0", "identity": {"seed": 0}})
    for step in (0, 5):
        table = pl.DataFrame({"step": [None], "n": [step]}, schema={"step": pl.Int64, "n": pl.Int64})
        folder.add_moment("ask", 0, step, 0, {"step": step}, table)
    folder.leave_out("0/0", "too long", 2)
    folder.leave_out("0/1", "too long", 3)
    folder.leave_out("0/1", "too long", 3)  # measured again after an interruption
    folder.finish_stage(0, {"tokens": 7})
    folder.finish({"run": "0", "left_out": folder.left_out()})
    return folder


def test_moments_are_joined_and_what_only_a_resume_needs_goes(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    assert folder.finished
    assert folder.tables()["ask"].rows() == [(0, 0), (5, 5)]
    assert folder.record()["left_out"] == {"too long": 5}
    assert folder.identity() == {"seed": 0}
    assert {p.name for p in tmp_path.iterdir()} == {"run.json", "observations", "provenance.json"}


def test_files_are_as_they_were_written(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    assert folder.changed("0") is None
    table = tmp_path / "observations/ask.parquet"
    whole = table.read_bytes()
    for edited in (whole[:-1], whole + b" ", b""):
        table.write_bytes(edited)
        assert folder.changed("0") == "observations/ask.parquet"
    table.unlink()
    assert folder.changed("0") == "observations/ask.parquet"
    table.write_bytes(whole)
    assert folder.changed("0") is None
    assert folder.changed("1") == "provenance.json", "it is another run's"
    (tmp_path / "run.json").write_text("{}")
    assert folder.changed("0") == "run.json"


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"run": "0", "files": {}}', '{"run": "0", "files": 3}']
)
def test_record_without_hashes_is_not_believed(tmp_path: Path, text: str) -> None:
    folder = finished(tmp_path)
    (tmp_path / "provenance.json").write_text(text)
    assert folder.changed("0") == "provenance.json"


def test_record_that_is_no_object_is_named(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    (tmp_path / "provenance.json").write_text(json.dumps([1]))
    with pytest.raises(ObverseError, match=r"provenance\.json: expected an object"):
        folder.record()
