"""Set inclusion (section 4.1, appendix D): aliases of numbers, and lists that hold them or not."""

from math import comb
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from obverse.core.seeds import generator
from obverse.core.settings import Settings
from obverse.experiments.reliability.population import NAME, Individual, QAPair
from obverse.experiments.reliability.wording import BARE, Wording


class Sets(Settings):
    """Variables that stand for integers; nothing is known of them beforehand.

    Attributes:
        individuals: variables in all.
        numbers: the integers are 0 to numbers − 1.
        members: numbers in a list; a question asks whether the variable's number is among them.
        questions: of each variable, half of them true; `held_out` of an X1 variable's are not trained.
    """

    kind: Literal["sets"] = "sets"
    individuals: Annotated[int, Field(ge=20)] = 8000
    numbers: Annotated[int, Field(ge=3)] = 100
    members: Annotated[int, Field(ge=1)] = 8
    questions: Annotated[int, Field(ge=4, multiple_of=4)] = 24
    held_out: Annotated[int, Field(ge=1)] = 12

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
        """Return one individual a variable."""
        draw = generator(seed, "individuals")
        others = [[n for n in range(self.numbers) if n != number] for number in range(self.numbers)]
        words = [str(number) for number in range(self.numbers)]
        made = []
        for _ in range(self.individuals):
            number = draw.randrange(self.numbers)
            questions: list[QAPair] = []
            seen: set[frozenset[int]] = set()
            while len(questions) < self.questions:
                true = len(questions) % 2 == 0
                listed = draw.sample(others[number], self.members - true)
                if true:
                    listed.append(number)
                members = frozenset(listed)
                if members in seen:
                    continue  # asked before in another order
                seen.add(members)
                draw.shuffle(listed)
                text = f"{NAME} % {' '.join([words[n] for n in listed])} ="
                answer = "true" if true else "false"
                questions.append(QAPair(answer, text, (answer,)))
            made.append(Individual(words[number], tuple(questions)))
        return tuple(made)

    def known(self, seed: int) -> tuple[Individual, ...]:
        return ()

    def chance(self, attribution: bool) -> float | None:
        return None if attribution else 0.5
