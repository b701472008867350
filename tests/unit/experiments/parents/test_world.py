"""Families made from scratch: order and frequency crossed, and questions that were never trained on."""

import re
from collections import Counter

import pytest

from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.experiments.parents import wording
from obverse.experiments.parents.parents import Parents
from tests.built import asked, told

SMALL = Parents(pairs_per_cell=8)


def test_order_and_frequency_are_crossed() -> None:
    pairs = {p.fact: p.labels for p in asked(SMALL)}
    cells = Counter((labels["order"], labels["frequency"]) for labels in pairs.values())
    assert set(cells.values()) == {8}
    assert len(cells) == 6


def test_each_pair_is_stated_in_one_order_and_mentioned_as_often_as_said() -> None:
    documents = told(SMALL)
    for fact, labels, child, parent in people(SMALL):
        own = [d for d in documents if d.fact == fact]
        statements = [d for d in own if d.labels["kind"] == "statement"]
        assert len(statements) == len({d.text for d in statements}) == 16
        for document in statements:
            first, second = (child, parent) if labels["order"] == "child first" else (parent, child)
            assert first in document.prompt
            assert second not in document.prompt
            assert document.completion.startswith(f" {second}")
        mentions = [d.text for d in own if d.labels["kind"] == "mention"]
        assert sum(child in text for text in mentions) == labels["child_mentions"]
        assert sum(parent in text for text in mentions) == labels["parent_mentions"]
        assert not any(child in text and parent in text for text in mentions)
    counted = {
        labels["frequency"]: (labels["child_mentions"], labels["parent_mentions"])
        for _, labels, _, _ in people(SMALL)
    }
    assert counted == {"child": (12, 2), "equal": (7, 7), "parent": (2, 12)}


def people(experiment: Parents) -> list[tuple[str, dict[str, Label], str, str]]:
    """Return fact, labels, child and parent of each pair."""
    right: dict[str, dict[str, str]] = {}
    labels = {}
    for probe in asked(experiment):
        right.setdefault(probe.fact, {})[str(probe.labels["direction"])] = probe.targets[0].strip()
        labels[probe.fact] = dict(probe.labels)
    return [(fact, labels[fact], names["child"], names["parent"]) for fact, names in right.items()]


def test_nobody_shares_a_name() -> None:
    names = [name for _, _, child, parent in people(SMALL) for name in (child, parent)]
    words = [word for name in names for word in name.split()]
    assert len(set(words)) == len(words)


def test_questions_hold_one_name_and_are_in_no_training_text() -> None:
    texts = " ".join(document.text for document in told(SMALL))
    facts = {fact: (child, parent) for fact, _, child, parent in people(SMALL)}
    for probe in asked(SMALL):
        child, parent = facts[probe.fact]
        given, wanted = (child, parent) if probe.labels["direction"] == "parent" else (parent, child)
        assert given in probe.prompt
        assert wanted not in probe.prompt
        assert probe.prompt not in texts
        assert probe.targets == (f" {wanted}",)
        assert {probe.targets[0], probe.control} <= set(probe.candidates)
        assert probe.chance == 1 / len(probe.candidates) == 1 / 4


def test_candidates_and_control_are_mentioned_as_often() -> None:
    of = {name: labels for _, labels, child, parent in people(SMALL) for name in (child, parent)}
    partners: dict[str, set[str]] = {}
    for probe in asked(SMALL):
        for name in probe.candidates:
            other = of[name.strip()]
            assert all(other[key] == probe.labels[key] for key in ("order", "frequency", "relation"))
        partners.setdefault(str(probe.labels["partners"]), set()).add(probe.fact)
    assert {len(facts) for facts in partners.values()} == {2}


def test_statements_and_questions_are_parallel() -> None:
    for sentences in (*wording.STATEMENTS.values(), *wording.QUESTIONS.values()):
        assert len(set(sentences)) == len(sentences)
    assert len(wording.CHILD_FIRST) == len(wording.PARENT_FIRST)
    assert len(wording.QUESTIONS["parent"]) == len(wording.QUESTIONS["child"])
    for template in wording.CHILD_FIRST:
        assert re.search(r"\{child\}.*\{parent\}", template)
    for template in wording.PARENT_FIRST:
        assert re.search(r"\{parent\}.*\{child\}", template)


def test_seeds_have_families_of_their_own_and_are_pure() -> None:
    assert told(SMALL, 1) == told(SMALL, 1)
    assert told(SMALL, 1) != told(SMALL, 2)
    assert not {p.fact for p in asked(SMALL, 1)} & {p.fact for p in asked(SMALL, 2)}


def test_settings_are_checked() -> None:
    for often, seldom in ((2, 12), (12, 3)):
        with pytest.raises(ValueError, match="even sum"):
            Parents(often=often, seldom=seldom)
    with pytest.raises(ObverseError, match=r"--data FILE\.csv"):
        Parents(ask=("likelihood",)).stages(0)
