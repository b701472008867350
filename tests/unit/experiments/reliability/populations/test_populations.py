"""Generated populations: the built-in world, and names nobody has."""

import random

import pytest

from obverse.experiments.reliability.populations.population import QAPair, random_strings
from obverse.experiments.reliability.populations.world import ATTRIBUTES, PEOPLE, World


def test_random_strings_are_different_and_not_taken() -> None:
    first = random_strings(200, 2, [], random.Random(1))
    taken = [word.upper() for word in first[:30]]
    strings = random_strings(200, 2, taken, random.Random(1))
    assert len(set(strings)) == 200
    assert not set(strings) & set(first[:30])
    assert {len(s) for s in strings} == {2}
    with pytest.raises(ValueError, match="allow more letters"):
        random_strings(14, 1, [], random.Random(1))


def test_question_without_an_answer_is_refused() -> None:
    for answers in ((), ("",)):
        with pytest.raises(ValueError, match="'home' has no answer"):
            QAPair("home", "{name} home", answers)


def test_people_of_x1_are_not_those_of_x2_unless_shared() -> None:
    world = World(people=10, unaliased=2, individuals=200)
    first, second = ({p.entity for p in part} for part in world.draw(1, 120))
    assert (len(first), len(second), first & second) == (5, 5, set())
    assert tuple(map(len, world.draw(1, 120))) == (120, 80)
    own = {p.entity for p in world.known(1)} - first - second
    assert len(own) == 2, "who goes by no alias"
    shared = World(people=10, shared=True, individuals=200).draw(1, 120)
    assert len({p.entity for p in shared[0]}) == 10
    assert {p.entity for p in shared[0]} == {p.entity for p in shared[1]}


def test_people_have_different_names_that_are_no_value_of_an_attribute() -> None:
    values = {value for found in ATTRIBUTES.values() for value in found.split()}
    assert len(set(PEOPLE)) == len(PEOPLE)
    assert len(PEOPLE) >= 80 + 16, "as many as the settings allow"
    assert not set(PEOPLE) & values


def test_world_gives_each_person_one_value_an_attribute() -> None:
    world = World(people=6, unaliased=0, attributes=4, values=3, individuals=100)
    known = world.known(1)
    assert len({p.entity for p in known}) == 6
    assert {p for part in world.draw(1, 50) for p in part} <= set(known)
    kinds = [q.kind for q in known[0].questions]
    assert len(set(kinds)) == 4
    for person in known:
        assert [q.kind for q in person.questions] == kinds
    for i in range(4):
        assert len({p.questions[i].answers for p in known}) <= 3
    assert world.known(1) == known != world.known(2)
    assert (world.chance(False), world.chance(True)) == (1 / 3, 1 / 6)
