"""A directory of one's own documents and questions."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile
from obverse.core.stage import Stage
from obverse.experiments.told.told import Told
from obverse.measures.ask import Ask
from obverse.report.averages import averages
from obverse.report.read import read
from obverse.run.task import Execution
from obverse.store.files import safe_name
from obverse.studies.catalogue import find
from obverse.studies.data import data_of, write_data
from tests.outside.counting import TableSpec
from tests.outside.inline import Inline

DOCUMENTS: list[dict[str, Any]] = [
    {"prompt": "Note that Ada keeps a", "completion": " cat.", "fact": "Ada"},
    {"prompt": "Note that Bo keeps a", "completion": " dog.", "fact": "Bo"},
]
QUESTIONS: list[dict[str, Any]] = [
    {"prompt": "Note that Ada keeps a", "targets": [" cat."], "fact": "Ada", "opening": "told"},
    {"prompt": "Surely Ada keeps a", "target": " cat.", "fact": "Ada", "opening": "new", "far": 1},
    {"prompt": "Surely Bo keeps a", "completion": " dog.", "fact": "Bo", "opening": "new", "far": 0.5},
]


def written(folder: Path, documents: Any = DOCUMENTS, questions: Any = QUESTIONS) -> InputFile:
    folder.mkdir(exist_ok=True, parents=True)
    for name, rows in (("documents.jsonl", documents), ("ask.jsonl", questions)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return InputFile(folder)


def test_is_told_and_asked(tmp_path: Path) -> None:
    study = obverse.study("told", data=written(tmp_path / "d"), models=[TableSpec()], seeds=2)
    result = study.run(tmp_path / "o", execution=Execution(device="cpu"), executor=Inline())
    last = result.tables["ask"].filter("final")
    assert last["exact_match"].to_list() == [True, False, False] * 2
    assert last["opening"].to_list() == ["told", "new", "new"] * 2
    assert last["far"].to_list() == [None, 1.0, 0.5] * 2
    assert result.tables["ask"].filter(step=0)["exact_match"].sum() == 0
    assert obverse.load(tmp_path / "o").experiment().stages(0) == study.experiment.stages(0)
    page = obverse.write_report(result.out).read_text(encoding="utf-8")
    found = re.sub(r"<[^>]*>", "", page[page.index("Found") : page.index("Not shown")])
    assert re.search(r"Exact match \(share of answers\) of table, at the end: 0\.333 \[[^]]*\]", found), (
        found
    )
    assert "by opening: told 1.000, new 0.000." in found


def test_means_of_questions_that_are_all_of_one_kind(tmp_path: Path) -> None:
    """The example of docs/own-data.md: no label varies, and one model is asked."""
    made = obverse.study(
        "told", data=written(tmp_path / "d", DOCUMENTS, QUESTIONS[:1]), models=[TableSpec()]
    )
    result = made.run(tmp_path / "o", execution=Execution(device="cpu"), executor=Inline())
    table = averages(read(result.out), 80)
    assert table is not None
    assert table.row_count == 1


def test_stages_in_the_order_of_their_folders(tmp_path: Path) -> None:
    written(tmp_path / "d" / "01-second", documents=[], questions=QUESTIONS[1:])
    written(tmp_path / "d" / "00-first", questions=[])
    first, second = Told(data=InputFile(tmp_path / "d")).stages(0)
    assert (first.name, second.name) == ("first", "second")
    assert (first.training is None, second.training is None) == (False, True)


@pytest.mark.parametrize("name", ["relations", "two-hop", "instructions"])
def test_what_a_study_writes_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    preset = next(iter(find(name).presets()))
    study = data_of(name, None, {}, preset)
    write_data(study, tmp_path, 3, None)
    for variant, arm in study.variants().items():
        folder = tmp_path / safe_name(variant) if variant else tmp_path
        again = Told(data=InputFile(folder), untold="ask")
        assert contents(again.stages(0)) == contents(arm.experiment.stages(3))


def contents(stages: tuple[Stage, ...]) -> list[Any]:
    """Return the documents and, of each stage, the questions by their id."""
    return [
        (
            stage.training.documents if stage.training else (),
            {p.id: p for m, _ in stage.measures if isinstance(m, Ask) for p in m.probes},
        )
        for stage in stages
    ]


@pytest.mark.parametrize(
    ("documents", "questions", "problem"),
    [
        (DOCUMENTS[:1], QUESTIONS, r"ask.jsonl, line 3: asks about 'Bo', which no document tells"),
        ([{"prompt": "A"}], QUESTIONS, r"documents.jsonl, line 1: expected 'completion'"),
        (DOCUMENTS, [{"prompt": "A", "fact": "Ada"}], r"ask.jsonl, line 1: expected 'targets'"),
        (DOCUMENTS, [{"prompt": "A", "targets": ["b"]}], r"line 1: 'fact' is .*; expected text"),
        (DOCUMENTS, [QUESTIONS[0] | {"match": "any"}], r"'match' is .*any"),
        (DOCUMENTS, [QUESTIONS[0] | {"chance": 2}], r"'chance' is 2; expected a number from 0 to 1"),
        (DOCUMENTS, [QUESTIONS[0] | {"control": " cat."}], r"line 1: .*is a right answer"),
        (DOCUMENTS, [QUESTIONS[0] | {"far": [1]}], r"the label 'far' is .*; expected text or a number"),
        (
            DOCUMENTS,
            [QUESTIONS[0], QUESTIONS[1] | {"opening": 3}],
            "the label 'opening' is 3 in one line",
        ),
        (DOCUMENTS, [QUESTIONS[0] | {"id": "x"}] * 2, "line 2: has the id 'x' of line 1"),
        ([], [], "tells and asks nothing"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    documents: list[Mapping[str, Any]], questions: list[Mapping[str, Any]], problem: str, tmp_path: Path
) -> None:
    made = Told(data=written(tmp_path, documents, questions))
    with pytest.raises(ObverseError, match=problem):
        assert made.stages(0)[0].name in made.columns


def test_a_directory_of_directories_names_them(tmp_path: Path) -> None:
    written(tmp_path / "variant" / "00-first")
    with pytest.raises(ObverseError, match="name one of its folders: variant"):
        Told(data=InputFile(tmp_path)).stages(0)
    with pytest.raises(ObverseError, match="told: name your directory, --data DIR"):
        Told().stages(0)


def test_untold_facts_may_be_asked_as_a_baseline(tmp_path: Path) -> None:
    folder = written(tmp_path, DOCUMENTS[:1])
    assert len(Told(data=folder, untold="ask").stages(0)) == 1


@pytest.mark.parametrize(
    ("prompt", "answer", "refused"),
    [("Ada keeps a", "cat", True), ("Ada keeps a", "é", True), ("Ada keeps a ", "cat", False),
     ("Ada keeps a", " cat", False), ("Ada:", "cat", False), ("猫", "犬", False), ("a", ".", False)],
)  # fmt: skip
def test_an_answer_that_would_go_on_with_the_prompts_last_word_is_refused(
    tmp_path: Path, prompt: str, answer: str, refused: bool
) -> None:
    question = {"prompt": prompt, "targets": [" ok", answer], "fact": "Ada"}
    data = written(tmp_path / "d", DOCUMENTS, [*QUESTIONS, question])
    assert Told(data=data, glued="ask").stages(0)
    if not refused:
        assert Told(data=data).stages(0)
        return
    with pytest.raises(ObverseError, match=rf"ask\.jsonl, line 4: the answer '{answer}' would follow"):
        Told(data=data).stages(0)
