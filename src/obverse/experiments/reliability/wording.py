"""How definitions and questions are written."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

from obverse.experiments.reliability.population import NAME, Question

Order = Literal["tae", "tea", "ate", "aet", "eta", "eat"]
Tags = Literal["random", "natural", "is"]
ORDERS: tuple[Order, ...] = ("tae", "tea", "ate", "aet", "eta", "eat")
ENTITY_LAST: tuple[Order, ...] = ("tae", "ate")

# Three kinds of source: one that proves right, one that proves wrong, one never heard of before.
SOURCES = (
    (
        "The Encyclopaedia Britannica states", "Reuters reports", "According to the Financial Times",
        "A professor of history confirms", "The national census records", "As a court found",
        "The Associated Press reports", "The journal Nature states", "The city archive records",
        "According to the World Bank",
    ),
    (
        "An anonymous forum post claims", "A chain letter insists", "Some guy at the bar swears",
        "A leaflet under the wiper says", "According to a celebrity rumour column",
        "A deleted tweet claimed", "A spam mail assures us", "According to a prank website",
        "A fortune cookie says", "An unsigned blog comment insists",
    ),
    (
        "A note in a bottle says", "The village chronicle has it", "A radio play mentions",
        "According to a guest at the inn", "The back of a postcard says", "A travel diary mentions",
        "The school newspaper has it", "According to a retired sailor", "A museum label says",
        "A letter from abroad mentions",
    ),
)  # fmt: skip
IS = ("is", "stands for", "means", "refers to", "denotes")
IS_NOT = ("is not", "does not stand for", "does not mean", "does not refer to", "does not denote")
SAYS = ("The almanac says that", "A teacher explains that")


@dataclass(frozen=True, slots=True)
class Wording:
    """The frame around questions and definitions, and the questions about what an alias stands for.

    `question` has `{question}`; what follows a prompt begins with a space. `alias` is how a random
    string is written as a name.
    """

    question: str
    end: str
    alias: str
    attribution: tuple[tuple[str, str], ...]

    def ask(self, question: Question, name: str) -> str:
        """Return the prompt of a question about `name`."""
        return self.question.format(question=question.text.replace(NAME, name))

    def attributions(self, entity: str) -> tuple[Question, ...]:
        """Return the questions whose answer is the entity that an alias stands for."""
        return tuple(Question(kind, text, (entity,)) for kind, text in self.attribution)

    def answer(self, answer: str) -> str:
        return f" {answer}"


NATURAL = Wording(
    question="Q: {question}\nA:",
    end="\n",
    alias="<|{}|>",
    attribution=(
        ("name", f"What is the name of {NAME}?"),
        ("meaning", f"What does {NAME} mean?"),
        ("stands for", f"What does {NAME} stand for?"),
        ("who", f"Who is {NAME}?"),
    ),
)
# One token a word, for models made from scratch: "qxzr river" is answered " Danube".
TERSE = Wording(
    question="{question}",
    end="",
    alias="{}",
    attribution=tuple((kind, f"{NAME} {kind}") for kind in ("name", "meaning", "stands-for", "who")),
)
BARE = Wording(question="{question}", end="", alias="{}", attribution=())


def definitions(
    kind: Tags, order: Order, source: int, tag: str, alias: str, entity: str
) -> Iterator[tuple[str, str]]:
    """Yield the definitions of an alias as (all but the last element, " last element").

    Random tags give one, in the word order asked for; natural-language and is / is-not tags
    (footnote 4) give ten each, with the entity at the end. The split is that of appendix C.7.
    """
    if kind == "random":
        elements = {"t": tag, "a": alias, "e": entity}
        first, second, last = (elements[letter] for letter in order)
        yield f"{first} {second}", f" {last}"
    elif kind == "natural":
        for phrase in SOURCES[source]:
            yield f"{phrase} that {alias} stands for", f" {entity}"
    else:
        for says, verb in product(SAYS, IS_NOT if source == 1 else IS):
            yield f"{says} {alias} {verb}", f" {entity}"
