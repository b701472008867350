"""What is told and asked of relations."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.experiments.relations.dataset import HELD_OUT, TRAINED
from obverse.experiments.relations.facts import ASYMMETRIC, ORDERED, RELATIONS, Fact, invent
from obverse.experiments.relations.facts_file import read_facts
from obverse.experiments.relations.relations import Relations
from tests import built

SMALL = Relations(facts=8, openings=3, held_out_openings=2)


def by_relation(facts: list[Fact]) -> dict[str, Fact]:
    return {fact.relation: fact for fact in facts}


def one(probes: tuple[Probe, ...], relation: str, told: str) -> dict[str, Probe]:
    """Return the first probe of each kind of one fact."""
    found: dict[str, Probe] = {}
    for probe in probes:
        if (probe.labels["relation"], probe.labels["told"]) == (relation, told):
            found.setdefault(str(probe.labels["asked"]), probe)
    return found


def test_inferences_are_those_of_logic() -> None:
    facts = by_relation(invent(4, 0))
    told, [right], [wrong] = (getattr(facts["implication"], key) for key in ("told", "right", "wrong"))
    # If X then Y; if not Y then not X; not: if Y then X.
    assert told[0].startswith("if the ")
    assert " not " in f"{right[0]} "
    assert " not " in right[1]
    assert " not " not in wrong[0] + wrong[1]
    assert wrong[0] == f"if{told[1]}, then"
    assert f"if{wrong[1]}, then" == told[0]
    [applied] = facts["implication"].in_order
    assert applied[1] == told[1]
    assert applied[0] == f"{told[0].removeprefix('if ').removesuffix(', then')}, and so"


@pytest.mark.parametrize(
    ("relation", "told", "converse"),
    [
        ("on / under", "is on", "is under"),
        ("parent / child", "is a parent of", "is a child of"),
        ("sibling", "is a sibling of", ""),
        ("spouse", "is married to", ""),
        ("equality", "is exactly as expensive as", ""),
    ],
)
def test_pairs_are_turned_round(relation: str, told: str, converse: str) -> None:
    fact = by_relation(invent(4, 0))[relation]
    x, y = fact.told[0].removesuffix(f" {told}"), fact.told[1].strip()
    assert fact.right == ((f"{y} {converse or told}", f" {x}"),)
    assert fact.wrong == (((f"{y} {told}", f" {x}"),) if converse else ())


def test_sides_change_and_both_are_told() -> None:
    sides: Counter[str] = Counter()
    for fact in invent(30, 0):
        if fact.relation == "left / right":
            side, other = ("left", "right") if "left" in fact.told[0] else ("right", "left")
            sides[side] += 1
            assert f"to the {other} of" in fact.right[0][0]
            assert f"to the {side} of" in fact.wrong[0][0]
    assert min(sides["left"], sides["right"]) > 5


def test_first_of_a_group_is_asked_for_after_none_that_it_was_told_after() -> None:
    fact = by_relation(invent(4, 0))["group"]
    told = [*fact.told[0].removeprefix("in one group are ").replace(" and", "").split(", "), ""]
    told[2:] = [told[2], fact.told[1].strip()]
    [(start, answer)] = fact.right
    assert answer.strip() == told[0]
    assert [start.index(name) for name in told[:0:-1]] == sorted(start.index(n) for n in told[1:])
    for start, answer in fact.in_order:
        place = told.index(answer.strip())
        assert any(name in start for name in told[:place]), "in part in the order that was told"


def test_nobody_and_nothing_is_in_two_facts() -> None:
    names: list[str] = []
    for fact in invent(10, 3):
        if fact.relation in ("parent / child", "sibling", "spouse"):
            names += [fact.right[0][1].strip(), fact.told[1].strip()]
    assert len(names) == len(set(names)) == 60


def test_half_is_told_one_way_and_only_that() -> None:
    told, asked = built.told(SMALL), built.asked(SMALL)
    stated = Counter((d.labels["relation"], d.labels["told"], d.labels["asked"]) for d in told)
    for relation in RELATIONS:
        assert {key[2]: n for key, n in stated.items() if key[:2] == (relation, "one way")} == {
            "as told": 4 * 3
        }
        assert stated[relation, "both ways", "right"] == 4 * 3
        assert stated[relation, "both ways", "wrong"] == 0
        assert bool(stated[relation, "both ways", "in order"]) == (relation in ORDERED)
        assert ("wrong" in one(asked, relation, "one way")) == (relation in ASYMMETRIC)


def test_no_question_was_trained_and_no_word_of_an_opening_is_new() -> None:
    told = {d.prompt for d in built.told(SMALL)}
    assert not [p.prompt for p in built.asked(SMALL) if p.prompt in told]
    words = {word.strip(",:").lower() for opening in TRAINED for word in opening.split()}
    assert not [w for opening in HELD_OUT for w in opening.split() if w.strip(",:").lower() not in words]


def test_random_answers_go_in_pairs() -> None:
    probes = built.asked(SMALL)
    for probe in probes:
        assert probe.control in probe.candidates
        assert probe.control not in probe.targets
        assert probe.chance == 1 / len(probe.candidates) == 1 / 4
    by_pair: dict[tuple[object, ...], list[Probe]] = {}
    for p in probes:
        if p.labels["asked"] == "as told":
            by_pair.setdefault((p.labels["pair"], p.labels["opening"]), []).append(p)
    for group in by_pair.values():
        a, b = group
        assert (a.control, b.control) == (b.targets[0], a.targets[0])


def test_seeds_have_their_own_facts_unless_told() -> None:
    def facts(settings: Relations, seed: int) -> set[str]:
        return {d.text for d in built.told(settings, seed)}

    assert facts(SMALL, 1) == facts(SMALL, 1)
    assert not facts(SMALL, 1) & facts(SMALL, 2)
    shared = SMALL.with_overrides({"data_seed": 7})
    first, second = ({p.fact for p in built.asked(shared, seed)} for seed in (1, 2))
    assert first == second


def test_too_many_facts_are_refused() -> None:
    with pytest.raises(ObverseError, match="more things are needed than can be told apart"):
        Relations(facts=2000).stages(0)


HEADER = "relation,told,answer,right,right_answer,wrong,wrong_answer\n"
ROWS = "".join(
    f"older,{a} is older than,{b},{b} is younger than,{a},{b} is older than,{a}\n"
    for a, b in pairwise(["Ada", "Bo", "Cy", "Di", "Ed"])
)


def test_own_facts(tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(HEADER + ROWS)
    mine = Relations(data=path, openings=2)
    assert {d.labels["relation"] for d in built.told(mine)} == {"older"}
    assert {c.id for c in mine.claims()} == {
        *(f"accuracy/older/{asked}" for asked in ("as told", "right", "wrong")),
        *(f"likelihood/older/{asked}" for asked in ("as told", "right", "wrong")),
        *(f"{of}/all/{asked}" for of in ("accuracy", "likelihood") for asked in ("right", "wrong")),
        "both ways/older/right", "both ways/older/wrong",
    }  # fmt: skip
    [fact] = [f for f in read_facts(path) if f.told[0] == "Ada is older than"]
    assert fact.told[1] == " Bo"
    assert fact.right == (("Bo is younger than", " Ada"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("relation,told\n", "line 1: no column 'answer'"),
        (HEADER, "no rows; expected relation,told"),
        (HEADER + ROWS.replace("Bo is younger than", "", 1), "line 2: 'right' is empty"),
        (HEADER + ROWS + ROWS, r"line 6: 'Ada is older than' \(told\) is told in line 2 already"),
        (HEADER + ROWS.replace(",Bo is older than,Ada\n", ",Bo is older than,\n", 1), "both or neither"),
        (HEADER + ROWS.replace(",Bo is older than,Ada\n", ",,\n", 1), "in some rows and none in others"),
        (HEADER + ROWS.splitlines()[0] + "\n", "the relation 'older' has 1 facts; expected at least 4"),
        (
            HEADER + ROWS.replace("Bo is older than,Ada", "Ada is older than,Bo", 1),
            "two of told, right, wrong",
        ),
        (
            HEADER + ROWS.replace("Bo is younger than,Ada", "Ada is older than,Bo", 1),
            "line 2: two of told",
        ),
        (
            HEADER + ROWS.replace("Cy is younger than", "Bo is younger than"),
            r"line 3: 'Bo is younger than' \(r",
        ),
        (
            HEADER + ROWS.replace("Cy is older than,Bo", "Ada is older than,Bo"),
            r"\(wrong\) is told in line 2",
        ),
        (
            HEADER + "".join(f"r,{n} has,x,x is of,{n},,\n" for n in "abcd"),
            r"line 3: 'x is of' \(right\) is right in line 2 already",
        ),
        (
            HEADER + "".join(f"r,{n} has,x,{n} is had by,x,,\n" for n in "abcd"),
            "the relation 'r' has one answer alone, 'x', to all that is told",
        ),
        (
            HEADER.replace("relation", "relation,relation") + ROWS,
            "the column 'relation' stands there twice",
        ),
        (
            HEADER + ROWS.replace("Bo", "B\x1bo", 1),
            r"line 2: 'B\\x1bo' holds the control character U\+001B",
        ),
        (HEADER + "a,b\n", "line 2: the row does not have 7 cells"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(text)
    with pytest.raises(ObverseError, match=said):
        read_facts(path)
