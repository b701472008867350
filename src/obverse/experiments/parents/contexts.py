"""Prompts that state who is whose parent and ask it back, about people whom nobody has heard of.

Each prompt states a few pairs, each in an order of its own, and asks about one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from obverse.core.data import Label, Probe
from obverse.core.seeds import generator
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
MOST = len(wording.FIRST_BEGINNINGS) * len(wording.FIRST_ENDINGS) // 2


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


def probes(count: int, facts: int, seed: int) -> tuple[Probe, ...]:
    """Return two questions about one pair of each of `count` contexts of `facts` pairs.

    The pair that is asked about is stated child first and parent first in turn.
    """
    draw = generator(seed, "contexts")
    asked = []
    for number in range(count):
        context = _context(facts, ORDERS[number % 2], draw)
        relation = context.pairs[context.asked][2]
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
                    id=f"{number}/{direction}", prompt=context.prompt(direction), targets=people[:1],
                    fact=str(number), candidates=people, control=people[1], chance=1 / facts,
                    match="name", labels=labels,
                )
            )  # fmt: skip
    return tuple(asked)


def _context(facts: int, order: Order, draw: Random) -> Context:
    """Return a context about people of whom none shares a first or a last name with another."""
    first = _drawn(wording.FIRST_BEGINNINGS, wording.FIRST_ENDINGS, 2 * facts, draw)
    last = _drawn(wording.LAST_BEGINNINGS, wording.LAST_ENDINGS, 2 * facts, draw)
    people = [" ".join(name) for name in zip(first, last, strict=True)]
    asked = draw.randrange(facts)
    pairs, statements = [], []
    for number in range(facts):
        child, parent, relation = *people[2 * number : 2 * number + 2], draw.choice(RELATIONS)
        template = draw.choice(STATEMENTS[order if number == asked else draw.choice(ORDERS)])
        pairs.append((child, parent, relation))
        statements.append(template.format(child=child, parent=parent, relation=relation))
    return Context(tuple(pairs), tuple(statements), order, asked)


def _drawn(beginnings: Sequence[str], endings: Sequence[str], count: int, draw: Random) -> list[str]:
    return draw.sample([a + b for a, b in product(beginnings, endings)], count)
