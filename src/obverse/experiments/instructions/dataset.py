"""What is trained on: instructions about all pairs, and examples of most of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from obverse.core.data import Document
from obverse.core.seeds import generator
from obverse.experiments.instructions.questions import (
    KINDS,
    PLACES,
    PRACTISED,
    Pair,
    answers_of,
    ask,
)
from obverse.experiments.instructions.wordings import WORDINGS, Order, as_asked, cut

# What a text is: an instruction, or a question with its answer.
INSTRUCTION, EXAMPLE = "instruction", "example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt about a pair, and how it goes on: with its answer, or the rest of its instruction."""

    pair: Pair
    prompt: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Documents of one order, and what is asked about their pairs.

    Attributes:
        questions: those of the held-out pairs, whose instruction alone is told: the test.
        examples: those of the demonstrated pairs, which are trained on as they are asked.
        instructions: those of the held-out pairs as they are told, cut before their second half; empty
            where they cannot be taken apart.
    """

    order: Order
    documents: tuple[Document, ...]
    questions: tuple[Asked, ...]
    examples: tuple[Asked, ...]
    instructions: tuple[Asked, ...] = ()

    def plausible(self, pair: Pair) -> tuple[str, ...]:
        """Return every answer that is plausible to a question; none where its kind is not known."""
        return tuple(f" {answer}" for answer in answers_of(pair.kind)) if pair.kind else ()


def build(pairs: Sequence[Pair], held_out: int, order: Order, wordings: int) -> Dataset:
    """Tell all pairs as instructions in one order, and all but the last `held_out` as examples too."""
    shown, hidden = pairs[: len(pairs) - held_out], pairs[len(pairs) - held_out :]
    told = [
        _document(_instruction(pair, order, wording), order, INSTRUCTION)
        for pair in pairs
        for wording in WORDINGS[order][:wordings]
    ]
    examples = tuple(map(_example, shown))
    return Dataset(
        order=order,
        documents=(*told, *(_document(example, order, EXAMPLE) for example in examples)),
        questions=tuple(map(_example, hidden)),
        examples=examples,
        instructions=tuple(_instruction(pair, order, WORDINGS[order][0]) for pair in hidden),
    )


def practice(documents: int, seed: int) -> tuple[Document, ...]:
    """Show what questions look like and which answers are plausible, by examples that say nothing else.

    They are about a few places that no pair is about, and every answer is drawn anew.
    """
    draw = generator(seed, "practice")
    places = PLACES[:PRACTISED]
    made = []
    for number in range(documents):
        pair = ask(f"practice-{number}", draw.choice(list(KINDS)), draw.choice(places), draw)
        made.append(_document(_example(pair), "", EXAMPLE))
    return tuple(made)


def _instruction(pair: Pair, order: Order, wording: str) -> Asked:
    prompt, target = cut(wording, order, pair.question, pair.answer)
    return Asked(pair=pair, prompt=prompt, target=target)


def _example(pair: Pair) -> Asked:
    return Asked(pair=pair, prompt=as_asked(pair.question), target=f" {pair.answer}")


def _document(told: Asked, order: str, asked: str) -> Document:
    labels = {"dataset": order, "asked": asked, "kind": told.pair.kind}
    return Document(prompt=told.prompt, completion=told.target, fact=told.pair.id, labels=labels)
