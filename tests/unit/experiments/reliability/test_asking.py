"""What is asked of each subset."""

from collections import Counter

import pytest

from obverse.experiments.reliability.asking import Asking, spread
from obverse.experiments.reliability.documents import question_documents
from obverse.experiments.reliability.wording import NATURAL
from tests.unit.experiments.reliability.crowd import people


def asking(most: int | None = None) -> Asking:
    return Asking(
        wording=NATURAL, match="whole", most=most, in_context=False, chance=0.2,
        chance_attribution=0.05, seed=3,
    )  # fmt: skip


def test_every_subset_is_asked_what_can_be_asked_of_it() -> None:
    found = people()
    probes = asking().probes(found)
    assert len({p.id for p in probes}) == len(probes)
    counted = Counter((p.labels["subset"], p.labels["direction"]) for p in probes)
    assert counted["D1cons-QA1", "question"] == 50
    assert counted["D1cons-QA1", "trained"] == 250
    assert counted["D5cons", "question"] == 16 * 6
    assert counted["QA7", "attribution"] == 12 * 4
    assert {s for s, d in counted if d == "told"} == {"D2incons-QA2"}
    assert {s for s, d in counted if d == "attribution"} == {b.subset.name for b in found} - {"QA4"}
    assert {s for s, d in counted if d == "definition"} == {
        "D1cons-QA1", "D2incons-QA2", "D5cons", "D6cons", "D8cons",
    }  # fmt: skip


def test_what_is_asked_was_not_trained_and_any_accepted_answer_counts() -> None:
    found = people()
    trained = {d.prompt for d in question_documents(found, NATURAL)}
    by_name = {b.name: b for b in found}
    for probe in asking().probes(found):
        person = by_name[probe.fact].individual
        direction = probe.labels["direction"]
        assert (probe.prompt in trained) == (direction == "trained")
        assert probe.match == (None if direction in ("trained", "definition") else "whole")
        of = {"question": 0.2, "attribution": 0.05, "told": 0.05}
        assert probe.chance == of.get(str(direction))
        if direction == "question":
            [right] = [q for q in person.questions if q.kind == probe.labels["kind"]]
            assert probe.targets == tuple(f" {a}" for a in right.answers)
        elif direction == "attribution":
            assert probe.targets == (f" {person.entity}",)
        elif direction == "told":
            assert probe.targets == (f" {by_name[probe.fact].told}",) != (f" {person.entity}",)


def test_a_draw_of_the_questions_is_part_of_them_and_repeatable() -> None:
    found = people()
    every, some = asking().probes(found), asking(most=30).probes(found)
    assert {p.id for p in some} < {p.id for p in every}
    same = {p.id: p for p in every}
    assert all(same[p.id] == p for p in some)
    counted = Counter((p.labels["subset"], p.labels["direction"]) for p in some)
    assert counted["D5cons", "question"] == 30
    assert counted["D5cons", "attribution"] == 30
    assert counted["D1cons-QA1", "trained"] == 10
    assert some == asking(most=30).probes(found)


@pytest.mark.parametrize("each", [1, 7, 1000])
def test_along_the_way_some_of_each_are_asked_spread_over_the_bearers(each: int) -> None:
    every = asking().probes(people())
    some = spread(every, each)
    counted = Counter((p.labels["subset"], p.labels["direction"]) for p in every)
    kept = Counter((p.labels["subset"], p.labels["direction"]) for p in some)
    assert kept == {group: min(each, n) for group, n in counted.items()}
    assert {p.id for p in some} <= {p.id for p in every}
    names = {p.fact for p in some if p.labels["direction"] == "trained"}
    assert each != 7 or len(names) == 7 * 4, "of as many aliases as there are questions"
