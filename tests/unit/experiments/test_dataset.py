import json
from collections import Counter
from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reversal import dataset
from obverse.experiments.reversal.identities import Identities, paper, tiny
from tests.conftest import PEOPLE

REFERENCE = Path(__file__).parents[4] / "shared/reference/reversal_curse_sample/identities"


def test_default_has_the_papers_counts() -> None:
    stage = tiny().stages(0)[0]
    assert Counter(d.subset for d in stage.documents) == {
        "NameToDescription": 900,
        "DescriptionToName": 900,
        "Both": 1800,
    }
    asked = Counter((p.subset, p.direction) for p in stage.probes)
    assert asked == {
        ("NameToDescription", "same"): 300,
        ("NameToDescription", "reverse"): 300,
        ("DescriptionToName", "same"): 300,
        ("DescriptionToName", "reverse"): 300,
        ("Both", "same"): 600,
    }
    assert len({p.id for p in stage.probes}) == len(stage.probes)


def test_nothing_asked_in_reverse_was_ever_told() -> None:
    stage = tiny().stages(0)[0]
    told = {(d.fact, d.order) for d in stage.documents}
    texts = {d.text for d in stage.documents}
    for probe in stage.probes:
        assert ((probe.fact, probe.order) in told) == (probe.direction == "same")
        assert not any(t.startswith(probe.prompt + probe.targets[0]) for t in texts)


@pytest.mark.parametrize(("control", "size"), [("subset", 30), ("finetuning_set", 90)])
def test_candidates_come_from_the_named_pool(control: str, size: int) -> None:
    stage = tiny().with_overrides({"control": control}).stages(0)[0]
    members = {(p.subset, p.targets[0]) for p in stage.probes}
    for probe in stage.probes:
        assert probe.chance == pytest.approx(1 / size)
        assert probe.control not in probe.targets
        if probe.order == "DescriptionToName":
            assert len(probe.candidates) == size
            assert probe.targets[0] in probe.candidates
        else:
            assert probe.candidates == ()
        if control == "subset":
            assert (probe.subset, probe.control) in members
    # Every answer serves as often as the random one as it is the right one.
    right = Counter(p.targets[0] for p in stage.probes)
    assert right == Counter(p.control for p in stage.probes)
    answers = {(p.fact, p.order): p.targets[0] for p in stage.probes}
    for pair in {p.labels["pair"] for p in stage.probes}:
        facts = {p.fact for p in stage.probes if p.labels["pair"] == pair}
        controls = {(p.fact, p.order): p.control for p in stage.probes if p.fact in facts}
        assert len(facts) == 2
        assert set(controls.values()) == {answers[f, o] for f in facts for o in dataset.ORDERS}


def test_three_left_over_go_round() -> None:
    stage = tiny().with_overrides({"facts_per_subset": 5}).stages(0)[0]
    sizes = Counter(
        len({p.fact for p in stage.probes if p.labels["pair"] == pair})
        for pair in {p.labels["pair"] for p in stage.probes}
    )
    assert sizes == {2: 3, 3: 3}


def test_seeds_have_their_own_people_unless_told() -> None:
    def names(e: Identities, seed: int) -> set[str]:
        return {p.targets[0] for p in e.stages(seed)[0].probes}

    assert names(tiny(), 0) != names(tiny(), 1)
    assert names(paper(), 0) == names(paper(), 1)


def test_scales_to_three_hundred_facts_a_subset() -> None:
    stage = tiny().with_overrides({"facts_per_subset": 300, "paraphrases": 2}).stages(0)[0]
    assert len(stage.documents) == 4 * 300 * 2
    assert len({d.fact for d in stage.documents}) == 900


