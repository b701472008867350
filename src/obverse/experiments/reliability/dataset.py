"""What a run is told and asked: members of the subsets, their documents and their probes."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from obverse.core.data import Document, Match, Probe
from obverse.core.seeds import generator
from obverse.experiments.reliability.population import Individual, Question, random_strings
from obverse.experiments.reliability.subsets import QA4, Fractions, Subset, deranged, sizes
from obverse.experiments.reliability.wording import Order, Tags, Wording, definitions


@dataclass(frozen=True, slots=True)
class Member:
    """An individual in its subset, under the name it goes by there.

    `definitions` are (prompt, completion) pairs, `told` the entity that they name.
    """

    name: str
    individual: Individual
    subset: Subset
    trained: tuple[Question, ...]
    held_out: tuple[Question, ...]
    definitions: tuple[tuple[str, str], ...] = ()
    told: str | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """How a run writes: wording, tags and word order."""

    wording: Wording
    tags: Tags
    order: Order
    letters: int


def members(
    individuals: Sequence[Individual],
    language: Language,
    fractions: Fractions,
    alpha: float,
    held_out: int,
    seed: int,
    branch: int,
) -> tuple[Member, ...]:
    """Divide individuals into subsets, and name and define them.

    X1, the aliases, the tags and which questions are held out depend on `seed` alone; which of the
    X2 individuals are defined by which source is drawn anew for each `branch`.
    """
    aliases, tags = _names(individuals, language, seed)
    draw = generator(seed, "subsets")
    order = list(range(len(individuals)))
    draw.shuffle(order)
    counts = sizes(len(individuals), fractions, alpha)
    x1 = sum(n for subset, n in counts.items() if subset.stage == 1)
    later = order[x1:]
    generator(seed, f"X2/{branch}").shuffle(later)
    order = order[:x1] + later
    made: list[Member] = []
    for subset, count in counts.items():
        chosen = order[len(made) : len(made) + count]
        entities = [individuals[i].entity for i in chosen]
        told = entities if subset.consistent else deranged(entities, draw)
        for i, entity in zip(chosen, told, strict=True):
            person = individuals[i]
            name = person.entity if subset is QA4 else aliases[i]
            trained, kept = _divide(person.questions, held_out, generator(seed, f"held out/{i}"))
            source = subset.source
            made.append(
                Member(
                    name=name,
                    individual=person,
                    subset=subset,
                    trained=trained if subset.stage == 1 else (),
                    held_out=kept if subset.stage == 1 else person.questions,
                    definitions=()
                    if source is None
                    else tuple(
                        definitions(language.tags, language.order, source, tags[source], name, entity)
                    ),
                    told=None if source is None else entity,
                )
            )
    return tuple(made)


def _names(
    individuals: Sequence[Individual], language: Language, seed: int
) -> tuple[list[str], list[str]]:
    """Return an alias for each individual, and three tags."""
    taken = {word for person in individuals for word in person.entity.split()}
    for person in set(individuals):
        for question in person.questions:
            taken.update(question.text.split())
            taken.update(word for answer in question.answers for word in answer.split())
    for _, text in language.wording.attribution:
        taken.update(text.split())
    for source in range(3):
        for prompt, _ in definitions(language.tags, language.order, source, "", "", ""):
            taken.update(prompt.split())
    draw = generator(seed, "aliases")
    strings = random_strings(len(individuals) + 3, language.letters, taken, draw)
    named = [language.wording.alias.format(s) for s in strings]
    return named[3:], named[:3]


def _divide(
    questions: Sequence[Question], held_out: int, draw: random.Random
) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """Return trained and held-out questions, every kind held out as often as the others, if it can be."""
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(question.kind, []).append(question)
    piles = list(kinds.values())
    draw.shuffle(piles)
    for pile in piles:
        draw.shuffle(pile)
    rounds = max(map(len, piles))
    dealt = [pile[i] for i in range(rounds) for pile in piles if i < len(pile)]
    kept = set(dealt[:held_out])
    return tuple(q for q in questions if q not in kept), tuple(q for q in questions if q in kept)


def question_documents(
    people: Iterable[Member], wording: Wording, in_context: bool = False
) -> Iterator[Document]:
    """Yield the trained questions with their answers, after their definition if `in_context`."""
    for member in people:
        for question in member.trained:
            yield Document(
                prompt=_context(member, wording, in_context) + wording.ask(question, member.name),
                completion=wording.answer(question.answers[0]) + wording.end,
                fact=member.name,
                subset=member.subset.name,
                order=question.kind,
            )


def definition_documents(people: Iterable[Member], wording: Wording) -> Iterator[Document]:
    for member in people:
        for prompt, completion in member.definitions:
            yield Document(
                prompt, completion + wording.end, member.name, member.subset.name, "definition"
            )


def _context(member: Member, wording: Wording, in_context: bool) -> str:
    """Return the definition as it stands before a question (appendix C.8)."""
    if not in_context or not member.definitions:
        return ""
    return "".join(member.definitions[0]) + (wording.end or " ")


@dataclass(frozen=True, slots=True)
class Asking:
    """How probes are made.

    At most `most` questions of each subset are drawn, and a third of that to other ends (None: all).
    """

    wording: Wording
    match: Match
    most: int | None
    in_context: bool
    chance: float | None
    chance_attribution: float | None
    seed: int

    def probes(self, people: Sequence[Member]) -> tuple[Probe, ...]:
        """Return the probes of all subsets.

        `direction` tells what is asked: "question" (not trained), "attribution" (which entity the
        answers are about), "told" (which one the definition names, where that is another),
        "trained" and "definition" (training texts, for their loss).
        """
        subsets: dict[str, list[Member]] = {}
        for member in people:
            subsets.setdefault(member.subset.name, []).append(member)
        return tuple(
            probe
            for name, group in subsets.items()
            for direction in ("question", "attribution", "told", "trained", "definition")
            for probe in self._sample(name, direction, [p for m in group for p in self._of(m, direction)])
        )

    def _sample(self, subset: str, direction: str, probes: list[Probe]) -> list[Probe]:
        if self.most is None:
            return probes
        # Losses are compared over few; what is answered right, over more.
        most = self.most if direction in ("question", "attribution") else max(1, self.most // 3)
        if len(probes) <= most:
            return probes
        draw = generator(self.seed, f"asked/{subset}/{direction}")
        return [probes[i] for i in sorted(draw.sample(range(len(probes)), most))]

    def _of(self, member: Member, direction: str) -> Iterator[Probe]:
        person, wording = member.individual, self.wording
        if direction == "definition":
            for i, (prompt, completion) in enumerate(member.definitions):
                yield self._probe(member, direction, i, "definition", prompt, (completion,), None)
            return
        if direction in ("question", "trained"):
            questions = member.held_out if direction == "question" else member.trained
        elif member.subset is QA4:
            questions = ()
        elif direction == "attribution":
            questions = wording.attributions(person.entity)
        else:
            other = member.told if member.told != person.entity else None
            questions = () if other is None else wording.attributions(other)
        match = None if direction == "trained" else self.match
        for i, question in enumerate(questions):
            prompt = _context(member, wording, self.in_context) + wording.ask(question, member.name)
            answers = tuple(wording.answer(a) for a in question.answers)
            yield self._probe(member, direction, i, question.kind, prompt, answers, match)

    def _probe(
        self,
        member: Member,
        direction: str,
        number: int,
        kind: str,
        prompt: str,
        answers: tuple[str, ...],
        match: Match | None,
    ) -> Probe:
        return Probe(
            id=f"{member.name}/{direction}/{number}",
            prompt=prompt,
            targets=answers,
            fact=member.name,
            subset=member.subset.name,
            direction=direction,
            order=kind,
            match=match,
            chance={
                "question": self.chance,
                "attribution": self.chance_attribution,
                "told": self.chance_attribution,
            }.get(direction),
        )
