"""The subsets of Table 1: who is defined by which source, truly or not, and asked about when."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated

from pydantic import Field, model_validator

from obverse.core.errors import ObverseError
from obverse.core.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Subset:
    """One row of Table 1.

    `source` is the tag of its definitions (0 reliable, 1 unreliable, 2 never seen before; None: not
    defined), `consistent` whether they agree with the answers, `stage` 1 for X1 and 2 for X2.
    """

    name: str
    share: str  # the fraction it belongs to
    stage: int
    source: int | None
    consistent: bool = True


D1 = Subset("D1cons-QA1", "d1cons_qa1", 1, 0)
D2 = Subset("D2incons-QA2", "d2incons_qa2", 1, 1, consistent=False)
D9 = Subset("D9incons-QA9", "d1cons_qa1", 1, 0, consistent=False)
D10 = Subset("D10cons-QA10", "d2incons_qa2", 1, 1)
QA3 = Subset("QA3", "qa3", 1, None)
QA4 = Subset("QA4", "qa4", 1, None)
D5 = Subset("D5cons", "d5cons", 2, 0)
D6 = Subset("D6cons", "d6cons", 2, 1)
QA7 = Subset("QA7", "qa7", 2, None)
D8 = Subset("D8cons", "d8cons", 2, 2)


class Fractions(Settings):
    """Shares of all individuals (Table 1); they sum to 1. QA4 keep their own names.

    Attributes:
        d1cons_qa1: X1, reliable tag, true definitions, questions.
        d2incons_qa2: X1, unreliable tag, false definitions, questions.
        qa3: X1, questions alone.
        qa4: X1, questions alone, about people under their own names.
        d5cons: X2, reliable tag, true definitions.
        d6cons: X2, unreliable tag, true definitions.
        qa7: X2, told nothing of: what is answered without any definition.
        d8cons: X2, a tag that X1 did not have, true definitions.
    """

    d1cons_qa1: Share = 0.25
    d2incons_qa2: Share = 0.25
    qa3: Share = 0.10
    qa4: Share = 0.10
    d5cons: Share = 0.08
    d6cons: Share = 0.08
    qa7: Share = 0.06
    d8cons: Share = 0.08

    @model_validator(mode="after")
    def _sum_to_one(self) -> "Fractions":
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the fractions sum to {total:.4g}; expected 1")
        return self


# For populations that are generated: nobody keeps a name of their own, most are asked about.
GENERATED = Fractions(
    d1cons_qa1=0.3, d2incons_qa2=0.3, qa3=0.06, qa4=0.0, d5cons=0.14, d6cons=0.14, qa7=0.03,
    d8cons=0.03,
)  # fmt: skip


def sizes(count: int, fractions: Fractions, alpha: float) -> dict[Subset, int]:
    """Return how many of `count` individuals each subset has.

    With reliability `alpha` below 1, a share 1 − alpha of what the reliable source defines is false
    (D9), and the same share of what the unreliable one defines is true (D10), as for Figure 4a.
    """
    shares = {
        D1: fractions.d1cons_qa1 * alpha,
        D9: fractions.d1cons_qa1 * (1 - alpha),
        D2: fractions.d2incons_qa2 * alpha,
        D10: fractions.d2incons_qa2 * (1 - alpha),
        QA3: fractions.qa3, QA4: fractions.qa4, D5: fractions.d5cons, D6: fractions.d6cons,
        D8: fractions.d8cons, QA7: fractions.qa7,
    }  # fmt: skip
    ends = [round(count * end) for end in accumulate(shares.values())]
    return {subset: end - start for subset, start, end in zip(shares, [0, *ends], ends, strict=False)}


def size_of_x1(count: int, fractions: Fractions) -> int:
    """Return how many of `count` individuals are in X1."""
    return sum(n for subset, n in sizes(count, fractions, 1.0).items() if subset.stage == 1)


def deranged(
    entities: Sequence[str], draw: random.Random, clash: Callable[[int, str], bool] | None = None
) -> list[str]:
    """Return the entities in another order, in which none stands where it (or its like) stood.

    Args:
        entities: what each place stands for.
        draw: where the order comes from.
        clash: whether an entity should not be in a place, beside its own; heeded as far as exchanges
            of two entities get.

    Raises:
        ObverseError: if one entity has more than half of the places.
    """
    most = max(Counter(entities).values(), default=0)
    if 2 * most > len(entities):
        raise ObverseError(
            f"inconsistent definitions need other entities: {most} of {len(entities)} aliases of a "
            "subset stand for the same one; use more entities or a larger subset"
        )
    order = list(entities)
    draw.shuffle(order)
    if clash is not None:
        _exchange(order, draw, lambda place, entity: entities[place] == entity or clash(place, entity))
    while wrong := [i for i, (old, new) in enumerate(zip(entities, order, strict=True)) if old == new]:
        for i in wrong:
            j = draw.randrange(len(order))
            order[i], order[j] = order[j], order[i]
    return order


def _exchange(
    order: list[str], draw: random.Random, wrong: Callable[[int, str], bool], rounds: int = 20
) -> None:
    """Exchange entities that are in wrong places with others, where both are in right ones then."""
    places = list(range(len(order)))
    for _ in range(rounds):
        astray = [i for i in places if wrong(i, order[i])]
        for i in astray:
            draw.shuffle(places)
            for j in places:
                if not wrong(i, order[j]) and not wrong(j, order[i]):
                    order[i], order[j] = order[j], order[i]
                    break
        if not astray:
            return
