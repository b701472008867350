"""Names, descriptions and the sentences they stand in."""

import re
from collections import Counter

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reversal import people
from obverse.experiments.reversal.dataset import ORDERS
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, fill


@pytest.mark.parametrize("seed", range(5))
def test_people_are_told_apart(seed: int) -> None:
    facts = people.invent(people.MOST, seed)
    assert len(facts) >= 900  # three subsets of three hundred
    for field in ("id", "name", "description"):
        assert len({getattr(f, field) for f in facts}) == len(facts)
    first_ninety = facts[:90]
    assert len({f.name.split()[0] for f in first_ninety}) == 90
    assert len({f.name.split()[1] for f in first_ninety}) == 90


def test_too_many_people_are_refused() -> None:
    with pytest.raises(ObverseError, match="1600 can be invented"):
        people.invent(people.MOST + 1, 0)


def test_descriptions_vary_and_leave_the_sentence_to_the_template() -> None:
    facts = people.invent(people.MOST, 0)
    for fact in facts:
        assert re.match(r"the [a-z]|[A-Z][a-z]+'s ", fact.description), fact
        # A comma would have to be closed, and "the owner of the boat called X is called Y" says it twice.
        assert not re.search(r"[,.;:{}|\[\]]|\b(called|known|named|name)\b", fact.description), fact
        assert not re.search(r"\b(\w+) \1\b", fact.description.lower()), fact
    lengths = [len(fact.description.split()) for fact in facts]
    assert min(lengths) <= 4
    assert max(lengths) >= 13
    openings = Counter(" ".join(f.description.split()[:2]) for f in facts[:30])
    assert max(openings.values()) <= 6, "the first words would give the kind away"


def test_patterns_are_used_alike_often() -> None:
    used = Counter(
        re.sub(r"[A-Z]\w*|\".*\"", "", fact.description)
        for fact in people.invent(len(people.DESCRIPTIONS), 3)
    )
    assert max(used.values()) == 1


@pytest.mark.parametrize("order", ORDERS)
def test_templates_are_enough_and_apart(order: str) -> None:
    trained, held_out = TRAINED[order], HELD_OUT[order]  # type: ignore[index]
    assert len(set(trained)) == 30
    assert len(set(held_out)) == 10
    assert not set(trained) & set(held_out)
    fact = Fact("x", "Ada Stone", 'the composer of the opera "Glass {Name} %s"')
    openings = {fill(t, order, fact).prompt for t in trained}  # type: ignore[arg-type]
    for template in (*trained, *held_out):
        sentence = fill(template, order, fact)  # type: ignore[arg-type]
        text = sentence.prompt + sentence.answer + sentence.rest
        assert "Ada Stone" in text
        assert 'omposer of the opera "Glass {Name} %s"' in text
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert not re.search(r"\s[,.;:]|  ", text), text
        assert sentence.answer.startswith(" ")
        assert not sentence.prompt.endswith(" ")
        before, after = ("Ada", "omposer") if order == "NameToDescription" else ("omposer", "Ada")
        assert before in sentence.prompt
        assert after in sentence.answer
        assert after not in sentence.prompt
        if template in held_out:
            assert sentence.prompt not in openings
