"""Who is in which subset: individuals under the names they go by, and how these are defined."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obverse.core.seeds import generator
from obverse.experiments.reliability.populations.population import Individual, QAPair, random_strings
from obverse.experiments.reliability.subsets import QA4, Fractions, Subset, deranged, sizes
from obverse.experiments.reliability.wording import Form, Tags, Wording, WordOrder, definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """An individual in its subset, and the name it bears there.

    `definitions` are (prompt, completion) pairs, `told` the entity that they name.
    """

    name: str
    individual: Individual
    subset: Subset
    trained: tuple[QAPair, ...]
    held_out: tuple[QAPair, ...]
    definitions: tuple[tuple[str, str], ...] = ()
    told: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a run writes: wording, tags, word order and form, and how long random strings are."""

    wording: Wording
    tags: Tags
    order: WordOrder
    form: Form
    alias_length: int
    tag_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Individuals, and how they are divided into subsets, named and defined.

    X1, the aliases, the tags and which questions are held out depend on `seed` alone; which of the X2
    individuals are defined by which source is drawn anew for each branch.

    Attributes:
        first, second: the individuals of X1 and of X2.
        unaliased: more individuals of X1 under their own names, who are QA4.
        contradicted: whether no trained answer is true of the entity that a false definition names,
            as far as there is such an entity.
    """

    first: Sequence[Individual]
    second: Sequence[Individual]
    language: Language
    fractions: Fractions
    alpha: float
    held_out: int
    seed: int
    unaliased: Sequence[Individual] = ()
    contradicted: bool = False

    def branches(self, count: int) -> list[tuple[Bearer, ...]]:
        """Return everybody in each of `count` branches: X1, which they share, then X2."""
        individuals = (*self.first, *self.second, *self.unaliased)
        aliases, tags = _names(individuals, self.language, self.seed)
        counts = sizes(len(self.first) + len(self.second), self.fractions, self.alpha)
        x1, x2 = ({s: n for s, n in counts.items() if s.stage == stage} for stage in (1, 2))
        draw = generator(self.seed, "subsets")
        size = len(self.first)
        order = list(range(size))
        draw.shuffle(order)
        trunk = list(self._bearers(x1, self.first, order, aliases[:size], tags, draw))
        for i, person in enumerate(self.unaliased, start=size + len(self.second)):
            trunk.append(self._bearer(i, person, QA4, person.entity, person.entity, tags))
        found = []
        for branch in range(count):
            later = list(range(len(self.second)))
            generator(self.seed, f"X2/{branch}").shuffle(later)
            told = self._bearers(x2, self.second, later, aliases[size:], tags, draw)
            found.append((*trunk, *told))
        return found

    def _bearers(
        self,
        counts: dict[Subset, int],
        individuals: Sequence[Individual],
        order: Sequence[int],
        aliases: Sequence[str],
        tags: Sequence[str],
        draw: random.Random,
    ) -> Iterator[Bearer]:
        """Yield the bearers of all subsets, given the individuals' numbers in their order."""
        begin = 0
        offset = 0 if individuals is self.first else len(self.first)
        for subset, count in counts.items():
            chosen = order[begin : begin + count]
            begin += count
            entities = [individuals[i].entity for i in chosen]
            told = entities if subset.consistent else self._false(chosen, individuals, draw)
            for i, entity in zip(chosen, told, strict=True):
                name = individuals[i].entity if subset is QA4 else aliases[i]
                yield self._bearer(i + offset, individuals[i], subset, name, entity, tags)

    def _false(
        self, chosen: Sequence[int], individuals: Sequence[Individual], draw: random.Random
    ) -> list[str]:
        """Return another entity for each of the X1 individuals with these numbers."""
        entities = [individuals[i].entity for i in chosen]
        if not self.contradicted:
            return deranged(entities, draw)
        trained = [self._divided(i, individuals[i])[0] for i in chosen]
        said = [{(q.kind, q.answers) for q in questions} for questions in trained]
        true = {individuals[i].entity: individuals[i].questions for i in chosen}
        facts = {entity: {(q.kind, q.answers) for q in found} for entity, found in true.items()}
        return deranged(entities, draw, lambda place, entity: bool(said[place] & facts[entity]))

    def _divided(self, i: int, person: Individual) -> tuple[tuple[QAPair, ...], tuple[QAPair, ...]]:
        """Return the trained and the held-out questions of X1's individual number `i`."""
        return _divide(person.questions, self.held_out, generator(self.seed, f"held out/{i}"))

    def _bearer(
        self, i: int, person: Individual, subset: Subset, name: str, told: str, tags: Sequence[str]
    ) -> Bearer:
        language, source = self.language, subset.source
        trained: tuple[QAPair, ...] = ()
        held_out = person.questions
        if subset.stage == 1:
            trained, held_out = self._divided(i, person)
        if source is None:
            return Bearer(name=name, individual=person, subset=subset, trained=trained, held_out=held_out)
        ways = definitions(language.tags, language.order, source, tags[source], name, told, language.form)
        said = tuple(ways)
        return Bearer(
            name=name, individual=person, subset=subset, trained=trained, held_out=held_out,
            definitions=(said[i % len(said)],), told=told,
        )  # fmt: skip


def split(
    individuals: Sequence[Individual], first: int, seed: int
) -> tuple[tuple[Individual, ...], tuple[Individual, ...]]:
    """Return `first` of the individuals for X1, drawn at random, and the others for X2."""
    order = list(individuals)
    generator(seed, "X1").shuffle(order)
    return tuple(order[:first]), tuple(order[first:])


def _names(
    individuals: Sequence[Individual], language: Language, seed: int
) -> tuple[list[str], list[str]]:
    """Return an alias for each individual, and three tags: none is a word of any text."""
    different = {id(person): person for person in individuals}.values()  # of many, few in the world
    texts = [person.entity for person in different]
    for person in different:
        for question in person.questions:
            texts.append(question.text)
            texts += question.answers
    texts += [text for _, text in language.wording.attribution]
    for source in range(3):
        said = definitions(language.tags, language.order, source, "", "", "", language.form)
        texts += [prompt for prompt, _ in said]
    draw = generator(seed, "aliases")
    taken = set(" ".join(texts).split())
    tags = random_strings(3, language.tag_length, taken, draw)
    aliases = random_strings(len(individuals), language.alias_length, taken | set(tags), draw)
    written = language.wording.alias.format
    return [written(alias) for alias in aliases], [written(tag) for tag in tags]


def _divide(
    questions: Sequence[QAPair], held_out: int, draw: random.Random
) -> tuple[tuple[QAPair, ...], tuple[QAPair, ...]]:
    """Return trained and held-out questions, every kind held out as often as the others, if it can be."""
    kinds: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        kinds.setdefault(question.kind, []).append(number)
    piles = list(kinds.values())
    draw.shuffle(piles)
    for pile in piles:
        draw.shuffle(pile)
    rounds = max(map(len, piles))
    dealt = [pile[i] for i in range(rounds) for pile in piles if i < len(pile)]
    kept = set(dealt[:held_out])
    trained = [q for number, q in enumerate(questions) if number not in kept]
    return tuple(trained), tuple(questions[number] for number in sorted(kept))
