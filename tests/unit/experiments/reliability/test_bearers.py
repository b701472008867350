"""Who is in which subset, under which name, and defined how."""

import random
from collections import Counter

import pytest

from obverse.experiments.reliability import bearers
from obverse.experiments.reliability.documents import question_documents
from obverse.experiments.reliability.populations.population import Individual, QAPair
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.subsets import Fractions
from obverse.experiments.reliability.wording import NATURAL, Tags, Wording
from tests.unit.experiments.reliability.crowd import (
    ENTITIES,
    KINDS,
    divided,
    in_subset,
    people,
    small,
)


def test_everybody_is_in_one_subset_of_the_size_asked_for() -> None:
    found = people()
    assert Counter(b.individual for b in found) == Counter(ENTITIES)
    assert Counter(b.subset.name for b in found) == {
        "D1cons-QA1": 50, "D2incons-QA2": 50, "QA3": 20, "QA4": 20,
        "D5cons": 16, "D6cons": 16, "D8cons": 16, "QA7": 12,
    }  # fmt: skip


@pytest.mark.parametrize("alpha", [1.0, 0.75, 0.5])
def test_inconsistent_definitions_are_all_false_and_stay_in_their_subset(alpha: float) -> None:
    for seed in range(5):
        found = people(seed, alpha=alpha)
        for name in ("D2incons-QA2", "D9incons-QA9"):
            group = in_subset(found, name)
            own = [b.individual.entity for b in group]
            assert all(b.told != b.individual.entity for b in group)
            assert sorted(b.told or "" for b in group) == sorted(own)
        for bearer in found:
            if bearer.subset.consistent and bearer.subset.source is not None:
                assert bearer.told == bearer.individual.entity
    sizes = Counter(b.subset.name for b in found)
    assert sizes["D9incons-QA9"] == sizes["D10cons-QA10"] == round(50 * (1 - alpha))


def test_no_alias_of_several_for_one_entity_is_defined_truly_by_accident() -> None:
    experiment = small(population=World(individuals=200, people=8))
    for seed in range(5):
        told = [b for b in experiment.bearers(seed)[0] if not b.subset.consistent]
        assert told
        assert all(b.told != b.individual.entity for b in told)


def test_definitions_name_what_was_told_under_the_tag_of_their_source() -> None:
    tags: dict[int | None, set[str]] = {}
    for bearer in people():
        if bearer.subset.source is None:
            assert (bearer.definitions, bearer.told) == ((), None)
            continue
        [(prompt, completion)] = bearer.definitions
        tag, alias = prompt.split()
        assert (alias, completion) == (bearer.name, f" {bearer.told}")
        tags.setdefault(bearer.subset.source, set()).add(tag)
    assert {source: len(some) for source, some in tags.items()} == {0: 1, 1: 1, 2: 1}
    assert len(set.union(*tags.values())) == 3


def test_individuals_of_x2_are_never_asked_about_in_training() -> None:
    found = people()
    later = [b for b in found if b.subset.stage == 2]
    assert {b.subset.name for b in later} == {"D5cons", "D6cons", "D8cons", "QA7"}
    for bearer in later:
        assert bearer.trained == ()
        assert bearer.held_out == bearer.individual.questions
    names = {b.name for b in later} | {b.individual.entity for b in later}
    for document in question_documents(found, NATURAL):
        assert not any(name in document.text for name in names)


def test_five_of_six_questions_are_trained_and_which_is_held_out_is_drawn() -> None:
    first = [b for b in people() if b.subset.stage == 1]
    for bearer in first:
        assert len(bearer.trained) == 5
        assert {*bearer.trained, *bearer.held_out} == set(bearer.individual.questions)
    held = Counter(b.held_out[0].kind for b in first)
    assert set(held) == set(KINDS), "each kind is held out of somebody"
    other = {b.individual: b.held_out for b in people(seed=1)}
    assert any(other[b.individual] != b.held_out for b in first)


def test_as_many_true_as_false_lists_are_held_out() -> None:
    sets = Sets(individuals=60, questions=8, held_out=4)
    fractions = Fractions(qa3=0.2, qa4=0.0)
    for bearer in Reliability(population=sets, fractions=fractions).bearers(0)[0]:
        if bearer.subset.stage == 1:
            assert Counter(q.kind for q in bearer.held_out) == {"true": 2, "false": 2}
            assert Counter(q.kind for q in bearer.trained) == {"true": 2, "false": 2}


def test_held_out_questions_take_turns_over_the_kinds() -> None:
    questions = [QAPair(k, f"{k} {i} {{name}}", ("x",)) for k in "ab" for i in range(3)]
    for seed in range(10):
        trained, kept = bearers._divide(questions, 2, random.Random(seed))
        assert {q.kind for q in kept} == {"a", "b"}
        assert [q for q in questions if q in trained or q in kept] == questions
        assert not set(trained) & set(kept)


def test_names_are_random_different_and_nobodys() -> None:
    found = people()
    aliases = [b.name for b in found if b.subset.name != "QA4"]
    assert len(set(aliases)) == len(aliases)
    assert all(len(a) == len("<|abcde|>") and a[2:-2].isalpha() for a in aliases)
    tags = {d[0].split()[0] for b in found for d in b.definitions}
    assert {len(t) for t in tags} == {len("<|abcdef|>")}, "one letter more, as in the authors' code"
    assert not tags & set(aliases)
    assert all(b.name == b.individual.entity for b in in_subset(found, "QA4"))
    assert not {b.name for b in people(seed=1)} & set(aliases)


@pytest.mark.parametrize("tags", ["random", "natural", "is"])
def test_no_alias_is_a_word_of_the_texts(tags: Tags) -> None:
    """Strings of two letters, of which some would be words by accident."""
    wording = Wording("{question}", "", "{}", (("who", "{name} or who"),))
    questions = (QAPair("pet", "my {name} pet", ("ox",)),)
    crowd = [Individual(f"Person{i} yo", questions) for i in range(10)] * 15
    for seed in range(10):
        division = divided(crowd, seed, tags=tags, wording=wording, letters=2)
        [found] = division.branches(1)
        aliases = {b.name for b in found if b.subset.name != "QA4"}
        told = [(b.name, "".join(d).split()) for b in found for d in b.definitions]
        assert not aliases & {"my", "ox", "yo", "or"}
        assert not aliases & {word for alias, words in told for word in words if word != alias}


def test_branches_divide_x2_anew_and_nothing_else() -> None:
    first, second = divided(ENTITIES).branches(2)
    x1 = [b for b in first if b.subset.stage == 1]
    assert x1 == [b for b in second if b.subset.stage == 1]
    x2 = [{b.individual: b.subset.name for b in some if b.subset.stage == 2} for some in (first, second)]
    assert x2[0].keys() == x2[1].keys()
    assert x2[0] != x2[1]
    assert Counter(x2[0].values()) == Counter(x2[1].values())
    names = [{b.individual: b.name for b in some} for some in (first, second)]
    assert names[0] == names[1]
    tags = [{(b.subset.source, b.definitions[0][0].split()[0]) for b in some if b.definitions}
            for some in (first, second)]  # fmt: skip
    assert tags[0] == tags[1]
    assert divided(ENTITIES).branches(1) == [first], "however many others there are"
