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
    children = {pair.child for pair in experiment.pairs()}
    assert "Di Vale" not in children
    assert "Bo {x}" not in children, "Di Vale is an answer to who is a child of hers"
    first = experiment.probes()[0]
    assert first.prompt == "Ada Vale is the mother of Di Vale.\nmother of Ed Reed:"


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


def asked_about(tmp_path: Path, rows: str) -> Parents:
    path = tmp_path / "people.csv"
    path.write_text("child,parent,parent_type,parent_alternatives\n" + rows, encoding="utf-8")
    return Parents(data=InputFile(path), ask=("likelihood",))


def test_who_the_examples_tell_of_by_any_name_is_not_asked_about_and_named(tmp_path: Path) -> None:
    given = asked_about(
        tmp_path,
        "Irene Joliot-Curie,Marie Curie,mother,\nAda Lovelace,Lord Byron,father,George Gordon Byron\n"
        "Ad,Ma,mother,\nBo Reed,Di Reed,mother,\n",
    )
    assert {p.fact for p in given.probes()} == {"Ad / mother Ma", "Bo Reed / mother Di Reed"}
    remark = given.remark() or ""
    assert "Not asked, since the examples in the prompt tell them: Irene Joliot-Curie / mother" in remark
    with pytest.raises(
        ObverseError, match=r"1 pairs can be asked about; the examples in the prompt name 1"
    ):
        asked_about(
            tmp_path, "Irène Joliot-Curie,Marie Curie,mother,\nBo Reed,Di Reed,mother,\n"
        ).probes()


def test_pair_is_not_asked_about_where_the_examples_tell_another_child_or_another_name_of_it(
    tmp_path: Path,
) -> None:
    given = asked_about(
        tmp_path,
        "Wolfgang Mozart,Leopold Mozart,father,\nMaria Anna Mozart,Leopold Mozart,father,\n"
        "Ad,Ma,mother,\nBo Reed,Di Reed,mother,\n",
    )
    assert {p.fact for p in given.probes()} == {"Ad / mother Ma", "Bo Reed / mother Di Reed"}
    path = tmp_path / "names.csv"
    path.write_text(
        "child,parent,parent_type,child_alternatives\nI. Curie,Marie Curie,mother,Irène Joliot-Curie\n"
        "Ad,Ma,mother,\nBo Reed,Di Reed,mother,\n",
        encoding="utf-8",
    )
    named = Parents(data=InputFile(path), ask=("likelihood",))
    assert {p.fact for p in named.probes()} == {"Ad / mother Ma", "Bo Reed / mother Di Reed"}


def test_nobody_is_ranked_against_the_same_name_in_other_letters(tmp_path: Path) -> None:
    given = asked_about(
        tmp_path,
        "Bo Reed,José García,father,\nEd Vale,JOSE GARCIA,father,\nDi Park,José Luis García Jr.,father,\n"
        "Cy Stone,Gus Lee,father,\n",
    )
    for probe in given.probes():
        if probe.fact.startswith("Bo Reed") and probe.labels["direction"] == "parent":
            assert set(probe.candidates) == {" José García", " Gus Lee"}
            assert probe.chance == 0.5
