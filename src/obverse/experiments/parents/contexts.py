"""Prompts that state who is whose parent and ask it back, about people whom nobody has heard of.

Each prompt states a few pairs, each in an order of its own, and asks about one of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from obverse.core.data import Document, Label, Probe
from obverse.core.seeds import generator
from obverse.experiments.drills import spaced
from obverse.experiments.parents import wording
from obverse.experiments.parents.wording import Direction, Order
from obverse.experiments.parents.world import DIRECTIONS, ORDERS, RELATIONS

BEFORE = "Some families, and a question about one of them."
STATEMENTS: dict[Order, tuple[str, ...]] = {
    "child first": ("{child}'s {relation} is {parent}.", "The {relation} of {child} is {parent}."),
    "parent first": ("{parent} is the {relation} of {child}.", "{parent} has a child, {child}."),
}
QUESTIONS: dict[Direction, str] = {
    "parent": "Question: Who is {child}'s {relation}? Answer:",
    "child": "Question: Who is a child of {parent}? Answer:",
}
NAMES = len(wording.FIRST_BEGINNINGS) * len(wording.FIRST_ENDINGS)  # first and last ones each
MOST = NAMES // 2


@dataclass(frozen=True, slots=True)
class Context:
    """Pairs of child, parent and relation, a statement of each, and which one is asked about."""

    pairs: tuple[tuple[str, str, str], ...]
    statements: tuple[str, ...]
    order: Order
    asked: int

    def prompt(self, direction: Direction) -> str:
        child, parent, relation = self.pairs[self.asked]
        question = QUESTIONS[direction].format(child=child, parent=parent, relation=relation)
        return " ".join((BEFORE, *self.statements, question))

    def people(self, direction: Direction) -> list[str]:
        """Return the children, or the parents, the right one first."""
        side = [pair[direction == "parent"] for pair in self.pairs]
        return [side[self.asked], *(person for person in side if person != side[self.asked])]


def _spaced(text: str) -> str:
    """Return a text whose names are the same words before "'s" as elsewhere."""
    return spaced(text.replace("'s", " 's"))


def made(count: int, facts: int, seed: int, names: int) -> list[Context]:
    """Return `count` contexts of `facts` pairs about people put together of so many first and last names.

    The pair that is asked about is stated child first and parent first in turn.
    """
    draw = generator(seed, "contexts")
    return [_context(facts, ORDERS[number % 2], draw, names) for number in range(count)]


def reading(
    count: int, facts: int, seed: int, names: int, but: Collection[tuple[str, str, str]]
) -> tuple[Document, ...]:
    """Return spaced prompts with their answers, one question each; pairs of `but` stand in none."""
    draw = generator(seed, "reading")
    documents: list[Document] = []
    while len(documents) < count:
        number = len(documents)
        context = _context(facts, ORDERS[number % 2], draw, names)
        if any(pair in but for pair in context.pairs):
            continue
        direction = DIRECTIONS[number // 2 % 2]
        answer = f" {context.people(direction)[0]} ."
        documents.append(Document(prompt=_spaced(context.prompt(direction)), completion=answer))
    return tuple(documents)


def probes(contexts: Sequence[Context], spacing: bool = False) -> tuple[Probe, ...]:
    """Return two questions about one pair of each context."""
    asked = []
    for number, context in enumerate(contexts):
        facts, relation = len(context.pairs), context.pairs[context.asked][2]
        text = _spaced if spacing else str
        for direction in DIRECTIONS:
            people = tuple(f" {name}" for name in context.people(direction))
            labels: dict[str, Label] = {
                "order": context.order,
                "direction": direction,
                "relation": relation,
                "template": 0,
            }
            asked.append(
                Probe(
                    id=f"{number}/{direction}", prompt=text(context.prompt(direction)),
                    targets=people[:1], fact=str(number), candidates=people, control=people[1],
                    chance=1 / facts, match="name", labels=labels,
                )
            )  # fmt: skip
    return tuple(asked)


def _context(facts: int, order: Order, draw: Random, names: int) -> Context:
    """Return a context about people of whom none shares a first or a last name with another."""
    first = _drawn(wording.FIRST_BEGINNINGS, wording.FIRST_ENDINGS, 2 * facts, draw, names)
    last = _drawn(wording.LAST_BEGINNINGS, wording.LAST_ENDINGS, 2 * facts, draw, names)
    people = [" ".join(name) for name in zip(first, last, strict=True)]
    asked = draw.randrange(facts)
    pairs, statements = [], []
    for number in range(facts):
        child, parent, relation = *people[2 * number : 2 * number + 2], draw.choice(RELATIONS)
        template = draw.choice(STATEMENTS[order if number == asked else draw.choice(ORDERS)])
        pairs.append((child, parent, relation))
        statements.append(template.format(child=child, parent=parent, relation=relation))
    return Context(tuple(pairs), tuple(statements), order, asked)


def _drawn(
    beginnings: Sequence[str], endings: Sequence[str], count: int, draw: Random, names: int
) -> list[str]:
    every = [a + b for a, b in product(beginnings, endings)]
    return draw.sample(every[:: max(1, len(every) // names)][:names], count)
