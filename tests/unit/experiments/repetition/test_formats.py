"""Classification data in files, there and back."""

import json
import re
from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.repetition import formats
from obverse.experiments.repetition.formats import Case

CASES = [
    Case('She said "A, B"', (" A", " B"), 0),
    Case("two\nlines\tand, commas", (" it's", ' "so"'), 1),
    Case("naïve ☃ 日本\r\nline\rreturn\u2028", (" é", " ☃"), 1),
    Case(" spaces kept ", (" one", " two", "\n"), 2),
]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("hub", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_formats_round_trip(tmp_path: Path, ending: str, hub: bool, labelled: bool) -> None:
    path = tmp_path / f"data.{ending}"
    cases = [*CASES, Case("p", (" a", " b"), 0, part="x, 1", round="2")] if labelled else CASES
    formats.write(cases, path, hub=hub)
    assert formats.read(path) == cases
    head = path.read_text(encoding="utf-8").split("\n")[0]
    names = ("text", "target") if hub else ("prompt", "answer_index")
    assert [n in head for n in (*names, "part", "round")] == [True, True, labelled, labelled]


def test_files_are_as_the_prize_writes_them(tmp_path: Path) -> None:
    row = [Case("Say A, B,", (" A", " B"), 0)]
    formats.write(row, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "prompt,classes,answer_index\n\"Say A, B,\",\"[' A', ' B']\",0\n"
    )
    formats.write(row, tmp_path / "a.jsonl", hub=True)
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "text": "Say A, B,", "classes": [" A", " B"], "target": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p,\"[' a', ' b']\",2", "answer index 2 for 2 classes"),
        ("p,\"[' a', ' b']\",-1", "answer index -1 for 2 classes"),
        ("p,\"[' a', ' b']\",first", "must be a whole number, got 'first'"),
        ("p,\"[' a', ' b']\",", "must be a whole number, got ''"),
        ("p,\"[' a', ' b']\"", "the row does not have 3 cells"),
        (",\"[' a', ' b']\",0", "the prompt must be text"),
        ("p, a b,0", "must be a list such as"),
        ("p,__import__('os'),0", "must be a list such as"),
        ("p,{[]: 1},0", "must be a list such as"),
        (f"p,{'[' * 5000},0", "must be a list such as"),
        ('p,"[1, 2]",0', "must be a list of texts"),
        ("p,\"[' a']\",0", "two different classes"),
        ("p,\"[' a', ' a']\",0", "two different classes"),
        ('"p"q,x,0', "not valid CSV"),
        ('"p,x,0', "not valid CSV: unexpected end"),
        ("p,\"[' a', ' b']\",0,1", "the row does not have 3 cells; put text with commas in quotes"),
    ],
)
def test_bad_csv_row_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"prompt,classes,answer_index\nfine,\"[' a', ' b']\",0\n{line}\n")
    with pytest.raises(ObverseError, match=re.escape(message)) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer_index": 0.9}, "must be a whole number, got 0.9"),
        ({"answer_index": True}, "must be a whole number, got True"),
        ({"answer_index": [0]}, "must be a whole number, got [0]"),
        ({"answer_index": None}, "no answer_index or target; found"),
        ({"prompt": 3}, "the prompt must be text, got 3"),
        ({"classes": {" a": 1}}, "must be a list of texts"),
        ({"classes": [" a", ""]}, "must be a list of texts"),
    ],
)
def test_bad_jsonl_row_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "data.jsonl"
    good = {"prompt": "p", "classes": [" a", " b"], "answer_index": 0}
    path.write_text(json.dumps(good) + "\n\n" + json.dumps(good | change) + "\n")
    with pytest.raises(ObverseError, match=re.escape(message)) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl"])
@pytest.mark.parametrize("content", ["", "prompt,classes,answer_index\n"])
def test_file_without_rows_is_refused(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    with pytest.raises(ObverseError, match="cannot be read"):
        formats.read(path)
    path.write_text(content)
    with pytest.raises(ObverseError, match=f"{name}.*(no rows|empty|not valid JSON)"):
        formats.read(path)


def test_what_disagrees_with_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    good = {"prompt": "p", "classes": [" a", " b"], "answer_index": 0}

    def read(*rows: dict[str, object]) -> list[formats.Case]:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return formats.read(path)

    assert len(read(good, good | {"prompt": "q", "text": "q", "target": 0})) == 2
    assert len(read(*[good] * 120)) == 1, "one item in many lines is one"
    with pytest.raises(ObverseError, match="line 1: prompt and text are names of one thing, and differ"):
        read(good | {"text": "q"})
    with pytest.raises(ObverseError, match="line 1: answer_index and target are names of one thing"):
        read(good | {"target": 1})
    with pytest.raises(ObverseError, match="line 2: the item of line 1 again, whose right answer is"):
        read(good, good | {"classes": [" b", " a"]})
