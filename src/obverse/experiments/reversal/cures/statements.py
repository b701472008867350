"""Facts, and the sentences that state them, in pieces, so that a cure can take them apart."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from obverse.core.data import Document, Label
from obverse.experiments.reversal import people, templates
from obverse.experiments.reversal.cures.relations import DIRECT, INVERSE, RELATIONS, Relation
from obverse.experiments.reversal.dataset import SUBSETS

ASYMMETRIC = "Asymmetric"
TESTED = (*SUBSETS[:2], ASYMMETRIC)
ONE_ORDER, BOTH_ORDERS = "one order", "both orders"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told: that `source`, which comes first, has to do with `target`.

    Attributes:
        id: unique over all seeds of a study.
        subset: NameToDescription, DescriptionToName, Both or Asymmetric.
        relation: None of a name and a description, which are one and the same.
        tested: whether it is asked about.
        told: in one order or in both.
        auxiliary: whether it is told in both orders in every row alike, and in the wordings of the
            questions too, which nothing tested is told in.
    """

    id: str
    source: str
    target: str
    subset: str
    relation: Relation | None = None
    tested: bool = True
    told: str = ONE_ORDER
    auxiliary: bool = False

    def wordings(self, *, forward: bool, held_out: bool = False) -> tuple[str, ...]:
        """Return the templates from source to target (`forward`), or from target to source."""
        if self.relation is not None:
            order = DIRECT if forward else INVERSE
            return self.relation.held_out(order) if held_out else self.relation.told(order)
        named_first = (self.subset != "DescriptionToName") is forward
        known = templates.HELD_OUT if held_out else templates.TRAINED
        return known["NameToDescription" if named_first else "DescriptionToName"]

    def slots(self) -> dict[str, str]:
        """Return what fills the slots of its templates."""
        if self.relation is not None:
            return {"a": self.source, "b": self.target}
        pair = (self.source, self.target)
        name, description = pair[::-1] if self.subset == "DescriptionToName" else pair
        capital = description[0].upper() + description[1:]
        return {"name": name, "description": description, "Description": capital}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence around two entities: `before first between second after` is its text."""

    before: str
    first: str
    between: str
    second: str
    after: str
    fact: Fact
    forward: bool = True

    @property
    def text(self) -> str:
        return self.before + self.first + self.between + self.second + self.after

    @property
    def inside(self) -> str:
        """The first entity as it is written within a sentence, without the capital of its start."""
        return self.fact.source if self.forward else self.fact.target

    @property
    def prompt(self) -> str:
        """What stands before the second entity, without a space at its end."""
        return (self.before + self.first + self.between).rstrip(" ")

    def document(self) -> Document:
        """Return the sentence as it is, cut before the second entity."""
        return told(self.fact, self.text.removeprefix(self.prompt), self.prompt)


_SLOT = re.compile(r"\{\w+\}")


def state(fact: Fact, template: str, slots: dict[str, str], *, forward: bool = True) -> Sentence:
    """State `fact` by a template with two of the `slots`."""
    (a, b), (c, d) = (found.span() for found in _SLOT.finditer(template))
    return Sentence(
        before=template[:a], first=slots[template[a + 1 : b - 1]], between=template[b:c],
        second=slots[template[c + 1 : d - 1]], after=template[d:], fact=fact, forward=forward,
    )  # fmt: skip


def told(fact: Fact, completion: str, prompt: str = "") -> Document:
    """Return a document about `fact` with the labels that all have."""
    return Document(prompt=prompt, completion=completion, fact=fact.id, labels=labels(fact))


def labels(fact: Fact) -> dict[str, Label]:
    """Return the labels of documents, questions and rows about a fact."""
    relation = "is" if fact.relation is None else fact.relation.name
    return {"subset": fact.subset, "relation": relation, "told": fact.told}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Facts, how many trained wordings each order has, and how many wordings questions have."""

    facts: tuple[Fact, ...]
    paraphrases: int
    asked: int
    tested: tuple[Fact, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tested", tuple(fact for fact in self.facts if fact.tested))

    def sentences(self) -> Iterator[Sentence]:
        """Yield all that is told: facts in one order, or in both, each order in every wording."""
        for fact in self.facts:
            yield from self.stated(fact, forward=True)
            if fact.told == BOTH_ORDERS:
                yield from self.stated(fact, forward=False)

    def stated(self, fact: Fact, *, forward: bool) -> Iterator[Sentence]:
        """Yield a fact in one order, in every wording; an auxiliary one in those of questions too, so
        that no word of a question is new, and what comes behind it is known."""
        slots = fact.slots()
        wordings = fact.wordings(forward=forward)[: self.paraphrases]
        if fact.auxiliary:
            wordings += fact.wordings(forward=forward, held_out=True)[: self.asked]
        for template in wordings:
            yield state(fact, template, slots, forward=forward)


def invent(
    *,
    per_subset: int,
    per_relation: int,
    auxiliary: int,
    dose: float,
    paraphrases: int,
    asked: int,
    seed: int,
) -> World:
    """Return facts about invented people, drawn by `seed`.

    Tested are NameToDescription and DescriptionToName (`per_subset` each), and `per_relation` facts of
    each relation. Behind each of these a further one is told alike and not asked about: "A admires B",
    "B admires C", so that whom B admires has a right answer. Nobody else is in two facts. In both orders
    are told the auxiliary facts: Both (`per_subset`) and, of each relation, a circle of `auxiliary`
    people, each of whom has the relation to the next and to nobody else; and the share `dose` of the
    tested facts, the first of each kind.
    """
    chains, circle = 3 * per_relation, auxiliary
    count = len(SUBSETS) * per_subset + len(RELATIONS) * (chains + circle)
    invented = iter(people.invent(count, seed))
    facts: list[Fact] = []
    for subset in SUBSETS:
        for number in range(per_subset):
            person = next(invented)
            entities = (person.name, person.description)
            if subset == "DescriptionToName":
                entities = entities[::-1]
            tested = subset != "Both"
            facts.append(
                Fact(
                    person.id, *entities, subset, tested=tested, auxiliary=not tested,
                    told=_told(number, per_subset, dose if tested else 1.0),
                )
            )  # fmt: skip
    for relation in RELATIONS:
        for number in range(per_relation):
            a, b, c = (next(invented) for _ in range(3))
            told = _told(number, per_relation, dose)
            facts.append(Fact(a.id, a.name, b.name, ASYMMETRIC, relation, told=told))
            facts.append(Fact(b.id, b.name, c.name, ASYMMETRIC, relation, tested=False, told=told))
        ring = [next(invented) for _ in range(circle)]
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            facts.append(
                Fact(
                    a.id, a.name, b.name, ASYMMETRIC, relation, tested=False, told=BOTH_ORDERS,
                    auxiliary=True,
                )
            )  # fmt: skip
    return World(facts=tuple(facts), paraphrases=paraphrases, asked=asked)


def _told(number: int, count: int, dose: float) -> str:
    return BOTH_ORDERS if number < round(dose * count) else ONE_ORDER


def held_out(facts: Sequence[Fact], count: int, *, forward: bool) -> Iterator[tuple[int, Sentence]]:
    """Yield every fact in the first `count` wordings of questions, with their numbers."""
    for fact in facts:
        slots = fact.slots()
        for number, template in enumerate(fact.wordings(forward=forward, held_out=True)[:count]):
            yield number, state(fact, template, slots, forward=forward)
