"""What is asked: the same direction, the reverse, and of asymmetric relations the false reverse.

Of "A admires B": whom A admires (same), who admires B (reverse, the right inverse), and whom B admires
(false reverse, to which A is the wrong answer that is looked for). Of a name and a description the first
two. Answers are ranked among those of facts of the same kind that were told in as many orders, and paired
with a random one of them that is as often the right one elsewhere, so that a liking for some names does
not count.
"""

from collections.abc import Sequence

from obverse.core.data import Document, Probe
from obverse.core.seeds import generator
from obverse.experiments.reversal.cures.statements import (
    Fact,
    Sentence,
    World,
    held_out,
    labels,
    state,
)

SAME, REVERSE, FALSE_REVERSE = "same", "reverse", "false reverse"
DIRECTIONS = (SAME, REVERSE, FALSE_REVERSE)


def probes(world: World, count: int, seed: int) -> tuple[Probe, ...]:
    """Return the questions about all tested facts, `count` wordings each."""
    kinds: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in world.tested:
        relation = "" if fact.relation is None else fact.relation.name
        kinds.setdefault((fact.subset, relation, fact.told), []).append(fact)
    draw = generator(seed, "control")
    asked = []
    for facts in kinds.values():
        partners = _partners([fact.id for fact in facts], draw.sample(range(len(facts)), len(facts)))
        for direction in DIRECTIONS:
            if direction != FALSE_REVERSE or facts[0].relation is not None:
                asked += _of_kind(facts, direction, count, partners)
    return tuple(asked)


def sentences(world: World, count: int) -> tuple[Document, ...]:
    """Return held-out sentences of the plain kind up to the second entity, each tested fact in the order
    in which it is told; their first word, which nothing foretells, is not scored."""
    documents = []
    for _, sentence in held_out(world.tested, count, forward=True):
        first, _, rest = f"{sentence.prompt} {sentence.second}".partition(" ")
        fact = sentence.fact
        documents.append(Document(prompt=first, completion=f" {rest}", fact=fact.id, labels=labels(fact)))
    return tuple(documents)


def _of_kind(
    facts: Sequence[Fact], direction: str, count: int, partners: dict[str, tuple[str, str]]
) -> list[Probe]:
    """Return the questions in one direction about facts that are one another's candidates."""
    asked = [(number, s) for fact in facts for number, s in _asked(fact, direction, count)]
    answers = {fact.id: f" {fact.target if direction == SAME else fact.source}" for fact in facts}
    names = facts[0].relation is not None or (facts[0].subset == "DescriptionToName") == (
        direction == SAME
    )
    return [
        Probe(
            id=f"{fact.id}/{direction}/{number}",
            prompt=sentence.prompt,
            targets=(answers[fact.id],),
            fact=fact.id,
            candidates=tuple(answers.values()) if len(facts) > 1 else (),
            control=answers.get(other),
            chance=1 / len(facts),
            match="words" if names else "whole",
            labels={**labels(fact), "direction": direction, "template": number, "pair": pair},
        )
        for number, sentence in asked
        for fact in [sentence.fact]
        for other, pair in [partners[fact.id]]
    ]  # fmt: skip


def _asked(fact: Fact, direction: str, count: int) -> list[tuple[int, Sentence]]:
    """Return held-out sentences whose second entity is asked for."""
    if direction != FALSE_REVERSE:
        return list(held_out([fact], count, forward=direction == SAME))
    turned = {"a": fact.target, "b": fact.source}
    wordings = fact.wordings(forward=True, held_out=True)[:count]
    return [(number, state(fact, wording, turned)) for number, wording in enumerate(wordings)]


def _partners(ids: Sequence[str], order: Sequence[int]) -> dict[str, tuple[str, str]]:
    """Pair facts as one another's control, three left over in a circle: `{fact: (other, pair)}`.

    A fact that is alone has none.
    """
    left = [ids[i] for i in order]
    if len(left) == 1:
        return {left[0]: ("", left[0])}
    partners: dict[str, tuple[str, str]] = {}
    while left:
        group, left = (left[:3], []) if len(left) == 3 else (left[:2], left[2:])
        for fact, other in zip(group, group[1:] + group[:1], strict=True):
            partners[fact] = other, group[0]
    return partners
