"""Documents and probes, made from facts and openings.

Half of each relation's facts are told one way, the others both ways: all that is right of them. Every
statement is told after each trained opening, in a document of its own, and asked after held-out ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from obverse.core.data import Document, Probe
from obverse.core.seeds import generator
from obverse.experiments.relations.facts import Fact, Statement

F = TypeVar("F")
Told = Literal["one way", "both ways"]
TOLD: tuple[Told, ...] = get_args(Told)
STATED: dict[Told, tuple[str, ...]] = {
    "one way": ("as told",),
    "both ways": ("as told", "in order", "right"),
}

TRAINED = (
    "So", "Note that", "Look:", "In short,", "As you know,", "We heard that", "It is known that",
    "Of course", "Once more:", "The report says that",
)  # fmt: skip
HELD_OUT = (
    "Note once more:", "As we know,", "It says that", "So you heard that", "Look, of course",
    "The report is known:",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A fact, how it is told, and the other fact of its own kind whose answers are the wrong ones."""

    fact: Fact
    told: Told
    partner: Fact
    pair: str


def place(facts: Sequence[Fact], seed: int) -> list[Placed]:
    """Tell half of each relation's facts one way, half both ways, and put them in pairs, by `seed`.

    In a pair each answer is once the right and once the random one. Of an odd number of facts, three go
    round in a circle.
    """
    draw = generator(seed, "placing")
    relations: dict[str, list[Fact]] = {}
    for fact in facts:
        relations.setdefault(fact.relation, []).append(fact)
    placed = []
    for members in relations.values():
        draw.shuffle(members)
        half = len(members) // 2
        for told, group in zip(TOLD, (members[:half], members[half:]), strict=True):
            placed += [
                Placed(fact=f, told=told, partner=o, pair=ring[0].id)
                for ring in rings(group)
                for f, o in zip(ring, ring[1:] + ring[:1], strict=True)
            ]
    return placed


def rings(facts: Sequence[F]) -> Iterator[list[F]]:
    """Yield facts two by two, the last ones three together if they are odd."""
    rest = list(facts)
    while rest:
        size = 3 if len(rest) == 3 else 2
        yield rest[:size]
        rest = rest[size:]


def documents(placed: Sequence[Placed], openings: Sequence[str]) -> list[Document]:
    """Return what is told: each statement after each opening."""
    return [
        Document(
            prompt=_prompt(opening, start), completion=f"{answer}.", fact=p.fact.id,
            labels={"relation": p.fact.relation, "told": p.told, "asked": asked},
        )
        for p in placed
        for asked, statements in p.fact.asked().items()
        if asked in STATED[p.told]
        for start, answer in statements
        for opening in openings
    ]  # fmt: skip


def probes(placed: Sequence[Placed], openings: Sequence[str]) -> list[Probe]:
    """Return what is asked: each statement up to its answer, after each opening.

    Candidates are the answers to the same question about all facts of the relation that are told alike.
    """
    pools: dict[tuple[str, str, str, int], list[str]] = {}
    for p in placed:
        for asked, n, (_, answer) in _numbered(p.fact):
            pools.setdefault((p.fact.relation, p.told, asked, n), []).append(answer)
    return [
        _probe(p, asked, n, start, answer, pools[p.fact.relation, p.told, asked, n], number, opening)
        for p in placed
        for asked, n, (start, answer) in _numbered(p.fact)
        for number, opening in enumerate(openings)
    ]


def _probe(
    p: Placed, asked: str, n: int, start: str, answer: str, pool: list[str], number: int, opening: str
) -> Probe:
    candidates = tuple(dict.fromkeys(pool))
    control = p.partner.asked()[asked][n][1]
    return Probe(
        id=f"{p.fact.id}/{asked}/{n}/{number}",
        prompt=_prompt(opening, start),
        targets=(answer,),
        fact=p.fact.id,
        candidates=candidates,
        control=control if control != answer else None,
        chance=1 / len(candidates),
        labels={
            "relation": p.fact.relation, "told": p.told, "asked": asked, "opening": number,
            "pair": p.pair,
        },
    )  # fmt: skip


def _numbered(fact: Fact) -> Iterator[tuple[str, int, Statement]]:
    for asked, statements in fact.asked().items():
        for n, statement in enumerate(statements):
            yield asked, n, statement


def _prompt(opening: str, start: str) -> str:
    return f"{opening} {start}"
