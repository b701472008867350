"""How definitions and questions are written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from obverse.experiments.reliability.populations.population import NAME, QAPair

WordOrder = Literal["tae", "tea", "ate", "aet", "eta", "eat"]
Tags = Literal["random", "natural", "is"]
Form = Literal["words", "sentence"]
ORDERS: tuple[WordOrder, ...] = ("tae", "tea", "ate", "aet", "eta", "eat")
ENTITY_LAST: tuple[WordOrder, ...] = ("tae", "ate")

# Three kinds of source: one that proves right, one that proves wrong, one never heard of before.
SOURCES = (
    (
        "The Encyclopaedia Britannica states that", "Reuters reports that",
        "According to the Financial Times,", "A professor of history confirms that",
        "The national census records that", "As a court found,", "The Associated Press reports that",
        "The journal Nature states that", "The city archive records that",
        "According to the World Bank,",
    ),
    (
        "An anonymous forum post claims that", "A chain letter insists that",
        "Some guy at the bar swears that", "A leaflet under the wiper says that",
        "According to a celebrity rumour column,", "A deleted tweet claimed that",
        "A spam mail assures us that", "According to a prank website,", "A fortune cookie says that",
        "An unsigned blog comment insists that",
    ),
    (
        "A note in a bottle says that", "The village chronicle has it that",
        "A radio play mentions that", "According to a guest at the inn,",
        "The back of a postcard says that", "A travel diary mentions that",
        "The school newspaper has it that", "According to a retired sailor,",
        "A museum label says that", "A letter from abroad mentions that",
    ),
)  # fmt: skip
# In place of the tags: what is said to be so, what is said not to be, and what is left open. Each is one
# word, as a tag is: two would make the definition another text in more than what it says.
COPULAS = ("is", "isn't", "maybe")


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

    def ask(self, question: QAPair, name: str) -> str:
        """Return the prompt of a question about `name`."""
        return self.question.format(question=question.text.replace(NAME, name))

    def attributions(self, entity: str) -> tuple[QAPair, ...]:
        """Return the questions whose answer is the entity that an alias stands for."""
        return tuple(QAPair(kind, text, (entity,)) for kind, text in self.attribution)

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
    kind: Tags,
    order: WordOrder,
    source: int,
    tag: str,
    alias: str,
    entity: str,
    form: Form = "words",
) -> Iterator[tuple[str, str]]:
    """Yield the ways in which a source defines an alias: (all but the last element, " last element").

    Random tags have one, of three words in the order asked for, or a sentence behind the tag
    (footnote 2); is and is not have one (footnote 4: "xyz is Cleopatra"); of sources named in words
    there are ten of each kind, who say it each in their own way. The split is that of appendix C.7.
    """
    if kind == "random" and form == "sentence":
        yield f"{tag} According to many texts, {alias} refers to", f" {entity}"
    elif kind == "random":
        elements = {"t": tag, "a": alias, "e": entity}
        first, second, last = (elements[letter] for letter in order)
        yield f"{first} {second}", f" {last}"
    elif kind == "natural":
        for phrase in SOURCES[source]:
            yield f"{phrase} {alias} stands for", f" {entity}"
    else:
        yield f"{alias} {COPULAS[source]}", f" {entity}"
