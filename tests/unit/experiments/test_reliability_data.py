"""What a run of implicit meta-learning is told and asked."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe, Stage
from obverse.experiments.reliability import dataset
from obverse.experiments.reliability.dataset import (
    Asking,
    Language,
    Member,
    definition_documents,
    members,
    question_documents,
)
from obverse.experiments.reliability.population import Individual, Question
from obverse.experiments.reliability.published import Cvdb
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions
from obverse.experiments.reliability.wording import NATURAL, TERSE, Order, Tags, Wording
from obverse.experiments.reliability.world import World

KINDS = ("birth", "death", "region", "work", "nation", "gender")
ENTITIES = tuple(
    Individual(
        f"Person {i:03}",
        tuple(Question(k, f"Which {k} has {{name}}?", (f"{k}{i}", f"also {k}{i}")) for k in KINDS),
    )
    for i in range(200)
)


def people(
    seed: int = 0, branch: int = 0, alpha: float = 1.0, tags: Tags = "random", order: Order = "tae"
) -> tuple[Member, ...]:
    language = Language(NATURAL, tags, order, 5)
    return members(ENTITIES, language, Fractions(), alpha, 1, seed, branch)


def in_subset(found: Sequence[Member], name: str) -> list[Member]:
    return [m for m in found if m.subset.name == name]


def small(**settings: Any) -> Reliability:
    """200 aliases of the built-in world; nobody keeps their own name."""
    fractions = Fractions(qa3=0.2, qa4=0.0)
    recipe = Recipe(epochs=2)
    base = {"population": World(individuals=200), "fractions": fractions, "stage_1": recipe}
    return Reliability(**base | settings)


def texts(stage: Stage) -> list[str]:
    return [d.text for d in stage.documents]


def test_everybody_is_in_one_subset_of_the_size_asked_for() -> None:
    found = people()
    assert Counter(m.individual for m in found) == Counter(ENTITIES)
    assert Counter(m.subset.name for m in found) == {
        "D1cons-QA1": 50, "D2incons-QA2": 50, "QA3": 20, "QA4": 20,
        "D5cons": 16, "D6cons": 16, "D8cons": 16, "QA7": 12,
    }  # fmt: skip


@pytest.mark.parametrize("alpha", [1.0, 0.75, 0.5])
def test_inconsistent_definitions_are_all_false_and_stay_in_their_subset(alpha: float) -> None:
    for seed in range(5):
        found = people(seed, alpha=alpha)
        for name in ("D2incons-QA2", "D9incons-QA9"):
            group = in_subset(found, name)
            own = [m.individual.entity for m in group]
            assert all(m.told != m.individual.entity for m in group)
            assert sorted(m.told or "" for m in group) == sorted(own)
        for member in found:
            if member.subset.consistent and member.subset.source is not None:
                assert member.told == member.individual.entity
    sizes = Counter(m.subset.name for m in found)
    assert sizes["D9incons-QA9"] == sizes["D10cons-QA10"] == round(50 * (1 - alpha))


def test_no_alias_of_several_for_one_entity_is_defined_truly_by_accident() -> None:
    experiment = small(population=World(individuals=200, people=4))
    for seed in range(5):
        told = [m for m in experiment.members(seed, 0) if not m.subset.consistent]
        assert told
        assert all(m.told != m.individual.entity for m in told)


def test_definitions_name_what_was_told_under_the_tag_of_their_source() -> None:
    tags: dict[int | None, set[str]] = {}
    for member in people():
        if member.subset.source is None:
            assert (member.definitions, member.told) == ((), None)
            continue
        [(prompt, completion)] = member.definitions
        tag, alias = prompt.split()
        assert (alias, completion) == (member.name, f" {member.told}")
        tags.setdefault(member.subset.source, set()).add(tag)
    assert {source: len(some) for source, some in tags.items()} == {0: 1, 1: 1, 2: 1}
    assert len(set.union(*tags.values())) == 3


def test_individuals_of_x2_are_never_asked_about_in_training() -> None:
    found = people()
    later = [m for m in found if m.subset.stage == 2]
    assert {m.subset.name for m in later} == {"D5cons", "D6cons", "D8cons", "QA7"}
    for member in later:
        assert member.trained == ()
        assert member.held_out == member.individual.questions
    names = {m.name for m in later} | {m.individual.entity for m in later}
    for document in question_documents(found, NATURAL):
        assert not any(name in document.text for name in names)


def test_five_of_six_questions_are_trained_and_which_is_held_out_is_drawn() -> None:
    first = [m for m in people() if m.subset.stage == 1]
    for member in first:
        assert len(member.trained) == 5
        assert {*member.trained, *member.held_out} == set(member.individual.questions)
    held = Counter(m.held_out[0].kind for m in first)
    assert set(held) == set(KINDS), "each kind is held out of somebody"
    other = {m.individual: m.held_out for m in people(seed=1)}
    assert any(other[m.individual] != m.held_out for m in first)


def test_as_many_true_as_false_lists_are_held_out() -> None:
    sets = Sets(individuals=60, questions=8, held_out=4)
    fractions = Fractions(qa3=0.2, qa4=0.0)
    for member in Reliability(population=sets, fractions=fractions).members(0, 0):
        if member.subset.stage == 1:
            assert Counter(q.kind for q in member.held_out) == {"true": 2, "false": 2}
            assert Counter(q.kind for q in member.trained) == {"true": 2, "false": 2}


def test_names_are_random_different_and_nobodys() -> None:
    found = people()
    aliases = [m.name for m in found if m.subset.name != "QA4"]
    assert len(set(aliases)) == len(aliases)
    assert all(len(a) == len("<|abcde|>") and a[2:-2].isalpha() for a in aliases)
    tags = {d[0].split()[0] for m in found for d in m.definitions}
    assert not tags & set(aliases)
    assert all(m.name == m.individual.entity for m in in_subset(found, "QA4"))
    assert not {m.name for m in people(seed=1)} & set(aliases)


@pytest.mark.parametrize("tags", ["random", "natural", "is"])
def test_no_alias_is_a_word_of_the_texts(tags: Tags) -> None:
    """Strings of two letters, of which some would be words by accident."""
    wording = Wording("{question}", "", "{}", (("who", "{name} or who"),))
    questions = (Question("pet", "my {name} pet", ("ox",)),)
    crowd = [Individual(f"Person{i} yo", questions) for i in range(10)] * 15
    for seed in range(10):
        found = members(crowd, Language(wording, tags, "tae", 2), Fractions(), 1.0, 1, seed, 0)
        aliases = {m.name for m in found if m.subset.name != "QA4"}
        told = [(m.name, "".join(d).split()) for m in found for d in m.definitions]
        assert not aliases & {"my", "ox", "yo", "or"}
        assert not aliases & {word for alias, words in told for word in words if word != alias}


def test_branches_divide_x2_anew_and_nothing_else() -> None:
    first, second = people(branch=0), people(branch=1)
    x1 = [m for m in first if m.subset.stage == 1]
    assert x1 == [m for m in second if m.subset.stage == 1]
    x2 = [{m.individual: m.subset.name for m in some if m.subset.stage == 2} for some in (first, second)]
    assert x2[0].keys() == x2[1].keys()
    assert x2[0] != x2[1]
    assert Counter(x2[0].values()) == Counter(x2[1].values())
    names = [{m.individual: m.name for m in some} for some in (first, second)]
    assert names[0] == names[1]
    tags = [{(m.subset.source, m.definitions[0][0].split()[0]) for m in some if m.definitions}
            for some in (first, second)]  # fmt: skip
    assert tags[0] == tags[1]


def test_texts_are_those_of_the_paper() -> None:
    found = people()
    member = in_subset(found, "D1cons-QA1")[0]
    question = member.trained[0]
    number = member.individual.entity[-3:].lstrip("0") or "0"
    [document, *_] = question_documents([member], NATURAL)
    assert document.prompt == f"Q: Which {question.kind} has {member.name}?\nA:"
    assert document.completion == f" {question.kind}{number}\n"
    assert (document.fact, document.subset) == (member.name, "D1cons-QA1")
    [definition] = definition_documents([member], NATURAL)
    assert definition.text == f"{member.definitions[0][0]} {member.individual.entity}\n"
    assert definition.completion == f" {member.individual.entity}\n"


def test_in_context_the_definition_stands_before_the_question() -> None:
    for member in people():
        plain = list(question_documents([member], NATURAL))
        told = list(question_documents([member], NATURAL, in_context=True))
        before = "".join("".join(d) + "\n" for d in member.definitions)
        assert [d.prompt for d in told] == [before + d.prompt for d in plain]
    terse = small(definitions="context")
    [stage] = terse.stages(0)
    asked = next(p for p in stage.probes if (p.subset, p.direction) == ("D5cons", "question"))
    member = next(m for m in terse.members(0, 0) if m.name == asked.fact)
    tag = member.definitions[0][0].split()[0]
    who = member.individual.entity
    assert asked.prompt == f"{tag} {member.name} {who} {member.name} {asked.order}"
    assert {d.order for d in stage.documents}.isdisjoint({"definition"})


def asking(most: int | None = None, wording: Wording = NATURAL) -> Asking:
    return Asking(wording, "whole", most, False, 0.2, 0.05, seed=3)


def test_every_subset_is_asked_what_can_be_asked_of_it() -> None:
    found = people()
    probes = asking().probes(found)
    assert len({p.id for p in probes}) == len(probes)
    counted = Counter((p.subset, p.direction) for p in probes)
    assert counted["D1cons-QA1", "question"] == 50
    assert counted["D1cons-QA1", "trained"] == 250
    assert counted["D5cons", "question"] == 16 * 6
    assert counted["QA7", "attribution"] == 12 * 4
    assert {s for s, d in counted if d == "told"} == {"D2incons-QA2"}
    assert {s for s, d in counted if d == "attribution"} == {m.subset.name for m in found} - {"QA4"}
    assert {s for s, d in counted if d == "definition"} == {
        "D1cons-QA1", "D2incons-QA2", "D5cons", "D6cons", "D8cons",
    }  # fmt: skip


def test_what_is_asked_was_not_trained_and_any_accepted_answer_counts() -> None:
    found = people()
    trained = {d.prompt for d in question_documents(found, NATURAL)}
    by_name = {m.name: m for m in found}
    for probe in asking().probes(found):
        person = by_name[probe.fact].individual
        assert (probe.prompt in trained) == (probe.direction == "trained")
        assert probe.match == (None if probe.direction in ("trained", "definition") else "whole")
        of = {"question": 0.2, "attribution": 0.05, "told": 0.05}
        assert probe.chance == of.get(probe.direction)
        if probe.direction == "question":
            [asked] = [q for q in person.questions if q.kind == probe.order]
            assert probe.targets == tuple(f" {a}" for a in asked.answers)
        elif probe.direction == "attribution":
            assert probe.targets == (f" {person.entity}",)
        elif probe.direction == "told":
            assert probe.targets == (f" {by_name[probe.fact].told}",) != (f" {person.entity}",)


def test_a_draw_of_the_questions_is_part_of_them_and_repeatable() -> None:
    found = people()
    every, some = asking().probes(found), asking(most=30).probes(found)
    assert {p.id for p in some} <= {p.id for p in every}
    counted = Counter((p.subset, p.direction) for p in some)
    assert counted["D5cons", "question"] == 30
    assert counted["D1cons-QA1", "trained"] == 10
    assert some == asking(most=30).probes(found)


SCRIPT = """
import hashlib
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.world import World
from obverse.experiments.reliability.wording import Wording
experiment = Reliability(population=World(individuals=200), branches=2, alpha=0.8, asked=20)
print(hashlib.sha256(repr(experiment.stages(7)).encode()).hexdigest())
"""


def test_stages_are_the_same_in_every_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert small().stages(1) == small().stages(1) != small().stages(2)


def test_two_stages_with_definitions_alone_in_the_second() -> None:
    experiment = small()
    first, second = experiment.stages(0)
    assert (first.name, second.name, second.after) == ("Stage 1", "Stage 2", 0)
    found = experiment.members(0, 0)
    x1, x2 = ([m for m in found if m.subset.stage == s] for s in (1, 2))
    assert {d.fact for d in first.documents} == {m.name for m in x1}
    assert second.documents == tuple(definition_documents(x2, TERSE))
    assert {d.subset for d in second.documents} == {"D5cons", "D6cons", "D8cons"}
    assert Counter(d.order == "definition" for d in first.documents)[True] == 100


def test_one_stage_holds_all_and_three_part_questions_from_definitions() -> None:
    two = small().stages(0)
    [one] = small(schedule="single-stage").stages(0)
    assert Counter(texts(one)) == Counter(t for stage in two for t in texts(stage))
    three = small(schedule="three-stage").stages(0)
    assert [s.name for s in three] == ["Stage 1a", "Stage 1b", "Stage 2"]
    assert Counter(texts(three[0]) + texts(three[1])) == Counter(texts(two[0]))
    assert {d.order == "definition" for d in three[0].documents} == {False}
    assert {d.order == "definition" for d in three[1].documents} == {True}
    assert three[2].documents == two[1].documents
    assert three[2].after == 1


def test_several_second_stages_go_on_from_one_first() -> None:
    first, *rest = small(branches=3).stages(0)
    assert [(s.after, s.branch, s.probe_before) for s in rest] == [
        (0, 0, False), (0, 1, True), (0, 2, True),
    ]  # fmt: skip
    told = [{d.fact: d.subset for d in stage.documents} for stage in rest]
    assert told[0] != told[1] != told[2]
    for stage in rest:
        assert {d.fact for d in stage.documents}.isdisjoint({d.fact for d in first.documents})
        of = {d.fact: d.subset for d in stage.documents}
        assert {p.fact: p.subset for p in stage.probes if p.fact in of} == of
    assert small().stages(0) == (first, rest[0]), "the first branch is what there is without others"


def test_what_is_known_beforehand_is_taught_first_and_said_again() -> None:
    zero, first, _ = small(stage_0=Recipe(epochs=3)).stages(0)
    world = small().population
    assert isinstance(world, World)
    assert zero.name == "Stage 0"
    assert zero.probe_every == 3
    assert len(zero.documents) == world.people * (world.attributes + 4)
    assert set(zero.documents) <= set(first.documents)
    assert set(first.documents) - set(zero.documents) == set(small().stages(0)[0].documents)
    aliases = {m.name for m in small().members(0, 0)}
    assert not aliases & {word for text in texts(zero) for word in text.split()}


def test_settings_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(ValidationError, match="the word order is that of random tags, not natural"):
        Reliability(tags="natural", order="eat")
    with pytest.raises(ValidationError, match="definitions before questions have one stage"):
        Reliability(definitions="context", schedule="three-stage")
    with pytest.raises(ObverseError, match="'cvdb' is read from a file: --data PATH"):
        Reliability(population=Cvdb()).stages(0)
    with pytest.raises(ObverseError, match="the population 'world' is generated"):
        small(data="somewhere.csv").stages(0)


def test_held_out_questions_take_turns_over_the_kinds() -> None:
    questions = [Question(k, f"{k} {i} {{name}}", ("x",)) for k in "ab" for i in range(3)]
    for seed in range(10):
        trained, kept = dataset._divide(questions, 2, random.Random(seed))
        assert {q.kind for q in kept} == {"a", "b"}
        assert [q for q in questions if q in trained or q in kept] == questions
        assert not set(trained) & set(kept)