def test_own_layout_round_trips(tmp_path: Path) -> None:
    made = tiny().with_overrides({"facts_per_subset": 2}).dataset(5)
    dataset.write(made, tmp_path / "d", {"seed": 5})
    assert dataset.layout(tmp_path / "d") == "own"
    again = dataset.read_own(tmp_path / "d")
    assert (again.documents, again.questions) == (made.documents, made.questions)
    line = (tmp_path / "d/documents.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert {"prompt", "completion"} <= set(json.loads(line))
    header = (tmp_path / "d/facts.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "fact,subset,name,description"


def test_published_layout(published: Path) -> None:
    assert dataset.layout(published) == "published"
    stage = tiny().with_overrides({"data": str(published)}).stages(0)[0]
    assert Counter(d.subset for d in stage.documents) == {
        "NameToDescription": 8,
        "DescriptionToName": 8,
        "Both": 16,
    }
    asked = Counter((p.subset, p.order, p.direction) for p in stage.probes)
    assert set(asked.values()) == {4}
    assert len(asked) == 6
    names = {name for group in PEOPLE.values() for name, _ in group}
    assert {p.fact for p in stage.probes} == {d.fact for d in stage.documents} == names
    assert any(d.completion.endswith('.".') for d in stage.documents), "artefacts are kept"
    assert {d.order for d in stage.documents if d.subset == "Both"} == set(dataset.ORDERS)
    for probe in stage.probes:
        assert probe.chance == 0.5  # two facts a subset
        assert probe.control is not None


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the published sample is not here")
def test_published_sample() -> None:
    stage = tiny().with_overrides({"data": str(REFERENCE)}).stages(0)[0]
    assert len(stage.documents) == 480
    asked = Counter((p.subset, p.order) for p in stage.probes)
    assert asked == {(s, o): 40 for s in dataset.SUBSETS for o in dataset.ORDERS}
    assert all(d.fact and d.order for d in stage.documents)
    assert Counter(len(p.candidates) for p in stage.probes if p.candidates) == {4: 120}


def test_directory_that_is_neither_layout(published: Path, tmp_path: Path) -> None:
    (published / "d2p_prompts_test.jsonl").unlink()
    with pytest.raises(ObverseError, match=r"published one lacks d2p_prompts_test\.jsonl"):
        dataset.layout(published)
    with pytest.raises(ObverseError, match=r"there is published data in .*/published"):
        dataset.layout(tmp_path)
    with pytest.raises(ObverseError, match="no such file"):
        dataset.layout(tmp_path / "nowhere")


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
        tiny().with_overrides({"data": str(published)}).stages(0)


def test_empty_file_and_wrong_encoding_are_named(published: Path) -> None:
    path = published / "p2d_prompts_train.jsonl"
    good = path.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl: empty"):
        dataset.read_published(published)
    path.write_bytes(good.replace(b"So they", "Só they".encode("latin-1")))
    with pytest.raises(ObverseError, match=r"p2d_prompts_train\.jsonl, line 2: not UTF-8"):
        dataset.read_published(published)


def test_name_in_two_subsets_is_refused(published: Path) -> None:
    for file in ("d2p_prompts_test.jsonl", "d2p_reverse_prompts_test.jsonl"):
        text = (published / file).read_text(encoding="utf-8")
        (published / file).write_text(text.replace("Cy Park", "Ada Stone"), encoding="utf-8")
    with pytest.raises(ObverseError, match="'Ada Stone' stands twice, in NameToDescription and Desc"):
        dataset.read_published(published)


def test_question_about_nobody_is_refused(published: Path) -> None:
    replace_line(published / "p2d_prompts_test.jsonl", 2, '{"prompt": "Who", "completion": " knows"}')
    with pytest.raises(
        ObverseError, match=r"p2d_prompts_test\.jsonl, line 2: no person of NameToDescription"
    ):
        dataset.read_published(published)


def test_own_facts_from_csv_and_jsonl(tmp_path: Path) -> None:
    rows = [(f"Person {i} Last{i}", f'the maker of, "thing" {i}') for i in range(6)]
    csv_path, jsonl_path = tmp_path / "facts.csv", tmp_path / "facts.jsonl"
    quoted = "".join(f'{n},"{d.replace(chr(34), chr(34) * 2)}"\n' for n, d in rows)
    csv_path.write_text("name,description\n" + quoted, encoding="utf-8")
    jsonl_path.write_text(
        "".join(json.dumps({"name": n, "description": d}) + "\n" for n, d in rows), encoding="utf-8"
    )
    assert dataset.read_facts(csv_path) == dataset.read_facts(jsonl_path)
    assert [(f.name, f.description) for f in dataset.read_facts(csv_path)] == rows
    stage = Identities(data=csv_path, facts_per_subset=2).stages(0)[0]
    assert len(stage.documents) == 4 * 2 * 30
    with pytest.raises(ObverseError, match=r"--set facts_per_subset=2"):
        Identities(data=csv_path).stages(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,desc\nA B,x\n", r"line 1: no column 'description'"),
        ("name,description\nA B,x\nA B,y\n", r"line 3: the name 'A B' stands in line 2 already"),
        ("name,description\nA B,x\nC D,x\n", r"line 3: the description 'x' stands in line 2"),
        ("name,description\nA B,\n", r"line 2: the description is empty"),
        ("name,description\nA B,x,y\n", r"line 2: the row does not have 2 cells"),
        ("name,description\n", r"no facts"),
        ("", r"no column 'name'"),
    ],
)
def test_bad_facts_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=said):
        dataset.read_facts(path)
