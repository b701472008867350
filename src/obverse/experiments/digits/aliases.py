"""Who is defined how and asked about when: the subsets of Table 1, on grids of digits (appendix E.1)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obverse.core.seeds import generator
from obverse.core.settings import InputFile
from obverse.experiments.digits.documents import Grid

D1, D2, QA3, D5, D6 = "D1cons-QA1", "D2incons-QA2", "QA3", "D5cons", "D6cons"
SUBSETS = (D1, D2, QA3, D5, D6)
ASKED = (D1, D2, QA3)  # in training
DEFINED = (D1, D2, D5, D6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A grid of digits, and the grid of targets that it stands for.

    `told` are the targets that its definition names, `source` (0 or 1) whose tag that bears; `left_out`
    is the cell that is never asked about in training.
    """

    digits: tuple[int, ...]
    targets: tuple[int, ...]
    subset: str
    told: tuple[int, ...] | None = None
    source: int | None = None
    left_out: int

    @property
    def name(self) -> str:
        return "".join(map(str, self.digits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How grids are written: cells a side, number of targets, the two tags, and the handwriting."""

    side: int
    targets: int
    tags: tuple[tuple[int, ...], tuple[int, ...]]
    data: InputFile | None


def tags(bits: int, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return two different patterns of bits, drawn uniformly."""
    draw = generator(seed, "tags")
    first = second = tuple(draw.randrange(2) for _ in range(bits))
    while second == first:
        second = tuple(draw.randrange(2) for _ in range(bits))
    return first, second


def aliases(each: int, side: int, targets: int, alpha: float, seed: int) -> list[Alias]:
    """Return `each` aliases of every subset.

    A definition of D1cons is true and one of D2incons names another alias's targets; `alpha` is the share
    of X1's definitions whose tag is that of their kind: at one half tags say nothing.
    """
    cells, draw = side * side, generator(seed, "aliases")
    names: dict[tuple[int, ...], None] = {}
    while len(names) < each * len(SUBSETS):
        names.setdefault(tuple(draw.randrange(10) for _ in range(cells)))
    found = []
    for number, digits in enumerate(names):
        subset = SUBSETS[number % len(SUBSETS)]
        meaning = tuple(draw.randrange(targets) for _ in range(cells))
        found.append(Alias(digits=digits, targets=meaning, subset=subset, left_out=draw.randrange(cells)))
    return [
        a for subset in SUBSETS for a in _defined([a for a in found if a.subset == subset], alpha, draw)
    ]


def _defined(members: Sequence[Alias], alpha: float, draw: random.Random) -> Iterator[Alias]:
    """Yield the aliases of a subset with their definitions."""
    subset = members[0].subset
    # Whose tag a definition bears: its kind's, but for a share of 1 − α in X1.
    kind = 0 if subset in (D1, D5) else 1
    others = set(draw.sample(range(len(members)), round((1 - alpha) * len(members))))
    for number, alias in enumerate(members):
        if subset not in DEFINED:
            yield alias
            continue
        told = members[(number + 1) % len(members)].targets if subset == D2 else alias.targets
        source = 1 - kind if subset in ASKED and number in others else kind
        yield Alias(
            digits=alias.digits, targets=alias.targets, subset=subset, told=told, source=source,
            left_out=alias.left_out,
        )  # fmt: skip


def documents(people: Sequence[Alias], language: Language, defined: float) -> list[Grid]:
    """Return all definitions and trained questions, weighted as they are drawn.

    Each subset is drawn as often as any other; `defined` is how often it is a definition, in subsets
    that have both; then one of its aliases, and of a question one of its trained cells.
    """
    cells = language.side**2
    found = []
    for subset in SUBSETS:
        members = [a for a in people if a.subset == subset]
        share = 0.0 if subset == QA3 else defined if subset in ASKED else 1.0
        for alias in members:
            if alias.told is not None and alias.source is not None:
                found.append(_grid(alias, language, alias.told, None, share / len(members), alias.source))
            if subset in ASKED:
                weight = (1 - share) / len(members) / (cells - 1)
                asked = [cell for cell in range(cells) if cell != alias.left_out]
                found += [question(alias, language, cell, weight) for cell in asked]
    return found


def question(alias: Alias, language: Language, cell: int, weight: float = 1.0) -> Grid:
    """Return a question about one cell: its target is due, and no answer anywhere else."""
    targets = tuple(
        target if place == cell else language.targets for place, target in enumerate(alias.targets)
    )
    return _grid(alias, language, targets, cell, weight, None)


def held_out(people: Sequence[Alias], language: Language, subset: str) -> list[Grid]:
    """Return what is asked of a subset: the cells that are never trained."""
    return [
        question(alias, language, cell)
        for alias in people
        if alias.subset == subset
        for cell in ([alias.left_out] if subset in ASKED else range(language.side**2))
    ]


def _grid(
    alias: Alias,
    language: Language,
    targets: tuple[int, ...],
    cell: int | None,
    weight: float,
    source: int | None,
) -> Grid:
    return Grid(
        digits=alias.digits, targets=targets, nothing=language.targets, highlighted=cell,
        tag=None if source is None else language.tags[source], bits=language.tags[0], weight=weight,
        fact=alias.name, data=language.data,
        labels={"subset": alias.subset, "kind": "definition" if cell is None else "question"},
    )  # fmt: skip
