"""What can be said of two things, people or conditions that stand in a relation, and of a group.

A statement is cut before its last member, the answer. Of each fact there are

    as told   what a model is told
    right     what follows from it, the other way round
    wrong     what does not follow: a false converse of an implication, an asymmetric relation read as a
              symmetric one; symmetric relations have none
    in order  what follows as well, in the order that was told: of implications by modus ponens, of groups
              the members that had others of the prompt before them; other relations have none

Relations in the order of section 4.1 of arXiv 2309.12288: implications, places, groups; and further ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from obverse.core.seeds import generator
from obverse.experiments.relations.words import Supply

ASKED = ("as told", "in order", "right", "wrong")
LEAST = 4  # facts of a relation: two told one way and two both ways, so that each has a partner
Statement = tuple[str, str]  # up to the answer, and the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A relation that holds once, and what can be said of it; `id` is unique over all seeds of a study.

    `wrong` and `in_order` are empty where there is nothing of the kind.
    """

    id: str = ""
    relation: str = ""
    told: Statement
    right: tuple[Statement, ...]
    wrong: tuple[Statement, ...] = ()
    in_order: tuple[Statement, ...] = ()

    def asked(self) -> dict[str, tuple[Statement, ...]]:
        """Return the statements of each kind of question that there is, in the order of ASKED."""
        of = {
            "as told": (self.told,), "in order": self.in_order, "right": self.right,
            "wrong": self.wrong,
        }  # fmt: skip
        return {what: statements for what, statements in of.items() if statements}


STATES = (
    ("is full", "is not full"),
    ("is locked", "is not locked"),
    ("is warm", "is not warm"),
    ("is for sale", "is not for sale"),
    ("is in use", "is not in use"),
    ("shines", "does not shine"),
    ("rattles", "does not rattle"),
    ("leaks", "does not leak"),
)


def _implication(supply: Supply, seed: int, n: int) -> Fact:
    """If X then Y; if not Y then not X. Not: if Y then X. X, and so Y."""
    draw = generator(seed, f"states/{n}")
    (x, y), (yes_x, no_x), (yes_y, no_y) = supply.things(2), draw.choice(STATES), draw.choice(STATES)
    return Fact(
        told=(f"if {x} {yes_x}, then", f" {y} {yes_y}"),
        right=((f"if {y} {no_y}, then", f" {x} {no_x}"),),
        wrong=((f"if {y} {yes_y}, then", f" {x} {yes_x}"),),
        in_order=((f"{x} {yes_x}, and so", f" {y} {yes_y}"),),
    )


def _left(supply: Supply, seed: int, n: int) -> Fact:
    (x, y), sides = supply.things(2), ("left", "right")
    side, other = sides if generator(seed, f"side/{n}").random() < 0.5 else sides[::-1]
    return _pair(x, y, f"is to the {side} of", f"is to the {other} of")


def _on(supply: Supply, seed: int, n: int) -> Fact:
    x, y = supply.things(2)
    return _pair(x, y, "is on", "is under")


def _parent(supply: Supply, seed: int, n: int) -> Fact:
    x, y = supply.people(2)
    return _pair(x, y, "is a parent of", "is a child of")


def _sibling(supply: Supply, seed: int, n: int) -> Fact:
    x, y = supply.people(2)
    return _pair(x, y, "is a sibling of")


def _spouse(supply: Supply, seed: int, n: int) -> Fact:
    x, y = supply.people(2)
    return _pair(x, y, "is married to")


def _equal(supply: Supply, seed: int, n: int) -> Fact:
    x, y = supply.things(2)
    return _pair(x, y, "is exactly as expensive as")


def _group(supply: Supply, seed: int, n: int) -> Fact:
    """Four in one group, told in one order; the first of them never had another one before it."""
    a, b, c, d = supply.people(4)

    def members(first: str, second: str, third: str, last: str) -> Statement:
        return f"in one group are {first}, {second}, {third} and", f" {last}"

    return Fact(
        told=members(a, b, c, d),
        right=(members(d, c, b, a),),
        in_order=(members(d, c, a, b), members(d, b, a, c)),
    )


def _pair(x: str, y: str, relation: str, converse: str = "") -> Fact:
    """Return what is said of X and Y; a relation without a converse of its own is symmetric."""
    return Fact(
        told=(f"{x} {relation}", f" {y}"),
        right=((f"{y} {converse or relation}", f" {x}"),),
        wrong=((f"{y} {relation}", f" {x}"),) if converse else (),
    )


RELATIONS: dict[str, Callable[[Supply, int, int], Fact]] = {
    "implication": _implication,
    "on / under": _on,
    "left / right": _left,
    "parent / child": _parent,
    "sibling": _sibling,
    "spouse": _spouse,
    "group": _group,
    "equality": _equal,
}
ASYMMETRIC = ("implication", "on / under", "left / right", "parent / child")
ORDERED = ("implication", "group")  # of which something follows in the order that was told as well


def invent(per_relation: int, seed: int) -> list[Fact]:
    """Return so many facts of each relation, drawn by `seed`; nobody and nothing is in two of them.

    Raises:
        ObverseError: if more are asked for than can be told apart.
    """
    supply = Supply(seed)
    return [
        replace(make(supply, seed, n), id=f"{seed}-{relation}-{n}", relation=relation)
        for relation, make in RELATIONS.items()
        for n in range(per_relation)
    ]
