"""The names of tasks and files that questions are exported under, whatever labels hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from obverse import Variant
from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile
from obverse.experiments.told.told import Told
from obverse.studies.data import data_of
from obverse.studies.exporting import HARNESSES, Harness, export, export_study
from tests.outside.counting import Compared


def told(folder: Path, kinds: list[Any]) -> Told:
    """Return an experiment with a question for each label `kind`; of None there is no label."""
    folder.mkdir()
    rows = [
        {"prompt": f"p{n}", "targets": [" a"], "fact": "f"} | ({} if kind is None else {"kind": kind})
        for n, kind in enumerate(kinds)
    ]
    (folder / "ask.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "documents.jsonl").write_text('{"completion": "b", "fact": "f"}\n')
    return Told(data=InputFile(folder))


def parts(out: Path) -> dict[str, str]:
    """Return the task of each question's prompt."""
    rows = map(json.loads, (out / "items.jsonl").read_text().splitlines())
    return {row["prompt"]: row["part"] for row in rows}


@pytest.mark.parametrize("to", HARNESSES)
@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (["x", None], ["_x", "_2"]),  # the whole has its own name
        (["a b", "a-b", "../a/b"], ["_a_b", "_a_b_2", "_a_b_3"]),
        (["x²", "ﬁt", "д", '"""'], ["_x2", "_fit", "_д", "_2"]),
        (["y" * 300, "y" * 300 + "z"], ["_" + "y" * 87, "_" + "y" * 87 + "_2"]),
    ],
)
def test_every_group_has_a_file_and_a_name_of_its_own(
    to: Harness, kinds: list[Any], names: list[str], tmp_path: Path
) -> None:
    files = export(told(tmp_path / "d", kinds), to, tmp_path / "o")
    assert list(parts(tmp_path / "o").values()) == [f"obverse_told{name}" for name in names]
    assert sorted((tmp_path / "o").iterdir()) == sorted(set(files))
    for file in files:
        if file.suffix == ".py":
            compile(file.read_text(encoding="utf-8"), str(file), "exec")
    if to == "lm-eval":
        group = (tmp_path / "o" / "obverse_told.yaml").read_text(encoding="utf-8")
        assert group.count("\n  - ") == len(names)
        assert "  - obverse_told\n" not in group


def test_a_label_of_very_many_values_makes_no_groups(tmp_path: Path) -> None:
    export(told(tmp_path / "d", [f"v{n}" for n in range(100)]), "lm-eval", tmp_path / "o")
    assert set(parts(tmp_path / "o").values()) == {"obverse_told"}


class Alike(Compared):
    def variants(self) -> tuple[Variant, ...]:
        return Variant("a/b"), Variant("a-b", {"facts": 12})


def test_variants_of_one_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="the names of two variants make one directory: a/b, a-b"):
        export_study(data_of(Alike, None, {}), "inspect", tmp_path, 0)
    assert not list(tmp_path.iterdir())
