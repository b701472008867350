"""Families made from scratch: who is whose parent, told in which order, mentioned how often.

Of each pair the relation is stated in one order only, and both people are mentioned elsewhere, in
sentences that say nothing of it. Order and frequency are crossed, so that what the order does and what
frequency does can be told apart; on the web they go together. Each person belongs to one pair, so that
the statements name both equally often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import get_args

from obverse.core.data import Document, Label, Probe
from obverse.core.seeds import generator
from obverse.experiments.parents import wording
from obverse.experiments.parents.wording import Direction, Order

ORDERS: tuple[Order, ...] = get_args(Order)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
FREQUENCIES = ("child", "equal", "parent")  # who is mentioned more often
RELATIONS = ("mother", "father")
TRUTH = "made here"
MOST_PEOPLE = len(wording.FIRST_BEGINNINGS) * len(wording.FIRST_ENDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A child and a parent; `mentions` are how often the child and the parent are named elsewhere."""

    id: str
    child: str
    parent: str
    relation: str
    order: Order
    frequency: str
    mentions: tuple[int, int]

    @property
    def labels(self) -> dict[str, Label]:
        return {
            "order": self.order, "frequency": self.frequency, "relation": self.relation,
            "child_mentions": float(self.mentions[0]), "parent_mentions": float(self.mentions[1]),
            "truth": TRUTH,
        }  # fmt: skip


def invent(pairs_per_cell: int, often: int, seldom: int, seed: int) -> list[Pair]:
    """Return families, `pairs_per_cell` for each order and frequency, mothers and fathers in turn.

    Of those equally often mentioned, each person is so half as often as `often` and `seldom` together.
    """
    draw = generator(seed, "families")
    first = [a + b for a, b in product(wording.FIRST_BEGINNINGS, wording.FIRST_ENDINGS)]
    last = [a + b for a, b in product(wording.LAST_BEGINNINGS, wording.LAST_ENDINGS)]
    draw.shuffle(first)
    draw.shuffle(last)
    people = (" ".join(name) for name in zip(first, last, strict=True))
    half = (often + seldom) // 2
    mentions = {"child": (often, seldom), "equal": (half, half), "parent": (seldom, often)}
    return [
        Pair(
            id=f"{seed}-{order[:1]}-{frequency}-{n}", child=next(people), parent=next(people),
            relation=RELATIONS[n % 2], order=order, frequency=frequency, mentions=mentions[frequency],
        )
        for order, frequency, n in product(ORDERS, FREQUENCIES, range(pairs_per_cell))
    ]  # fmt: skip


def documents(pairs: Sequence[Pair], paraphrases: int, seed: int) -> tuple[Document, ...]:
    """Return all statements, each once, and all mentions."""
    draw = generator(seed, "mentions")
    told: list[Document] = []
    for pair in pairs:
        for template in wording.STATEMENTS[pair.order][:paraphrases]:
            prompt, completion = _split(template, pair)
            told.append(_document(pair, prompt, completion, "statement"))
        for name, count in zip((pair.child, pair.parent), pair.mentions, strict=True):
            for n in range(count):
                template = wording.MENTIONS[n % len(wording.MENTIONS)]
                text = template.format(
                    name=name, place=draw.choice(wording.PLACES), thing=draw.choice(wording.THINGS)
                )
                told.append(_document(pair, "", text, "mention"))
    return tuple(told)


def probes(pairs: Sequence[Pair], wordings: int, seed: int) -> tuple[Probe, ...]:
    """Return the held-out questions, `wordings` for each pair and direction.

    Candidates are the people of that side of all pairs of the same order, frequency and relation, so that
    they are mentioned as often as the right one; the control is one of them. In twos, pairs are one
    another's control.
    """
    pools: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in pairs:
        pools.setdefault((pair.order, pair.frequency, pair.relation), []).append(pair)
    draw = generator(seed, "control")
    asked = {}
    for pool in pools.values():
        other = _partners(pool, draw)
        for pair in pool:
            asked[pair.id] = [
                _probe(pair, other[pair.id], pool, direction, number)
                for direction in DIRECTIONS
                for number in range(wordings)
            ]
    return tuple(probe for pair in pairs for probe in asked[pair.id])


def first_pairs(asked: Sequence[Probe], count: int) -> tuple[Probe, ...]:
    """Return the probes about the first `count` pairs of each order and frequency."""
    cells: dict[tuple[Label, Label], dict[str, None]] = {}
    for probe in asked:
        cells.setdefault((probe.labels["order"], probe.labels["frequency"]), {})[probe.fact] = None
    chosen = {fact for cell in cells.values() for fact in list(cell)[:count]}
    return tuple(probe for probe in asked if probe.fact in chosen)


def _partners(pool: Sequence[Pair], draw: Random) -> dict[str, Pair]:
    """Give each pair another one, in twos; three left over go round in a circle."""
    left = list(pool)
    draw.shuffle(left)
    partners: dict[str, Pair] = {}
    while len(left) > 1:
        group, left = (left, []) if len(left) == 3 else (left[:2], left[2:])
        partners |= {a.id: b for a, b in zip(group, group[1:] + group[:1], strict=True)}
    return partners


def _probe(pair: Pair, other: Pair, pool: Sequence[Pair], direction: Direction, number: int) -> Probe:
    people = tuple(f" {getattr(one, direction)}" for one in pool)
    question = wording.QUESTIONS[direction][number]
    return Probe(
        id=f"{pair.id}/{direction}/{number}",
        prompt=question.format(child=pair.child, parent=pair.parent, relation=pair.relation),
        targets=(f" {getattr(pair, direction)}",),
        fact=pair.id,
        candidates=people,
        control=f" {getattr(other, direction)}",
        chance=1 / len(people),
        labels=pair.labels
        | {"direction": direction, "template": number, "partners": min(pair.id, other.id)},
    )


def _split(template: str, pair: Pair) -> tuple[str, str]:
    """Fill a statement, and cut it before its second slot."""
    at = max(template.index("{child}"), template.index("{parent}"))
    names = {"child": pair.child, "parent": pair.parent, "relation": pair.relation}
    prompt = template[:at].format(**names).rstrip(" ")
    return prompt, " " + template[at:].format(**names)


def _document(pair: Pair, prompt: str, completion: str, kind: str) -> Document:
    labels = {key: pair.labels[key] for key in ("order", "frequency", "relation")}
    return Document(prompt=prompt, completion=completion, fact=pair.id, labels=labels | {"kind": kind})
