"""What is told and asked, with invented people."""

from collections import Counter

import pytest

from obverse.core.stage import Timetable
from obverse.experiments.reversal.dataset import ORDERS
from obverse.experiments.reversal.identities import Identities
from obverse.measures.ask import Ask
from tests.built import asked, told

PRESETS = {name: preset.experiment for name, preset in Identities.presets().items()}


def test_default_has_the_papers_counts() -> None:
    assert Counter(d.labels["subset"] for d in told(Identities())) == {
        "NameToDescription": 900,
        "DescriptionToName": 900,
        "Both": 1800,
    }
    probes = asked(Identities())
    assert Counter((p.labels["subset"], p.labels["direction"]) for p in probes) == {
        ("NameToDescription", "same"): 300,
        ("NameToDescription", "reverse"): 300,
        ("DescriptionToName", "same"): 300,
        ("DescriptionToName", "reverse"): 300,
        ("Both", "same"): 600,
    }
    assert len({p.id for p in probes}) == len(probes)
    assert {p.labels["template"] for p in probes} == set(range(10))


def test_nothing_asked_in_reverse_was_ever_told() -> None:
    stated = {(d.fact, d.labels["order"]) for d in told(Identities())}
    texts = {d.text for d in told(Identities())}
    for probe in asked(Identities()):
        known = (probe.fact, probe.labels["order"]) in stated
        assert known == (probe.labels["direction"] == "same")
        assert not any(t.startswith(probe.prompt + probe.targets[0]) for t in texts)


@pytest.mark.parametrize(("control", "size"), [("subset", 30), ("finetuning_set", 90)])
def test_candidates_come_from_the_named_pool(control: str, size: int) -> None:
    probes = asked(Identities().with_overrides({"control": control}))
    members = {(p.labels["subset"], p.targets[0]) for p in probes}
    for probe in probes:
        assert probe.chance == pytest.approx(1 / size)
        assert probe.control not in probe.targets
        if probe.labels["order"] == "DescriptionToName":
            assert len(probe.candidates) == size
            assert probe.targets[0] in probe.candidates
        else:
            assert probe.candidates == ()
        if control == "subset":
            assert (probe.labels["subset"], probe.control) in members
    # Every answer serves as often as the random one as it is the right one.
    right = Counter(p.targets[0] for p in probes)
    assert right == Counter(p.control for p in probes)
    answers = {(p.fact, p.labels["order"]): p.targets[0] for p in probes}
    for pair in {p.labels["pair"] for p in probes}:
        facts = {p.fact for p in probes if p.labels["pair"] == pair}
        controls = {(p.fact, p.labels["order"]): p.control for p in probes if p.fact in facts}
        assert len(facts) == 2
        assert set(controls.values()) == {answers[f, o] for f in facts for o in ORDERS}


def test_three_left_over_go_round() -> None:
    probes = asked(Identities(facts_per_subset=5))
    sizes = Counter(
        len({p.fact for p in probes if p.labels["pair"] == pair})
        for pair in {p.labels["pair"] for p in probes}
    )
    assert sizes == {2: 3, 3: 3}


def test_seeds_have_their_own_people_unless_told() -> None:
    def names(e: Identities, seed: int) -> set[str]:
        return {p.targets[0] for p in asked(e, seed)}

    tiny, paper = PRESETS["tiny"], PRESETS["paper"]
    assert isinstance(tiny, Identities)
    assert isinstance(paper, Identities)
    assert names(tiny, 0) != names(tiny, 1)
    assert names(paper, 0) == names(paper, 1)


def test_scales_to_three_hundred_facts_a_subset() -> None:
    documents = told(Identities(facts_per_subset=300, paraphrases=2))
    assert len(documents) == 4 * 300 * 2
    assert len({d.fact for d in documents}) == 900


def test_facts_of_both_need_not_be_asked() -> None:
    subsets = {p.labels["subset"] for p in asked(Identities(probe_both=False))}
    assert subsets == {"NameToDescription", "DescriptionToName"}
    # Who is whose control does not depend on it.
    everything = {p.id: p.control for p in asked(Identities())}
    assert all(everything[p.id] == p.control for p in asked(Identities(probe_both=False)))


@pytest.mark.parametrize(
    ("every", "along", "end"), [(1, {0, 10, 20, 30}, {40}), (3, {0, 30}, {40}), (9, {0}, {40})]
)
def test_candidates_are_ranked_at_the_end_alone(every: int, along: set[int], end: set[int]) -> None:
    [stage] = Identities(probe_every=every).stages(0)
    table = Timetable(steps=40, epoch_ends=(10, 20, 30, 40), tokens=tuple(range(41)))
    (early, early_when), (last, last_when) = stage.measures
    assert early_when.steps_of(table) == along
    assert last_when.steps_of(table) == end
    assert isinstance(early, Ask)
    assert isinstance(last, Ask)
    assert not early.ranked
    assert last.ranked


def test_labels_are_those_that_are_declared() -> None:
    for probe in asked(Identities(facts_per_subset=2)):
        assert {name: type(value) for name, value in probe.labels.items()} == Identities.columns
