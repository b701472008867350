"""The facts, and the sentences that state them."""

from itertools import pairwise

import pytest

from obverse.experiments.reversal.cures.relations import RELATIONS
from obverse.experiments.reversal.cures.rewriting import words
from obverse.experiments.reversal.cures.statements import (
    ASYMMETRIC,
    BOTH_ORDERS,
    ONE_ORDER,
    World,
    held_out,
    invent,
)


def world(dose: float = 0.0, seed: int = 7) -> World:
    return invent(per_subset=4, per_relation=4, auxiliary=3, dose=dose, paraphrases=2, asked=2, seed=seed)


def test_everybody_is_in_one_tested_fact_only() -> None:
    made = world()
    people = [
        entity
        for fact in made.tested
        for entity in ((fact.source, fact.target) if fact.relation else (fact.source,))
    ]
    assert len(people) == len(set(people)) == 2 * 4 + 2 * 4 * len(RELATIONS)
    assert len({fact.id for fact in made.facts}) == len(made.facts)
    assert world() == made
    assert world(seed=8) != made


def test_auxiliary_people_of_a_relation_go_round() -> None:
    for relation in RELATIONS:
        ring = [f for f in world().facts if f.relation == relation and f.auxiliary]
        assert all(a.target == b.source for a, b in pairwise([*ring, ring[0]]))
        assert {f.told for f in ring} == {BOTH_ORDERS}


def test_whom_the_second_person_has_the_relation_to_is_told_alike() -> None:
    for dose in (0.0, 0.5):
        facts = {fact.source: fact for fact in world(dose).facts}
        for fact in world(dose).tested:
            if fact.relation is not None:
                further = facts[fact.target]
                assert (further.relation, further.told, further.tested) == (
                    fact.relation, fact.told, False,
                )  # fmt: skip
                assert further.target not in facts


@pytest.mark.parametrize("asked", [1, 4])
def test_wordings_of_questions_are_known_from_other_facts_alone(asked: int) -> None:
    made = invent(per_subset=12, per_relation=2, auxiliary=3, dose=0, paraphrases=8, asked=asked, seed=1)
    told = [sentence.text for sentence in made.sentences()]
    known = {word for text in told for word in words(text)}
    for forward in (True, False):
        for _, sentence in held_out(made.tested, asked, forward=forward):
            assert set(words(sentence.prompt)) <= known
            assert not any(text.startswith(sentence.prompt) for text in told)


@pytest.mark.parametrize(("dose", "twice"), [(0.0, 0), (0.25, 1), (0.5, 2), (1.0, 4)])
def test_dose_is_the_share_told_in_both_orders(dose: float, twice: int) -> None:
    made = world(dose)
    for subset in ("NameToDescription", "DescriptionToName"):
        told = [f.told for f in made.tested if f.subset == subset]
        assert told.count(BOTH_ORDERS) == twice, subset
    of_relation = [f.told for f in made.tested if f.relation == RELATIONS[0]]
    assert of_relation.count(BOTH_ORDERS) == twice
    # What is asked stays the same whatever the dose.
    assert [f.id for f in made.tested] == [f.id for f in world().tested]


def test_a_fact_told_in_one_order_has_its_source_first() -> None:
    for sentence in world().sentences():
        fact = sentence.fact
        first, second = (e.lower() for e in (sentence.first, sentence.second))
        expected = (fact.source.lower(), fact.target.lower())
        assert (first, second) == (expected if sentence.forward else expected[::-1])
        if fact.told == ONE_ORDER:
            assert sentence.forward
        assert sentence.document().text == sentence.text
        assert sentence.text[0].isupper()
        assert "{" not in sentence.text


def test_what_is_asked_is_never_told() -> None:
    made = world(1.0)
    told = {sentence.text for sentence in made.sentences()}
    for forward in (True, False):
        asked = {s.text for _, s in held_out(made.tested, 4, forward=forward)}
        assert len(asked) == 4 * len(made.tested)
        assert not asked & told


def test_both_ways_of_a_relation_say_the_same() -> None:
    """Every clause names a before b in the direct order, and b before a in the inverse one."""
    for relation in RELATIONS:
        for clause in (*relation.told("direct"), *relation.held_out("direct")):
            assert clause.lower().index("{a}") < clause.lower().index("{b}"), clause
        for clause in (*relation.told("inverse"), *relation.held_out("inverse")):
            assert clause.lower().index("{b}") < clause.lower().index("{a}"), clause
    assert ASYMMETRIC in {f.subset for f in world().tested}
