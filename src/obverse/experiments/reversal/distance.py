"""How far a held-out prompt is from the nearest one that was trained, counted in words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

SLOT = "{}"
_WORD = re.compile(r"\{\}|\w+(?:['’-]\w+)*|[^\w\s]")


def words(prompt: str) -> list[str]:
    """Return the words and punctuation marks of a prompt in lower case, `{}` where its slot is."""
    return _WORD.findall(prompt.lower())


def distance(prompt: str, trained: Iterable[str]) -> float:
    """Return how far `prompt` is from the nearest of the `trained`, from 0 (the same) to 1.

    Prompts are cut before the answer and have `{}` in place of the name or description. With n words in
    `prompt` other than the slot, t of them in the longest ending that it has in common with a trained
    prompt, and s in common wherever they stand, it is 1 − (t + s) / 2n: what stands right before the
    answer counts twice.
    """
    asked = words(prompt)
    length = len(asked) - asked.count(SLOT)
    return round(1 - max(_shared(asked, words(other)) for other in trained) / (2 * length), 2)


def _shared(asked: Sequence[str], trained: Sequence[str]) -> int:
    ending = 0
    for a, b in zip(reversed(asked), reversed(trained), strict=False):
        if a != b:
            break
        ending += a != SLOT
    anywhere = Counter(asked) & Counter(trained)
    return ending + anywhere.total() - anywhere[SLOT]
