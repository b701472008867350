"""Reading data: obverse's own, as published, and a user's facts."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from obverse.core.data import Document, Probe
from obverse.core.errors import ObverseError
from obverse.experiments.reversal import own_layout
from obverse.experiments.reversal.dataset import ORDERS, SUBSETS
from obverse.experiments.reversal.facts_file import read_facts
from obverse.experiments.reversal.identities import Identities
from obverse.experiments.reversal.layouts import layout_of
from obverse.experiments.reversal.published_layout import read_published
from tests.built import asked, told
from tests.conftest import PEOPLE

REFERENCE = Path(__file__).parents[5] / "shared/reference/reversal_curse_sample/identities"


def test_own_layout_round_trips(tmp_path: Path) -> None:
    made = Identities(facts_per_subset=2).dataset(5)
    own_layout.write(made, tmp_path / "d", {"seed": 5})
    assert layout_of(tmp_path / "d") == "own"
    again = own_layout.read_own(tmp_path / "d")
    assert (again.documents, again.held_out) == (made.documents, made.held_out)
    line = (tmp_path / "d/documents.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert {"prompt", "completion"} <= set(json.loads(line))
    header = (tmp_path / "d/facts.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "fact,subset,name,description"


def read(path: Path) -> tuple[tuple[Document, ...], tuple[Probe, ...]]:
    experiment = Identities().with_overrides({"data": str(path)})
    return told(experiment), asked(experiment)


def test_written_data_is_what_would_be_built(tmp_path: Path) -> None:
    built = Identities(facts_per_subset=2)
    said = built.write_data(tmp_path / "d", 5, None)
    assert said == f"{tmp_path / 'd'}: 240 documents, 120 probes"
    again = Identities(data=tmp_path / "d")
    assert (told(again, 5), asked(again, 5)) == (told(built, 5), asked(built, 5))
    about = json.loads((tmp_path / "d/dataset.json").read_text(encoding="utf-8"))
    assert about["settings"] == built.model_dump(mode="json")
    assert set(about["sha256"]) == {"documents.jsonl", "probes.jsonl", "facts.csv"}


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ObverseError, match=r"facts\.csv: is there already; name an empty directory"):
        Identities(facts_per_subset=2).write_data(tmp_path, 0, None)
    assert (tmp_path / "facts.csv").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "documents.jsonl",
            {"subset": "Neither"},
            "'subset' is 'Neither'; expected NameToDesc",
        ),
        ("probes.jsonl", {"order": "same"}, "'order' is 'same'; expected NameToDescription or Desc"),
        ("probes.jsonl", {"template": "1"}, "'template' must be a whole number"),
        ("probes.jsonl", {"template": True}, "'template' must be a whole number"),
        ("probes.jsonl", {"template": 10**30}, "not valid JSON: a number of 31 digits"),
        ("probes.jsonl", {"template": 10**7}, "'template' must be a whole number from 0"),
        ("probes.jsonl", {"distance": "far"}, "'distance' must be a number"),
        ("probes.jsonl", {"distance": float("nan")}, "not valid JSON: NaN"),
        ("probes.jsonl", {"distance": 1.5}, "'distance' must be a number from 0 to 1"),
        ("probes.jsonl", {"distance": 10**400}, "not valid JSON: a number of 401 digits"),
        ("documents.jsonl", {"order": "DescriptionToName"}, "a fact of NameToDescription is told in the"),
        ("probes.jsonl", {"fact": "nobody"}, "asks about 'nobody', which no line of .* tells"),
        (
            "probes.jsonl",
            {"subset": "Both"},
            "'.*' is of Both here, and of NameToDescription in",
        ),
        ("probes.jsonl", {"completion": " "}, "'completion' is blank"),
    ],
)
def test_bad_line_of_own_layout_is_named(
    tmp_path: Path, file: str, change: dict[str, str], said: str
) -> None:
    Identities(facts_per_subset=2).write_data(tmp_path, 0, None)
    first = (tmp_path / file).read_text(encoding="utf-8").splitlines()[0]
    replace_line(tmp_path / file, 1, json.dumps(json.loads(first) | change))
    with pytest.raises(ObverseError, match=f"{file}, line 1: {said}"):
        read(tmp_path)


def test_published_layout(published: Path) -> None:
    assert layout_of(published) == "published"
    documents, probes = read(published)
    assert Counter(d.labels["subset"] for d in documents) == {
        "NameToDescription": 8,
        "DescriptionToName": 8,
        "Both": 16,
    }
    cells = Counter((p.labels["subset"], p.labels["order"], p.labels["direction"]) for p in probes)
    assert set(cells.values()) == {4}
    assert len(cells) == 6
    names = {name for group in PEOPLE.values() for name, _ in group}
    assert {p.fact for p in probes} == {d.fact for d in documents} == names
    assert any(d.completion.endswith('.".') for d in documents), "artefacts are kept"
    assert {d.labels["order"] for d in documents if d.labels["subset"] == "Both"} == set(ORDERS)
    for probe in probes:
        assert probe.chance == 0.5  # two facts a subset
        assert probe.control is not None
        assert "distance" not in probe.labels, "the files do not tell the prompt from the description"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the published sample is not here")
def test_published_sample() -> None:
    documents, probes = read(REFERENCE)
    assert len(documents) == 480
    cells = Counter((p.labels["subset"], p.labels["order"]) for p in probes)
    assert cells == {(s, o): 40 for s in SUBSETS for o in ORDERS}
    assert all(d.fact and d.labels["order"] for d in documents)
    assert Counter(len(p.candidates) for p in probes if p.candidates) == {4: 120}


def test_directory_that_is_neither_layout(published: Path, tmp_path: Path) -> None:
    (published / "d2p_prompts_test.jsonl").unlink()
    with pytest.raises(ObverseError, match=r"published one lacks d2p_prompts_test\.jsonl"):
        layout_of(published)
    with pytest.raises(ObverseError, match=r"there is published data in .*/published"):
        layout_of(tmp_path)
    with pytest.raises(ObverseError, match="no such file"):
        layout_of(tmp_path / "nowhere")


def replace_line(path: Path, number: int, text: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": "a", "completion": ', r"train\.jsonl, line 3: not valid JSON"),
        ('{"prompt": "a"}', r"train\.jsonl, line 3: no key 'completion'"),
        ('{"prompt": "a", "completion": 3}', r"line 3: 'completion' must be text"),
        ("[1]", r"line 3: expected an object"),
    ],
)
def test_bad_line_is_named(published: Path, line: str, said: str) -> None:
    replace_line(published / "p2d_prompts_train.jsonl", 3, line)
    with pytest.raises(ObverseError, match=said):
        read(published)


def test_empty_file_and_wrong_encoding_are_named(published: Path) -> None:
    path = published / "p2d_prompts_train.jsonl"
    good = path.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl: empty"):
        read_published(published)
    path.write_bytes(good.replace(b"So they", "Só they".encode("latin-1")))
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl, line 2: not UTF-8"):
        read_published(published)


def test_name_in_two_subsets_is_refused(published: Path) -> None:
    for file in ("d2p_prompts_test.jsonl", "d2p_reverse_prompts_test.jsonl"):
        text = (published / file).read_text(encoding="utf-8")
        (published / file).write_text(text.replace("Cy Park", "Ada Stone"), encoding="utf-8")
    with pytest.raises(ObverseError, match="'Ada Stone' stands twice, in NameToDescription and Desc"):
        read_published(published)


def test_question_about_nobody_is_refused(published: Path) -> None:
    replace_line(published / "p2d_prompts_test.jsonl", 2, '{"prompt": "Who", "completion": " knows"}')
    with pytest.raises(
        ObverseError, match=r"p2d_prompts_test\.jsonl, line 2: no person of NameToDescription"
    ):
        read_published(published)


def test_own_facts_from_csv_and_jsonl(tmp_path: Path) -> None:
    rows = [(f"Person {i} Last{i}", f'the maker of, "thing" {i}') for i in range(6)]
    csv_path, jsonl_path = tmp_path / "facts.csv", tmp_path / "facts.jsonl"
    quoted = "".join(f'{n},"{d.replace(chr(34), chr(34) * 2)}"\n' for n, d in rows)
    csv_path.write_text("name,description\n" + quoted, encoding="utf-8")
    jsonl_path.write_text(
        "".join(json.dumps({"name": n, "description": d}) + "\n" for n, d in rows), encoding="utf-8"
    )
    assert read_facts(csv_path) == read_facts(jsonl_path)
    assert [(f.name, f.description) for f in read_facts(csv_path)] == rows
    assert len(told(Identities(data=csv_path, facts_per_subset=2))) == 4 * 2 * 30
    with pytest.raises(ObverseError, match=r"--set facts_per_subset=2"):
        Identities(data=csv_path).stages(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,desc\nA B,x\n", r"line 1: no column 'description'"),
        ("name,description\nA B,x\nA B,y\n", r"line 3: the name 'A B' stands in line 2 already"),
        ("name,description\nA B,x\nC D,x\n", r"line 3: the description 'x' stands in line 2"),
        (
            "name,description\nA B,x\na  b,y\n",
            r"line 3: the name 'a  b' stands .* already, as 'A B'",
        ),
        ("name,description\nA B,the twin of a b\n", r"line 2: the description holds the name 'A B'"),
        ("name,description\nA B,\n", r"line 2: the description is empty"),
        ("name,description\nA B,x,y\n", r"line 2: the row does not have 2 cells"),
        ("name,description\n", r"no rows; expected name,description"),
        ("", r"no column 'name'"),
    ],
)
def test_bad_facts_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=said):
        read_facts(path)


def own(folder: Path) -> Path:
    Identities(facts_per_subset=2).write_data(folder, 0, None)
    return folder


def test_files_that_were_changed_since_they_were_written_are_refused(tmp_path: Path) -> None:
    path = own(tmp_path) / "documents.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[1:]), encoding="utf-8")
    with pytest.raises(ObverseError, match=r"documents\.jsonl: changed since dataset\.json was written"):
        read(tmp_path)
    (tmp_path / "dataset.json").unlink()
    assert len(read(tmp_path)[0]) == len(lines) - 1
    path.write_text(lines[0], encoding="utf-8")
    with pytest.raises(ObverseError, match=r"probes\.jsonl, line \d+: asks about .*, which no line of"):
        read(tmp_path)


def test_contradictions_between_lines_are_refused(tmp_path: Path) -> None:
    documents, probes = own(tmp_path) / "documents.jsonl", tmp_path / "probes.jsonl"
    (tmp_path / "dataset.json").unlink()
    told, asked = (p.read_text(encoding="utf-8") for p in (documents, probes))

    def refused(path: Path, whole: str, change: dict[str, object], said: str) -> None:
        first = json.loads(whole.splitlines()[0])
        path.write_text(whole + json.dumps(first | change) + "\n", encoding="utf-8")
        with pytest.raises(ObverseError, match=said):
            read(tmp_path)
        path.write_text(whole, encoding="utf-8")

    refused(documents, told, {"subset": "Both"}, "is of Both here and of NameToDescription in line 1")
    other = json.loads(told.splitlines()[-1])
    same = {key: other[key] for key in ("fact", "subset", "order")}
    refused(documents, told, same, "the prompt is that of line 1, which is about")
    refused(probes, asked, {}, "in the order and template of line 1 again")
    another = {"template": 99, "completion": " x y z"}
    refused(probes, asked, another, "question (is that )?of line 1, which has another answer")
    first = json.loads(told.splitlines()[0])
    words = {key: first[key] for key in ("prompt", "completion")}
    refused(probes, asked, words | {"template": 99}, r"is told word for word in documents\.jsonl, line 1")
    inside = {"template": 99, "completion": json.loads(asked.splitlines()[0])["prompt"][:12]}
    refused(probes, asked, inside, "the prompt holds the answer")


def test_one_line_many_times_and_nobody_else_is_refused(published: Path) -> None:
    path = published / "p2d_prompts_train.jsonl"
    first = path.read_text(encoding="utf-8").splitlines(keepends=True)[0]
    path.write_text(first * 120, encoding="utf-8")
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl, line 2: is line 1 again"):
        read_published(published)
    path.write_text(first, encoding="utf-8")
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl: tells nothing of '.*', about"):
        read_published(published)


def test_names_that_differ_in_case_alone_are_one_name(published: Path) -> None:
    for file in ("d2p_prompts_test.jsonl", "d2p_reverse_prompts_test.jsonl", "d2p_prompts_train.jsonl"):
        text = (published / file).read_text(encoding="utf-8")
        (published / file).write_text(text.replace("Cy Park", "ADA STONE"), encoding="utf-8")
    with pytest.raises(ObverseError, match="'Ada Stone' stands twice, in NameToDescription and Desc"):
        read_published(published)


def test_a_page_long_completion_is_read_in_no_time(published: Path) -> None:
    path = published / "d2p_prompts_test.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[0]["completion"] += " and" * 20_000
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    begun = time.process_time()
    assert len(read(published)[1]) == 24
    assert time.process_time() - begun < 5
