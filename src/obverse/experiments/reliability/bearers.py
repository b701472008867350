"""Who is in which subset: individuals under the names they go by, and how these are defined."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obverse.core.seeds import generator
from obverse.experiments.reliability.population import Individual, QAPair, random_strings
from obverse.experiments.reliability.subsets import QA4, Fractions, Subset, deranged, sizes
from obverse.experiments.reliability.wording import Tags, Wording, WordOrder, definitions


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
    """How a run writes: wording, tags, word order, and the letters of a random string."""

    wording: Wording
    tags: Tags
    order: WordOrder
    letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Individuals, and how they are divided into subsets, named and defined.

    X1, the aliases, the tags and which questions are held out depend on `seed` alone; which of the X2
    individuals are defined by which source is drawn anew for each branch.
    """

    individuals: Sequence[Individual]
    language: Language
    fractions: Fractions
    alpha: float
    held_out: int
    seed: int

    def branches(self, count: int) -> list[tuple[Bearer, ...]]:
        """Return everybody in each of `count` branches: X1, which they share, then X2."""
        aliases, tags = _names(self.individuals, self.language, self.seed)
        counts = sizes(len(self.individuals), self.fractions, self.alpha)
        first, second = ({s: n for s, n in counts.items() if s.stage == stage} for stage in (1, 2))
        draw = generator(self.seed, "subsets")
        order = list(range(len(self.individuals)))
        draw.shuffle(order)
        size = sum(first.values())
        x1 = tuple(self._bearers(first, order[:size], aliases, tags, draw))
        found = []
        for branch in range(count):
            later = order[size:]
            generator(self.seed, f"X2/{branch}").shuffle(later)
            found.append(x1 + tuple(self._bearers(second, later, aliases, tags, draw)))
        return found

    def _bearers(
        self,
        counts: dict[Subset, int],
        order: Sequence[int],
        aliases: Sequence[str],
        tags: Sequence[str],
        draw: random.Random,
    ) -> Iterator[Bearer]:
        """Yield the bearers of all subsets, given the numbers of the individuals in their order."""
        begin = 0
        for subset, count in counts.items():
            chosen = order[begin : begin + count]
            begin += count
            entities = [self.individuals[i].entity for i in chosen]
            told = entities if subset.consistent else deranged(entities, draw)
            for i, entity in zip(chosen, told, strict=True):
                name = self.individuals[i].entity if subset is QA4 else aliases[i]
                yield self._bearer(i, subset, name, entity, tags)

    def _bearer(self, i: int, subset: Subset, name: str, told: str, tags: Sequence[str]) -> Bearer:
        person, language, source = self.individuals[i], self.language, subset.source
        trained: tuple[QAPair, ...] = ()
        held_out = person.questions
        if subset.stage == 1:
            draw = generator(self.seed, f"held out/{i}")
            trained, held_out = _divide(person.questions, self.held_out, draw)
        if source is None:
            return Bearer(name=name, individual=person, subset=subset, trained=trained, held_out=held_out)
        said = definitions(language.tags, language.order, source, tags[source], name, told)
        return Bearer(
            name=name, individual=person, subset=subset, trained=trained, held_out=held_out,
            definitions=tuple(said), told=told,
        )  # fmt: skip


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
        said = definitions(language.tags, language.order, source, "", "", "")
        texts += [prompt for prompt, _ in said]
    draw = generator(seed, "aliases")
    taken = set(" ".join(texts).split())
    strings = random_strings(len(individuals) + 3, language.letters, taken, draw)
    named = [language.wording.alias.format(s) for s in strings]
    return named[3:], named[:3]


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
