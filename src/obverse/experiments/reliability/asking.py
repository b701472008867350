"""What is asked of each subset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from obverse.core.data import Match, Probe
from obverse.core.seeds import generator
from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.documents import context
from obverse.experiments.reliability.populations.population import QAPair
from obverse.experiments.reliability.subsets import QA4
from obverse.experiments.reliability.wording import Wording

# What is asked: a question that was not trained; which entity the answers are about; which one the
# definition names, where that is another; and training texts, for their loss.
Direction = Literal["question", "attribution", "told", "trained", "definition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How probes are made.

    At most `most` questions of each subset are drawn, and as many attributions and entities of false
    definitions, and a third of that of the training texts (None: all). `chance` is how often a
    guess at a question is right, `chance_attribution` one at an entity.
    """

    wording: Wording
    match: Match
    most: int | None
    in_context: bool
    chance: float | None
    chance_attribution: float | None
    seed: int

    def probes(self, people: Sequence[Bearer]) -> tuple[Probe, ...]:
        """Return the probes of all subsets, each direction's together."""
        subsets: dict[str, list[Bearer]] = {}
        for bearer in people:
            subsets.setdefault(bearer.subset.name, []).append(bearer)
        return tuple(
            self._probe(bearer, direction, number)
            for name, group in subsets.items()
            for direction in get_args(Direction)
            for bearer, number in self._drawn(name, direction, group)
        )

    def _drawn(
        self, subset: str, direction: Direction, group: Sequence[Bearer]
    ) -> list[tuple[Bearer, int]]:
        """Return who is asked which of their questions, drawn before any probe is made."""
        places = [(b, number) for b in group for number in range(self._count(b, direction))]
        if self.most is None:
            return places
        # Losses are compared over few; what is answered right, over more.
        most = max(1, self.most // 3) if direction in ("trained", "definition") else self.most
        if len(places) <= most:
            return places
        draw = generator(self.seed, f"asked/{subset}/{direction}")
        return [places[i] for i in sorted(draw.sample(range(len(places)), most))]

    def _count(self, bearer: Bearer, direction: Direction) -> int:
        """Return how many questions of this direction there are about an alias."""
        if direction == "question":
            return len(bearer.held_out)
        if direction == "trained":
            return len(bearer.trained)
        if direction == "definition":
            return len(bearer.definitions)
        if direction == "attribution":
            asked = bearer.subset is not QA4
        else:
            asked = bearer.told not in (None, bearer.individual.entity)
        return len(self.wording.attribution) if asked else 0

    def _probe(self, bearer: Bearer, direction: Direction, number: int) -> Probe:
        answers: tuple[str, ...]
        if direction == "definition":
            prompt, completion = bearer.definitions[number]
            answers, kind = (completion,), "definition"
        else:
            question = self._question(bearer, direction, number)
            prompt = self.wording.ask(question, bearer.name)
            if self.in_context:
                prompt = context(bearer, self.wording) + prompt
            answers, kind = tuple(map(self.wording.answer, question.answers)), question.kind
        chances = {
            "question": self.chance,
            "attribution": self.chance_attribution,
            "told": self.chance_attribution,
        }
        return Probe(
            id=f"{bearer.name}/{direction}/{number}",
            prompt=prompt,
            targets=answers,
            fact=bearer.name,
            match=None if direction in ("trained", "definition") else self.match,
            chance=chances.get(direction),
            labels={"subset": bearer.subset.name, "direction": direction, "kind": kind},
        )

    def _question(self, bearer: Bearer, direction: Direction, number: int) -> QAPair:
        if direction == "question":
            return bearer.held_out[number]
        if direction == "trained":
            return bearer.trained[number]
        entity = bearer.individual.entity if direction == "attribution" else bearer.told
        return self.wording.attributions(entity or "")[number]


def spread(probes: Sequence[Probe], each: int) -> tuple[Probe, ...]:
    """Return at most `each` probes of every subset and direction, spread over its bearers."""
    groups: dict[tuple[object, object], list[Probe]] = {}
    for probe in probes:
        groups.setdefault((probe.labels["subset"], probe.labels["direction"]), []).append(probe)
    return tuple(
        probe for group in groups.values() for probe in group[:: max(1, len(group) // each)][:each]
    )
