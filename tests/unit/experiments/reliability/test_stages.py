"""What a run of implicit meta-learning is told, in which order, and when it is asked."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict

import pytest
from pydantic import ValidationError

from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Stage, Timetable, origins
from obverse.experiments.reliability.documents import definition_documents
from obverse.experiments.reliability.populations.published import Cvdb
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.set_inclusion import SetInclusion
from obverse.experiments.reliability.wording import TERSE
from obverse.measures.ask import Ask
from tests.unit.experiments.reliability.crowd import asked, documents, small


def texts(stage: Stage) -> list[str]:
    return [d.text for d in documents(stage)]


def moments(stage: Stage) -> list[tuple[int, int]]:
    """Return after which epochs a stage is measured, and how many questions are asked then."""
    assert stage.training is not None
    ends = tuple(stage.training.recipe.epoch_ends(len(documents(stage))))
    table = Timetable(steps=ends[-1], epoch_ends=ends, tokens=tuple(range(ends[-1] + 1)))
    return sorted(
        (table.epochs_at(step), len(measure.probes))
        for measure, when in stage.measures
        if isinstance(measure, Ask)
        for step in when.steps_of(table)
    )


SCRIPT = """
import hashlib
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.populations.world import World
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
    assert (first.name, second.name, second.after) == ("Stage 1", "Stage 2", "Stage 1")
    [found] = experiment.bearers(0)
    x1, x2 = ([b for b in found if b.subset.stage == s] for s in (1, 2))
    assert {d.fact for d in documents(first)} == {b.name for b in x1}
    assert documents(second) == tuple(definition_documents(x2, TERSE))
    assert {d.labels["subset"] for d in documents(second)} == {"D5cons", "D6cons", "D8cons"}
    assert Counter(d.labels["kind"] == "definition" for d in documents(first))[True] == 100


def test_one_stage_holds_all_and_three_part_questions_from_definitions() -> None:
    two = small().stages(0)
    [one] = small(schedule="single-stage", branches=3).stages(0)
    assert Counter(texts(one)) == Counter(t for stage in two for t in texts(stage))
    three = small(schedule="three-stage").stages(0)
    assert [s.name for s in three] == ["Stage 1a", "Stage 1b", "Stage 2"]
    assert Counter(texts(three[0]) + texts(three[1])) == Counter(texts(two[0]))
    assert {d.labels["kind"] == "definition" for d in documents(three[0])} == {True}, "these come first"
    assert {d.labels["kind"] == "definition" for d in documents(three[1])} == {False}
    assert documents(three[2]) == documents(two[1])
    assert three[2].after == "Stage 1b"
    assert origins(three) == [-1, 0, 1]


def test_several_second_stages_go_on_from_one_first() -> None:
    first, *rest = small(branches=3).stages(0)
    assert [(s.after, s.branch) for s in rest] == [("Stage 1", 0), ("Stage 1", 1), ("Stage 1", 2)]
    assert [moments(s)[0][0] for s in rest] == [1, 0, 0], "the first begins where Stage 1 was asked"
    assert origins((first, *rest)) == [-1, 0, 0, 0]
    told = [{d.fact: d.labels["subset"] for d in documents(stage)} for stage in rest]
    assert told[0] != told[1] != told[2]
    for stage in rest:
        assert {d.fact for d in documents(stage)}.isdisjoint({d.fact for d in documents(first)})
        of = {d.fact: d.labels["subset"] for d in documents(stage)}
        assert {p.fact: p.labels["subset"] for p in asked(stage) if p.fact in of} == of
    assert small().stages(0) == (first, rest[0]), "the first branch is what there is without others"


def test_what_is_known_beforehand_is_taught_first_and_said_again() -> None:
    zero, first, _ = small(stage_0=Recipe(epochs=3)).stages(0)
    world = small().population
    assert isinstance(world, World)
    assert zero.name == "Stage 0"
    assert [epoch for epoch, _ in moments(zero)] == [0, 3]
    said, again = documents(zero), documents(first)
    assert len(said) == world.people * (world.attributes + 4)
    assert all(d in again for d in said)
    plain = documents(small().stages(0)[0])
    assert sorted(d.text for d in again) == sorted(d.text for d in (*said, *plain))
    assert {d.labels["subset"] for d in said} == {"known"}
    aliases = {b.name for b in small().bearers(0)[0]}
    assert not aliases & {word for text in texts(zero) for word in text.split()}


def test_who_has_no_alias_is_qa4_of_whom_stage_1_says_nothing_that_is_asked() -> None:
    population = World(individuals=200, people=20, unaliased=3)
    zero, first, _ = small(stage_0=Recipe(epochs=1), population=population).stages(0)
    known, told = ({d.prompt for d in documents(stage)} for stage in (zero, first))
    probes = [p for p in asked(first) if p.labels["subset"] == "QA4"]
    held_out = {p.prompt for p in probes if p.labels["direction"] == "question"}
    assert len(held_out) == 3 * population.held_out
    assert held_out <= known
    assert not held_out & told
    trained = {p.prompt for p in probes if p.labels["direction"] == "trained"}
    assert len(trained) == 3 * (population.attributes - population.held_out)
    assert trained <= told


def test_some_questions_are_asked_along_the_way_and_all_at_the_end() -> None:
    recipe = Recipe(epochs=7)
    settings = {"stage_0": recipe, "stage_1": recipe, "stage_2": recipe, "asked": 9, "probe_every": 3}
    zero, first, second = small(**settings, asked_along=2).stages(0)
    some, every = moments(first)[0][1], moments(first)[-1][1]
    assert 0 < some < every == len(asked(first))
    shared = {id(measure) for stage in (zero, first, second) for measure, _ in stage.measures}
    assert len(shared) == 2, "what several stages ask is hashed once"
    assert moments(zero) == [(0, some), (7, every)]
    assert moments(first) == moments(second) == [(3, some), (6, some), (7, every)]
    whole = small(**settings).stages(0)
    assert [moments(s) for s in whole] == [
        [(0, every), (7, every)], *[[(3, every), (6, every), (7, every)]] * 2
    ]  # fmt: skip


def test_settings_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(ValidationError, match="the word order is that of random tags, not natural"):
        Reliability(tags="natural", order="eat")
    with pytest.raises(ValidationError, match="expected tags random and order tae, got random and eat"):
        Reliability(form="sentence", order="eat")
    with pytest.raises(ValidationError, match="definitions before questions have one stage"):
        Reliability(definitions="context", schedule="three-stage")
    with pytest.raises(ObverseError, match="'cvdb' is read from a file: --data PATH"):
        Reliability(population=Cvdb()).stages(0)
    with pytest.raises(ObverseError, match="the population 'world' is generated"):
        small(data="somewhere.csv").stages(0)
    with pytest.raises(ObverseError, match=r"held_out 9: of 4 questions .* expected 3 at most"):
        small(population=World(attributes=4, held_out=9)).stages(0)


# Values fixed for good: a change here changes stored results, and asks for a new `version`.
@pytest.mark.parametrize(
    ("study", "sha256"),
    [(Reliability, "39ea6c3e7b6d62a8"), (SetInclusion, "c418df138b51b1eb")],
    ids=lambda x: getattr(x, "name", ""),
)
def test_data_of_seed_0(study: type[Reliability], sha256: str) -> None:
    stages = study.tiny().stages(0)
    items = [[asdict(d) for d in documents(s)] + [asdict(p) for p in asked(s)] for s in stages]
    assert hashlib.sha256(json.dumps(items).encode()).hexdigest()[:16] == sha256
