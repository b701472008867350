"""Exercises that teach a small model made from scratch to look things up in its prompt.

A small model that is shown documents with questions learns within minutes to answer with something that
stands in the prompt, and not which (FINDINGS.md, "Reading, from easy to hard"). What it lacks comes
quickly from exercises that ask for nothing else, each a little harder than the one before:

1. *repeating*: words in random order, and then a stretch of them again, word for word;
2. *finding*: pairs of words with up to two others between them, and then the partner of each, from either
   side;
3. *recalling*: pairs of one or two words each with up to five others between them, which also stand
   before the word that is asked about.

Words are drawn anew in every document, so that nothing can be learnt by heart.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

from obverse.core.data import Document
from obverse.core.recipe import Recipe
from obverse.core.seeds import generator
from obverse.models.scratch import Scratch

READING = Recipe(
    learning_rate=3e-3, schedule="constant", warmup_steps=50, batch_size=32, epochs=1, weight_decay=0,
    loss_on="completion",
)  # fmt: skip
# Learns by the exercises; each word is a token.
READER = Scratch(
    architecture="gpt-neox", tokenizer="words", hidden_size=64, layers=2, heads=2, rotary=1.0, tied=True,
    max_tokens=256, embedding_std=0.2, initial_std=0.1,
)  # fmt: skip
NAMES = ("repeating", "finding", "recalling")
LONGEST = 10  # words that are repeated
PAIRS = 3  # at most, of a document
EASIER = 0.25  # the share of an exercise's documents that are of the one before
STOP = "."
_MARKS = re.compile(r'\s*([.,:;?!"–])\s*')


def drills(documents: Sequence[Document], counts: Sequence[int], seed: int) -> list[Document]:
    """Return the exercises' documents, from easy to hard: they are to be trained on in this order.

    Args:
        documents: what the model is to read later. Its words that begin with a capital are what is
            looked up, the others stand between.
        counts: how many documents of each exercise.
    """
    words = sorted({word for document in documents for word in document.text.split()})
    names = [word for word in words if word[0].isupper()]
    fillers = [word for word in words if not word[0].isupper() and word != STOP]
    makers: list[Callable[[Random], Document]] = [
        lambda draw: _repeated(names, draw),
        lambda draw: _paired(names, fillers, draw, longest=1, between=2, before=0),
        lambda draw: _paired(names, fillers, draw, longest=2, between=5, before=5),
    ]
    made = []
    for number, (name, count) in enumerate(zip(NAMES, counts, strict=True)):
        draw = generator(seed, name)
        made += [makers[max(0, number - (draw.random() < EASIER))](draw) for _ in range(count)]
    return made


def spaced(text: str) -> str:
    """Return a text with spaces around punctuation marks, so that a word is one token wherever it is."""
    return " ".join(_MARKS.sub(r" \1 ", text).split())


def _repeated(names: Sequence[str], draw: Random) -> Document:
    """State words, and ask for those behind one of them."""
    words = draw.sample(names, draw.randint(4, LONGEST))
    again = words[draw.randrange(len(words) - 2) :]
    prompt = " ".join([*words, STOP, again[0]])
    return Document(prompt=prompt, completion=" " + " ".join([*again[1:], STOP]))


def _paired(
    names: Sequence[str], fillers: Sequence[str], draw: Random, *, longest: int, between: int, before: int
) -> Document:
    """State pairs, and ask for the other side of each.

    Args:
        longest: words of a side, at most.
        between, before: fillers between both sides, and before the side that is asked about, at most.
    """

    def filled(most: int) -> list[str]:
        return draw.sample(fillers, draw.randint(0, most))

    count = draw.randint(2, PAIRS)
    words = draw.sample(names, 2 * count * longest)
    sides = [words[i : i + draw.randint(1, longest)] for i in range(0, len(words), longest)]
    pairs = list(zip(sides[:count], sides[count:], strict=True))
    stated = [word for a, b in pairs for word in (*a, *filled(between), *b, STOP)]
    asked = [pair if draw.random() < 0.5 else pair[::-1] for pair in pairs]
    draw.shuffle(asked)
    questions = [([*filled(before), *a, *filled(between)], [*b, STOP]) for a, b in asked]
    told = [word for question, answer in questions for word in (*question, *answer)]
    first = len(questions[0][0])
    prompt = " ".join([*stated, *told[:first]])
    return Document(prompt=prompt, completion=" " + " ".join(told[first:]))
