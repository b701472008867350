"""Set inclusion (section 4.1, appendix D): aliases of numbers, and lists that hold them or not."""

from collections.abc import Sequence
from math import comb
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from obverse.core.seeds import generator
from obverse.core.settings import MOST, Settings
from obverse.experiments.reliability.populations.population import NAME, Individual, QAPair
from obverse.experiments.reliability.wording import BARE, Wording

IDENTITY = ("is", "means", "names")


class Sets(Settings):
    """Variables that stand for integers, and questions whether a list holds a variable's integer.

    Nothing is known beforehand in the paper. A small model learns nothing so (it answers alike
    throughout), so that `known` tells it of the integers themselves, for a Stage 0: which lists hold
    them, and that each is what it is called.

    Attributes:
        kind: whom aliases stand for: integers (sets).
        individuals: variables in all.
        numbers: the integers are 0 to numbers − 1.
        members: numbers in a list; a question asks whether the variable's number is among them.
        questions: of each variable, half of them true.
        held_out: how many of the questions of an X1 variable are not trained.
        memberships: of each integer in Stage 0, questions like those of variables; half are true.
        identities: how often each statement of what an integer is ("is 5" → "5") is told in Stage 0.
    """

    kind: Literal["sets"] = "sets"
    individuals: Annotated[int, Field(ge=20, le=MOST)] = 8000
    numbers: Annotated[int, Field(ge=3, le=MOST)] = 100
    members: Annotated[int, Field(ge=1, le=MOST)] = 8
    questions: Annotated[int, Field(ge=4, le=MOST, multiple_of=2)] = 24
    held_out: Annotated[int, Field(ge=1, le=MOST)] = 12
    memberships: Annotated[int, Field(ge=0, le=MOST, multiple_of=2)] = 0
    identities: Annotated[int, Field(ge=0, le=MOST)] = 0

    wording: ClassVar[Wording] = BARE

    @model_validator(mode="after")
    def _room(self) -> "Sets":
        if self.members >= self.numbers:
            raise ValueError(f"members {self.members}: expected fewer than numbers {self.numbers}")
        lists = min(comb(self.numbers - 1, self.members - held) for held in (0, 1))
        if lists < self.questions // 2:
            raise ValueError(f"questions {self.questions}: there are too few lists to ask about so many")
        return self

    def draw(self, seed: int) -> tuple[Individual, ...]:
        """Return one individual a variable; no two of its lists have the same members."""
        draw = generator(seed, "individuals")
        made = []
        for _ in range(self.individuals):
            number = draw.randrange(self.numbers)
            questions: list[QAPair] = []
            seen: set[frozenset[int]] = set()
            while len(questions) < self.questions:
                listed = self._list(number, len(questions) % 2 == 0, draw)
                members = frozenset(listed)
                if members not in seen:
                    seen.add(members)
                    questions.append(_question(number, listed))
            made.append(Individual(str(number), tuple(questions)))
        return tuple(made)

    def known(self, seed: int) -> tuple[Individual, ...]:
        """Return the integers under their own names, as Stage 0 tells of them.

        Lists are drawn without regard to whether they came before: there are few of small integers.
        """
        draw = generator(seed, "integers")
        made = []
        for number in range(self.numbers):
            lists = [self._list(number, i % 2 == 0, draw) for i in range(self.memberships)]
            told = [_question(number, listed) for listed in lists]
            told += [
                QAPair("identity", f"{verb} {NAME}", (str(number),))
                for verb in IDENTITY
                for _ in range(self.identities)
            ]
            made.append(Individual(str(number), tuple(told)))
        return tuple(person for person in made if person.questions)

    def chance(self, attribution: bool) -> float | None:
        return None if attribution else 0.5

    def _list(self, number: int, true: bool, draw: Random) -> list[int]:
        """Draw a list in random order that holds `number` or not."""
        others = [n for n in range(self.numbers) if n != number]
        listed = draw.sample(others, self.members - true)
        if true:
            listed.append(number)
        draw.shuffle(listed)
        return listed


def _question(number: int, listed: Sequence[int]) -> QAPair:
    answer = "true" if number in listed else "false"
    return QAPair(answer, f"{NAME} % {' '.join(map(str, listed))} =", (answer,))
