"""Questions about real people, their prompts, and pairs collected from a model."""

import json
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile
from obverse.experiments.parents.collect import named, read_names
from obverse.experiments.parents.parents import Parents
from obverse.experiments.parents.prompts import Prompts, read_prompts
from obverse.measures.ask import Ask
from obverse.measures.sample import Sample

ROWS = (
    "Bo {x},Ada Vale,mother\nDi Vale,Ada Vale,mother\nEd Reed,Flo Reed,mother\nGus Park,Cy Park,father\n"
)


@pytest.fixture
def pairs(tmp_path: Path) -> InputFile:
    path = tmp_path / "pairs.csv"
    path.write_text("child,parent,parent_type\n" + ROWS, encoding="utf-8")
    return InputFile(path)


def test_asks_for_the_parent_and_for_a_child(pairs: InputFile) -> None:
    probes = {p.id: p for p in Parents(data=pairs, ask=("likelihood",), truth="a book").probes()}
    mother, child = (probes[f"Bo {{x}} / mother Ada Vale/{asked}"] for asked in ("parent", "child"))
    assert mother.prompt.endswith("Q: Who is Bo {x}'s mother?\nA:")
    assert child.prompt.endswith("Q: Name a child of Ada Vale.\nA:")
    assert mother.prompt.startswith(Prompts().before)
    assert child.targets == (" Bo {x}", " Di Vale")
    assert set(child.candidates) == {" Bo {x}", " Di Vale", " Ed Reed"}
    assert (child.control, child.match, child.labels["truth"]) == (" Ed Reed", "name", "a book")
    [father] = [p for p in probes.values() if p.id.endswith("father Cy Park/parent")]
    assert father.candidates == (), "there is no other father to rank among"


def test_what_is_asked_decides_the_measures(pairs: InputFile) -> None:
    def measures(*ask: Any) -> list[type]:
        [stage] = Parents(data=pairs, ask=ask).stages(0)
        return [type(measure) for measure, _ in stage.measures]

    assert measures("likelihood") == [Ask]
    assert measures("samples", "likelihood", "samples") == [Sample, Ask]
    claims = [claim.id for claim in Parents(data=pairs, ask=("samples",)).claims()]
    assert claims == [
        f"{what}/{which}"
        for what in ("samples", "at least once")
        for which in ("parent", "child", "asymmetry")
    ]


def test_mentions_add_the_matched_claim(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    text = "child,parent,parent_type,child_mentions,parent_mentions\nBo,Ada,mother,3,2\n"
    path.write_text(text, encoding="utf-8")
    ids = [c.id for c in Parents(data=InputFile(path), ask=("likelihood",)).claims()]
    assert "likelihood/matched" in ids


def test_pairs_that_the_examples_give_away_are_left_out(pairs: InputFile, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.json"
    given = {
        "before": ["Ada Vale is the mother of Di Vale.", ""],
        "parent": "{relation} of {child}:",
        "child": "Child of {parent}:",
    }
    prompts.write_text(json.dumps(given), encoding="utf-8")
    experiment = Parents(data=pairs, ask=("samples",), prompts=InputFile(prompts))
    assert "Di Vale" not in {pair.child for pair in experiment.pairs()}
    first = experiment.probes()[0]
    assert first.prompt == "Ada Vale is the mother of Di Vale.\nmother of Bo {x}:"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"before": "", "parent": "{child} {relation}"}, "no key 'child'"),
        ({"before": "", "parent": "{child}", "child": "{parent}"}, "'parent' has no {relation}"),
        ({"before": 3, "parent": "{child} {relation}", "child": "{parent}"}, "'before' must be text"),
        ({"after": ""}, "unknown key 'after'"),
        ([], "expected an object"),
    ],
)
def test_refuses_prompts(tmp_path: Path, given: object, message: str) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    with pytest.raises(ObverseError, match=message):
        read_prompts(path)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (" Maye Musk\nQ: Who", "Maye Musk"),
        ("A: Mary Lee Pfeiffer (1936–2017).", "Mary Lee Pfeiffer"),
        ("I don't know.", None),
        ("Not known", None),
        ("unknown", None),
        ("As far as I can tell it is her", None),
        ("", None),
    ],
)
def test_a_name_is_read_off_an_answer(answer: str, name: str | None) -> None:
    assert named(answer) == name


def test_names_are_read_with_errors_that_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("Ada Vale\n\nBo Reed\nAda Vale\n", encoding="utf-8")
    with pytest.raises(ObverseError, match="line 4: 'Ada Vale' stands in line 1 already"):
        read_names(path)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ObverseError, match="no names"):
        read_names(path)
