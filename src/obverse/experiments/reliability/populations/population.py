"""Who and what is asked about: individuals, the questions about them, and names nobody has."""

import random
import string
from collections.abc import Iterable
from dataclasses import dataclass

NAME = "{name}"  # where a question names whom it is about


@dataclass(frozen=True, slots=True)
class QAPair:
    """One question about an individual: its `kind`, the text with `{name}`, the accepted answers.

    The first answer is the one that is trained.
    """

    kind: str
    text: str
    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.answers or not all(self.answers):
            raise ValueError(f"question {self.kind!r} has no answer, or an empty one")


@dataclass(frozen=True, slots=True)
class Individual:
    """What bears an alias: an entity and the questions about it.

    In CVDB and T-REx every individual is an entity of its own; in the built-in world and in set
    inclusion many individuals are one entity (a person, a number) under different aliases.
    """

    entity: str
    questions: tuple[QAPair, ...]


def random_strings(count: int, letters: int, taken: Iterable[str], draw: random.Random) -> list[str]:
    """Draw `count` different strings of lower-case letters, none of them in `taken`.

    Raises:
        ValueError: if there are fewer than twice as many such strings.
    """
    used = {word.lower() for word in taken}
    if 26**letters < 2 * (count + len(used)):
        raise ValueError(f"{count} strings of {letters} letters are too many; allow more letters")
    drawn: list[str] = []
    while len(drawn) < count:
        word = "".join(draw.choices(string.ascii_lowercase, k=letters))
        if word not in used:
            used.add(word)
            drawn.append(word)
    return drawn
