"""What a study left is read with errors that name file and key."""

import json
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.report.read import read, study_and_claims
from tests.left_behind import Leave, change_runs


def change(path: Path, **keys: Any) -> None:
    """Replace keys of a JSON file; one that is given as ... is taken away."""
    content = json.loads(path.read_text(encoding="utf-8")) | keys
    kept = {key: value for key, value in content.items() if value is not ...}
    path.write_text(json.dumps(kept), encoding="utf-8")


def test_everything_is_read(leave: Leave) -> None:
    finished = read(leave())
    assert finished.study["title"] == "Sides"
    assert [claim["claim"] for claim in finished.claims] == ["left"]
    assert finished.claims[0]["by_seed"] == {"0": 0.625, "1": 0.875}
    assert finished.tables["ask"].height == 48
    assert [(run["name"], run["model"], run["seed"], run["trained"]) for run in finished.runs] == [
        ("m-seed0", "m", 0, True), ("m-seed1", "m", 1, True),
    ]  # fmt: skip
    assert finished.runs[0]["seconds"] == 2.4


def test_what_need_not_be_there_is_filled_in(leave: Leave) -> None:
    out = leave()
    change(out / "study.json", about=..., command=..., remark=..., skipped=..., given=...)
    change_runs(out, left_out=..., weights_after_sha256=..., stages=...)
    finished = read(out)
    assert finished.study["about"] == ""
    assert finished.study["command"] is None
    assert finished.runs[0]["left_out"] == {}
    assert finished.runs[0]["stages"] == []


@pytest.mark.parametrize("name", ["claims.json", "runs.jsonl", "observations/ask.parquet"])
def test_changed_file_is_noticed(leave: Leave, name: str) -> None:
    out = leave()
    path = out / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ObverseError, match=f"{name}: changed since .* obverse run sides.py"):
        read(out)


def test_missing_files_are_named(leave: Leave) -> None:
    out = leave()
    (out / "observations" / "ask.parquet").unlink()
    with pytest.raises(ObverseError, match=r"ask\.parquet"):
        read(out)
    (out / "runs.jsonl").unlink()
    with pytest.raises(ObverseError, match=r"runs\.jsonl: no such file"):
        read(out)
    (out / "runs").mkdir()
    (out / "study.json").unlink()
    with pytest.raises(ObverseError, match=r"no study\.json: the study there is not finished"):
        read(out)


@pytest.mark.parametrize("key", ["title", "preset", "experiment", "models", "files", "provenance"])
def test_missing_key_of_a_study_is_named(leave: Leave, key: str) -> None:
    out = leave()
    change(out / "study.json", **{key: ...})
    with pytest.raises(ObverseError, match=f"study.json: {key}: is missing"):
        read(out)


def test_nested_and_mistyped_keys_are_named(leave: Leave) -> None:
    out = leave()
    change_runs(out, seed=...)
    with pytest.raises(ObverseError, match=r"runs\.jsonl, line 1: seed: is missing"):
        len(read(out).runs)
    change(out / "study.json", seeds="all")
    with pytest.raises(ObverseError, match=r"study\.json: seeds: .*got 'all'"):
        read(out)
    change(out / "study.json", files={})
    with pytest.raises(ObverseError, match="seeds"):
        read(out)


def test_claims_have_to_be_listed_among_the_files(leave: Leave) -> None:
    out = leave()
    change(out / "study.json", files={})
    with pytest.raises(ObverseError, match=r"study\.json: files\.claims\.json: is missing"):
        read(out)


def test_study_of_another_version_is_refused(leave: Leave) -> None:
    out = leave()
    change(out / "study.json", schema=1)
    with pytest.raises(ObverseError, match=r"expected 4, got 1; .* the same `obverse run` .* writes it"):
        read(out)


def test_table_without_a_declared_label_is_refused(leave: Leave) -> None:
    out = leave()
    experiment = json.loads((out / "study.json").read_text(encoding="utf-8"))["experiment"]
    change(out / "study.json", experiment=experiment | {"columns": {"colour": "str"}})
    with pytest.raises(ObverseError, match=r"ask\.parquet: no column 'colour'"):
        read(out)


def test_file_that_holds_something_else_is_named_without_our_classes(leave: Leave) -> None:
    out = leave()
    (out / "claims.json").write_text("[]")
    with pytest.raises(
        ObverseError, match=r"/claims\.json: expected names with values in curly brackets, got \[\]$"
    ):
        study_and_claims(out)
