"""What a page has in it of the answers, and which of them where there are too many."""

import gzip
import json
from base64 import b64decode
from typing import Any

import pytest

from obverse.report import questions
from obverse.report.read import read
from tests.left_behind import Leave, asked, table


def unpacked(section: dict[str, str] | None) -> dict[str, Any]:
    assert section is not None
    data: dict[str, Any] = json.loads(gzip.decompress(b64decode(section["data"])))
    return data


def column(data: dict[str, Any], name: str) -> list[Any]:
    (found,) = (one for one in data["columns"] if one["name"] == name)
    return [found["known"][at] for at in found["values"]] if "known" in found else found["values"]


def test_rows_are_there_with_their_labels_texts_and_moments(leave: Leave) -> None:
    rows = asked()
    section = questions.section(read(leave(rows)))
    assert section is not None
    assert section["note"].startswith("All 48 answers are here")
    data = unpacked(section)
    assert data["rows"] == len(rows)
    assert data["shown"] == ["seed", "side"], "one model, and always zero shots"
    for name in ("seed", "side", "prompt", "target", "generation", "logprob"):
        assert column(data, name) == [row[name] for row in rows]
    assert column(data, "moment") == [f"training, epoch {row['epoch']}" for row in rows]
    assert column(data, "last") == [int(row["final"]) for row in rows]
    assert column(data, "verdict") == ["right" if row["exact_match"] else "wrong" for row in rows]
    assert column(data, "placed") == [f"{row['rank']} of 4" for row in rows]
    at: dict[Any, Any] = {}
    for row, question in zip(rows, column(data, "question"), strict=True):
        assert at.setdefault((row["seed"], row["fact"], row["probe"]), question) == question
    assert len(set(at.values())) == len(at) == 16


def test_where_no_answer_was_written_the_rank_is_told(leave: Leave) -> None:
    rows = [row | {"exact_match": None, "generation": None} for row in asked()]
    rows[0] |= {"rank": None, "n_candidates": None}
    data = unpacked(questions.section(read(leave(rows))))
    assert set(column(data, "verdict")) == {None, "ranked first", "not ranked first"}
    assert "generation" not in {one["name"] for one in data["columns"]}


def test_moments_within_an_epoch_are_told_by_their_steps(leave: Leave) -> None:
    rows = [row | {"epoch": 0} for row in asked()]
    data = unpacked(questions.section(read(leave(rows))))
    assert set(column(data, "moment")) == {"training, step 0", "training, step 5", "training, step 10"}


def test_of_many_rows_those_of_evenly_drawn_questions_are_there(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_ROWS", 100)
    section = questions.section(read(leave(asked(facts=40))))
    data = unpacked(section)
    assert data["rows"] == 99
    assert section is not None
    said = "Here are 99 of 480 answers: 33 of 160 questions, drawn evenly in the order of models and "
    "labels"
    assert section["note"].startswith(said)
    counts = [column(data, "question").count(one) for one in set(column(data, "question"))]
    assert set(counts) == {3}, "with all their moments"
    for name in ("side", "seed"):
        values = column(data, name)
        assert {values.count(value) for value in set(values)} <= {48, 51}


def test_questions_that_were_asked_more_often_do_not_make_it_too_many(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_ROWS", 50)
    rows = [row for row in asked(facts=40) if row["final"] or row["fact"] in ("f00", "f19")]
    assert 40 < unpacked(questions.section(read(leave(rows))))["rows"] <= 50


def test_of_long_texts_there_are_fewer(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST_LETTERS", 100)
    assert unpacked(questions.section(read(leave())))["rows"] < 48


def test_nothing_is_there_of_other_measures(leave: Leave) -> None:
    own = table(asked()).drop("prompt")
    assert questions.section(read(leave(tables={"own": own}))) is None


@pytest.mark.parametrize("label", questions.MADE)
def test_a_label_may_be_called_like_what_the_browser_makes(leave: Leave, label: str) -> None:
    rows = [{**row, label: row["side"]} for row in asked()]
    labels = {label: "str"}
    about = {"type": None, "settings": {}, "columns": labels, "by": [label], "clusters": []}
    tables = {"ask": table([{k: v for k, v in row.items() if k != "side"} for row in rows], labels)}
    data = unpacked(questions.section(read(leave(tables=tables, experiment=about))))
    assert len({one["name"] for one in data["columns"]}) == len(data["columns"])
    assert len(set(column(data, "question"))) == 16
    assert set(column(data, "verdict")) == {"right", "wrong"}
    assert column(data, f"{label} (label)") == [row["side"] for row in rows]
    assert f"{label} (label)" in data["shown"]
    assert next(c for c in data["columns"] if c["name"] == f"{label} (label)")["title"] == label
