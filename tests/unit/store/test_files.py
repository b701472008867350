import errno
import math
import os
from pathlib import Path

import pytest

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


def test_disk_that_is_full_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ObverseError, match="No space left on device; make room there"):
            files.write_json(tmp_path / "x.json", 1)
    in_its_words = RuntimeError("Error while serializing: I/O error: No space left (os error 28)")
    for error in (OSError(errno.EDQUOT, "Quota exceeded", str(tmp_path / "x")), in_its_words):
        told = files.no_room(error, tmp_path)
        assert told is not None
        assert str(told).startswith(str(tmp_path))
        assert files.MAKE_ROOM in str(told)
    other = RuntimeError("[enforce fail at inline_container.cc:668] . PytorchStreamWriter failed writing")
    assert files.no_room(other, tmp_path) is None
    status = os.statvfs_result([4096, 4096, 100, 0, 0, 10, 10, 10, 0, 255])
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    assert files.no_room(other, tmp_path) is not None, "torch does not say why, but nothing is free"


def test_only_what_a_kill_left_is_swept(tmp_path: Path) -> None:
    names = [".a.json.unfinished-x1", ".b.failed.json.unfinished-x2", ".hidden", "a.json"]
    for name in names:
        (tmp_path / name).touch()
    files.sweep(tmp_path, tmp_path / "none", of={"b"})
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names[:1] + names[2:])
    files.sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hidden", "a.json"]


def test_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ObverseError, match="cannot be written"):
        files.write_text(tmp_path / "out" / "study.json", "x")


def test_missing_value_is_never_written_as_a_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "x.json", {"p": math.nan})


def test_numbers_of_thousands_of_digits_are_a_message(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"prompt": "a", "ids": ' + "9" * 5000 + "}\n")
    with pytest.raises(ObverseError, match=r"x\.jsonl, line 1: not valid JSON"):
        list(files.read_jsonl(tmp_path / "x.jsonl", ("prompt",)))
    with pytest.raises(ObverseError, match=r"x\.jsonl, line 1: not valid JSON"):
        files.read_json(tmp_path / "x.jsonl")


def test_control_characters_of_jsonl_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"prompt": "a\\nb"}\n{"prompt": "a\\u001bb"}\n')
    with pytest.raises(ObverseError, match=r"line 2: .* holds the control character U\+001B"):
        list(files.read_jsonl(tmp_path / "x.jsonl", ("prompt",)))


def test_control_characters_are_not_written_into_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, {"a\x1b": "x\x00y\\u0001\x7f\ud800\\", "b": "\\b\b\n\t"})
    assert files.read_json(path) == {"a\ufffd": "x\ufffdy\\u0001\ufffd\ufffd\\", "b": "\\b\ufffd\n\t"}
    with pytest.raises(ObverseError, match=r"x\.txt: cannot be written as UTF-8: .* U\+D800"):
        files.write_text(tmp_path / "x.txt", "\ud800")


@pytest.mark.parametrize("letter", ["a", "漢", "\U0001d49c"])
def test_names_of_files_are_as_long_as_a_system_takes(tmp_path: Path, letter: str) -> None:
    name = files.safe_name(letter * 300)
    assert len(name) >= 25
    files.write_text(tmp_path / f"{name}-seed9223372036854775807-0123456789ab" / f"{name}.jsonl", "x")
