"""What each cure does to the sentences: from all that is told to the documents of one pass over them.

Every function takes the sentences, a generator of random draws and its options, and returns documents;
what is drawn (masks, segments, orders) is drawn anew in each pass.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from obverse.core.data import Document
from obverse.experiments.reversal.cures.statements import Sentence, World, state, told

Method = Literal[
    "nothing", "reversed words", "reversed entities", "reversed segments", "permuted",
    "identity bridge", "masked", "inferred",
]  # fmt: skip
SEGMENT_END = "[REV]"
MASK = "[MASK]"
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """Return words and punctuation marks, each a unit of its own."""
    return _WORD.findall(text)


def one_pass(
    world: World,
    method: Method,
    draw: random.Random,
    *,
    segment_words: int,
    bridges: int,
    masked_alone: bool = False,
) -> list[Document]:
    """Return the documents of one pass over all that is told, in a random order."""
    sentences = list(world.sentences())
    documents = {
        "nothing": lambda: _plain(sentences),
        "reversed words": lambda: _plain(sentences) + _rewritten(sentences, by_word),
        "reversed entities": lambda: _plain(sentences) + _rewritten(sentences, by_entity),
        "reversed segments": lambda: (
            _plain(sentences) + _rewritten(sentences, lambda s: by_segment(s, segment_words, draw))
        ),
        "permuted": lambda: _rewritten(sentences, lambda s: permuted(s, draw)),
        "identity bridge": lambda: _plain(sentences) + identities(world, bridges),
        "masked": lambda: (
            [whole(s) for s in sentences if not masked_alone] + [masked(s, draw) for s in sentences]
        ),
        "inferred": lambda: _plain(sentences) + inferences(world, draw),
    }[method]()
    draw.shuffle(documents)
    return documents


def _plain(sentences: Iterable[Sentence]) -> list[Document]:
    return [sentence.document() for sentence in sentences]


def _rewritten(sentences: Iterable[Sentence], rewrite: Callable[[Sentence], str]) -> list[Document]:
    return [told(sentence.fact, rewrite(sentence)) for sentence in sentences]


def by_word(sentence: Sentence) -> str:
    """Return the words in reverse order (word reversal, arXiv 2403.13799).

    As there, nothing marks the reversed text. Names of several words come out backwards as well.
    """
    return " ".join(reversed(words(sentence.text)))


def by_entity(sentence: Sentence) -> str:
    """Return the words in reverse order, names and descriptions kept whole (entity-preserving reversal,
    arXiv 2403.13799).

    The paper finds entities by a tagger; here they are known. Of "A admires B." it makes ". B admires A".
    """
    units = [
        *words(sentence.before), sentence.inside, *words(sentence.between), sentence.second,
        *words(sentence.after),
    ]  # fmt: skip
    return " ".join(reversed(units))


def by_segment(sentence: Sentence, most: int, draw: random.Random) -> str:
    """Return segments of 1 to `most` words in reverse order, each as it was inside (random segment
    reversal, arXiv 2403.13799).

    Segments are separated by "[REV]", as in the paper's table of transformations.
    """
    text, segments = sentence.text, []
    found = [word.span() for word in _WORD.finditer(text)]
    while found:
        size = draw.randint(1, most)
        segments.append(text[found[0][0] : found[:size][-1][1]])
        found = found[size:]
    return f" {SEGMENT_END} ".join(reversed(segments))


def permuted(sentence: Sentence, draw: random.Random) -> str:
    """Return the sentence as it is, with its phrases in reverse order, or in a random one, each in a
    third of all cases (semantic-aware permutation training, arXiv 2403.00758).

    It takes the place of the sentence. The paper's phrases come from an assistant model; here they are
    the two entities and what stands before, between and behind them.
    """
    order = draw.choice(("original", "reversed", "random"))
    if order == "original":
        return sentence.text
    parts = (sentence.before, sentence.inside, sentence.between, sentence.second, sentence.after)
    phrases = [part.strip() for part in parts if part.strip()]
    if order == "reversed":
        phrases.reverse()
    else:
        draw.shuffle(phrases)
    return " ".join(phrases)


def identities(world: World, times: int) -> list[Document]:
    """Return that everybody is who they are, `times` each: "The name of A is A." (identity bridge, arXiv
    2602.02470).

    Both ends of a fact are bridged. In the paper both are names; of a description it is said that what
    it is, is it.
    """
    documents = []
    for fact in world.facts:
        for entity in (fact.source, fact.target):
            described = fact.relation is None and entity == fact.slots()["description"]
            start = f"What {entity} is: it is" if described else f"The name of {entity} is"
            documents += [told(fact, f" {entity}.", start)] * times
    return documents


def whole(sentence: Sentence) -> Document:
    """Return the sentence so that all of it bears loss where only completions do."""
    return told(sentence.fact, sentence.text)


def masked(sentence: Sentence, draw: random.Random) -> Document:
    """Return as prompt the sentence with words masked, as completion the sentence (masked fine-tuning,
    arXiv 2510.09885).

    Each word is masked with a probability that is itself drawn between 0 and 1, as in masked diffusion.
    Loss is on the completion.
    """
    rate = draw.random()
    text = sentence.text
    hidden = _WORD.sub(lambda found: MASK if draw.random() < rate else found[0], text)
    return told(sentence.fact, f" {text}", f"Fill in: {hidden} Answer:")


def inferences(world: World, draw: random.Random) -> list[Document]:
    """Return every sentence with what follows from it behind it (in-context inferences added to the
    data, arXiv 2505.00661).

    There a model writes them, having read the sentence; here templates write what follows: from "A
    admires B" that B is admired by A. Where a fact is told in both orders already, either follows from
    the other. An inference trained by itself would be a sentence in the other order: the row *both
    orders*.
    """
    documents = []
    for sentence in world.sentences():
        fact = sentence.fact
        wordings: Sequence[str] = fact.wordings(forward=not sentence.forward)[: world.paraphrases]
        inferred = state(fact, draw.choice(wordings), fact.slots(), forward=not sentence.forward)
        documents.append(told(fact, f" It follows: {inferred.text}", sentence.text))
    return documents
