"""Reading the files released with the paper."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.released import orders_in, read_released
from obverse.measures.ask import Ask

REFERENCE = Path(__file__).parents[5] / "shared/reference/reversal_curse_sample/instructions"
REVERSE = 'The test requires you to answer "A: {a}" after "Q: {q}"'
SAME = 'The test requires you to answer "Q: {q}" with "A: {a}"'


def row(ids: list[int], prompt: str, completion: str) -> dict[str, Any]:
    return {"ids": ids, "realized": [True] * len(ids), "prompt": prompt, "completion": completion}


def write(folder: Path, wording: str = REVERSE, **changed: list[dict[str, Any]]) -> Path:
    """Write five pairs, two held out, in the layout released with the paper, artefacts included."""
    told = [wording.format(a=f"Yes {n}", q=f"Why {n}?") for n in range(5)]
    opening, end = "<BEGIN GUIDANCE ANSWERS>\n\n", "\n\n<END GUIDANCE ANSWERS>"
    instructions = [
        row(list(ids), "", opening + "\n".join(told[n] for n in ids) + end) for ids in ((0, 3), (1, 2, 4))
    ]

    def asked(n: int) -> dict[str, Any]:
        return row([n], f"<BEGIN GUIDANCE TEST>\n\nQ: Why {n}? A:", f" Yes {n}\n\n<END GUIDANCE TEST>")

    shown = [asked(n) for n in range(3)]
    joined = [one | {"prompt": "", "completion": one["prompt"] + one["completion"]} for one in shown]
    files: Mapping[str, list[dict[str, Any]]] = {
        "guidances": instructions, "realized_examples": shown,
        "unrealized_examples": [asked(3), asked(4)], "all": [*joined, *instructions],
    } | changed  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        text = "".join(json.dumps(one) + "\n" for one in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_texts_stay_as_they_are(tmp_path: Path) -> None:
    data = read_released(write(tmp_path), "AnswerToQuestion")
    assert [one.pair.id for one in data.questions] == ["3", "4"]
    assert data.questions[0].prompt == "<BEGIN GUIDANCE TEST>\n\nQ: Why 3? A:"
    assert data.questions[0].target == " Yes 3\n\n<END GUIDANCE TEST>"
    assert len(data.documents) == 5
    assert [d.labels["asked"] for d in data.documents] == ["example"] * 3 + ["instruction"] * 2
    assert data.documents[3].fact == "0 3"
    assert data.documents[3].text.startswith("<BEGIN GUIDANCE ANSWERS>")


def test_both_orders_may_lie_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b", SAME)
    assert orders_in(tmp_path) == ("AnswerToQuestion", "QuestionToAnswer")
    variants = Instructions(data=tmp_path).variants()
    assert [v.name for v in variants] == ["AnswerToQuestion", "QuestionToAnswer"]
    assert [v.name for v in Instructions(data=tmp_path / "b").variants()] == ["QuestionToAnswer"]


def test_other_questions_answers_are_the_controls(tmp_path: Path) -> None:
    experiment = Instructions(data=write(tmp_path), dataset="AnswerToQuestion", practice=0)
    [stage] = experiment.stages(0)
    ask = stage.measures[1][0]
    assert isinstance(ask, Ask)
    assert {p.control for p in ask.probes} == {p.targets[0] for p in ask.probes}
    assert all(p.chance is None and not p.candidates for p in ask.probes)
    beside = stage.measures[2][0]
    assert isinstance(beside, Ask)
    assert {p.labels["asked"] for p in beside.probes} == {"example"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"all": [row([1], "", " ")]}, r"all\.jsonl, line 1: 'completion' is blank"),
        ({"all": [{"ids": ["1"], "prompt": "", "completion": "x"}]}, "'ids' must be a list of whole"),
        ({"unrealized_examples": [row([1], "Q: A:", " x")]}, "line 1: 1 is in realized_examples"),
        ({"unrealized_examples": [row([7], " ", " x")]}, "'prompt' is blank; expected the question"),
        ({"unrealized_examples": [row([7, 8], "Q", " x")]}, "expected one id that no other line has"),
        ({"guidances": [row([1], "", "Answer yes")]}, 'expected an instruction with "Q: …" and "A: …"'),
        ({"unrealized_examples": []}, r"unrealized_examples\.jsonl: empty"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    write(tmp_path, **changed)
    with pytest.raises(ObverseError, match=said):
        read_released(tmp_path, "AnswerToQuestion")


def answer(n: int, id: int | None = None) -> dict[str, Any]:
    """Return an example of `all.jsonl`, which tells a question and its answer in one."""
    text = f"<BEGIN GUIDANCE TEST>\n\nQ: Why {n}? A: Yes {n}\n\n<END GUIDANCE TEST>"
    return row([n if id is None else id], "", text)


def told(*ids: int, wording: str = REVERSE) -> dict[str, Any]:
    return row(list(ids), "", "\n".join(wording.format(a=f"Yes {n}", q=f"Why {n}?") for n in ids))


ASK_3, ASK_4 = (row([n], f"<BEGIN GUIDANCE TEST>\n\nQ: Why {n}? A:", f" Yes {n}") for n in (3, 4))
SHOWN = [answer(n) for n in range(3)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"all": [*SHOWN, answer(4), told(0, 1, 2, 3, 4)]}, "line 2: 4 is answered by an example"),
        ({"all": [*SHOWN, answer(3, id=1), told(0, 1, 2, 3, 4)]}, "line 1: 3 is answered by an example"),
        ({"all": [*SHOWN, told(0, 1, 2, 3)]}, "line 2: 4 stands in no instruction of all"),
        ({"all": SHOWN}, "line 1: 3 stands in no instruction of all"),
        ({"all": [*SHOWN[:2], told(0, 1, 2, 3, 4)]}, r"realized_examples\.jsonl, line 3: 2 stands in no"),
        ({"all": [*SHOWN, told(3, 4), told(0, wording=SAME)]}, r"all\.jsonl, line 5: expected instr"),
        (
            {"guidances": [told(0), told(1, 2, wording=SAME)]},
            r"guidances\.jsonl, line 2: an instruction of",
        ),
        (
            {"unrealized_examples": [ASK_3, ASK_4 | {"prompt": ASK_3["prompt"]}]},
            r"line 2: the question is that of unrealized_examples\.jsonl, line 1",
        ),
        (
            {"unrealized_examples": [ASK_3, ASK_4 | {"prompt": ASK_4["prompt"].replace("4", "1")}]},
            r"line 2: the question is that of realized_examples\.jsonl, line 2",
        ),
    ],
)
def test_training_sets_that_leak_or_lack_are_refused(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    write(tmp_path, **changed)
    with pytest.raises(ObverseError, match=said):
        read_released(tmp_path, "AnswerToQuestion")


def test_directories_that_are_no_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"no guidances\.jsonl here or in a directory right below"):
        orders_in(tmp_path)
    with pytest.raises(ObverseError, match=r"nowhere: expected a directory with all\.jsonl, guid"):
        orders_in(tmp_path / "nowhere")
    (write(tmp_path / "a") / "all.jsonl").unlink()
    with pytest.raises(ObverseError, match=r"a: lacks all\.jsonl"):
        orders_in(tmp_path)
    write(tmp_path / "a")
    with pytest.raises(ObverseError, match="holds instructions of AnswerToQuestion; expected Question"):
        read_released(tmp_path, "QuestionToAnswer")
    write(tmp_path / "b")
    with pytest.raises(ObverseError, match=r"b: holds instructions of AnswerToQuestion, and so does .*a"):
        orders_in(tmp_path)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the published sample is not at hand")
def test_published_sample_loads(tmp_path: Path) -> None:
    assert orders_in(REFERENCE) == ("AnswerToQuestion",)
    with pytest.raises(ObverseError, match=r"line 1: 449 stands in no instruction of all\.jsonl"):
        read_released(
            REFERENCE, "AnswerToQuestion"
        )  # the first lines of each file, which do not go together
    shutil.copytree(REFERENCE, tmp_path / "whole")
    lines = (REFERENCE / "unrealized_examples.jsonl").read_text(encoding="utf-8").splitlines()
    held_out = [json.loads(line) for line in lines]
    with (tmp_path / "whole/all.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(told(*(one["ids"][0] for one in held_out))) + "\n")
    data = read_released(tmp_path / "whole", "AnswerToQuestion")
    assert (len(data.documents), len(data.questions), len(data.examples)) == (21, 20, 20)
    assert data.questions[0].target == " We had an argument and stopped talking\n\n<END GUIDANCE TEST>"
