"""Samples: some right and some wrong answers, spread over the labels."""

from typing import Any

from obverse.core.page import Table
from obverse.report import samples
from obverse.report.read import read
from tests.left_behind import Leave, asked, table


def sampled(leave: Leave, rows: list[dict[str, Any]]) -> Table:
    section = samples.section(read(leave(rows)))
    assert section is not None
    (found,) = section.parts
    assert isinstance(found, Table)
    return found


def test_right_and_wrong_answers_of_each_label(leave: Leave) -> None:
    found = sampled(leave, asked())
    assert [column.title for column in found.columns] == [
        "side", "prompt", "right answer", "answer given", "right or wrong",
        "log-prob of the right answer, nats", "rank of the right answer",
    ]  # fmt: skip
    assert [(row[0], row[3], row[4], row[6]) for row in found.rows] == [
        ("left", "a box", "right", "1 of 4"), ("left", "a cat", "wrong", "2 of 4"),
        ("right", "a cat", "wrong", "2 of 4"),
    ]  # fmt: skip
    assert not found.folded


def test_questions_that_were_only_scored_have_no_answers(leave: Leave) -> None:
    found = sampled(leave, [row | {"exact_match": None, "generation": None} for row in asked()])
    assert "answer" not in [column.title for column in found.columns]
    assert [row[-1] for row in found.rows] == ["1 of 4", "2 of 4", "2 of 4"]


def test_many_groups_are_thinned_out_evenly(leave: Leave) -> None:
    rows = [row | {"side": f"side {n:02}"} for row in asked() for n in range(48)]
    found = sampled(leave, rows)
    assert list(dict.fromkeys(row[0] for row in found.rows)) == [f"side {4 * n:02}" for n in range(12)]
    assert found.folded


def test_thinned_out_groups_are_of_every_label_and_of_many_models(leave: Leave) -> None:
    rows = [row | {"model": f"m{n}", "run": f"{n}-{row['seed']}"} for row in asked() for n in range(12)]
    found = sampled(leave, rows)
    assert {row[1] for row in found.rows} == {"left", "right"}
    assert {row[0] for row in found.rows} == {f"m{n}" for n in range(12)}, "others for each label"


def test_of_long_texts_the_end_is_shown(leave: Leave) -> None:
    prompt = "begin " + "x" * 1000 + "\n\n\nend"
    found = sampled(leave, [row | {"prompt": prompt} for row in asked()])
    shown = str(found.rows[0][1])
    assert shown.startswith("… x")
    assert shown.endswith("x\nend")
    assert len(shown) == 402


def test_no_answers_no_samples(leave: Leave) -> None:
    assert samples.section(read(leave(tables={"ask": table([])}, runs=[], models=[]))) is None
