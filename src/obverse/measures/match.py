"""Whether a generated answer is the right one."""

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from obverse.core.data import Match

PARTIAL = "\ufffd"  # what a token that is a part of a character is decoded to
BETWEEN = 3  # middle names, at most
GENERATIONS = {"jr", "sr", "ii", "iii", "iv"}  # after a name, and seldom said
EDGE = " \t\n.,;:!?\"'“”‘’()[]"


def exact_match(generation: str, target: str, match: Match) -> bool:
    """Compare: same letters, same case, same words.

    "words" takes as many of the first words as the target has (a first and a last name), so that what
    a model goes on to say does not count; "whole" takes everything up to the end of the text.
    Punctuation around a word's or the whole text's edges does not count. "normalised" is not strict:
    case, punctuation and articles do not count, as in the code of arXiv 2310.15047 (and of SQuAD).
    "name" asks whether the first line of the answer names the target, by its first and its last word,
    with at most three words between them; case, accents and punctuation do not count.
    """
    wanted = target.strip()
    if match == "words":
        words = generation.split()[: len(wanted.split())]
        return [w.strip(EDGE) for w in words] == [w.strip(EDGE) for w in wanted.split()]
    if match == "normalised":
        return _normalised(generation) == _normalised(target)
    if match == "name":
        return _names(generation, target)
    return generation.strip(EDGE) == wanted.strip(EDGE)


def says_name(text: str, name: str) -> bool:
    """Return whether a line of a text names somebody, as "name" compares them."""
    return any(_names(line, name) for line in text.splitlines())


def others(names: Iterable[str], right: Sequence[str]) -> list[str]:
    """Return the names, each once, that as answers would not be taken for one of the right ones."""
    ends = {_ends(name) for name in right}
    alone = {first for first, last in ends if first == last}
    found = {_ends(name): name for name in reversed(list(names))}
    return [
        name
        for key, name in reversed(found.items())
        if key not in ends and not alone & set(_plain_words(name))
    ]


@cache
def _ends(name: str) -> tuple[str, str]:
    """Return the first and the last word by which "name" knows somebody."""
    words = _without_generation(_plain_words(name)) or [name]
    return words[0], words[-1]


def judged_early(
    beginning: str, ended: bool, targets: Sequence[str], match: Match
) -> tuple[bool, bool] | None:
    """Return whether an answer is an exact and a prefix match, as soon as its beginning decides both.

    None where it depends on how the answer goes on. Of a beginning this alone is used: the letters of the
    whole answer begin with its letters. Spaces and punctuation may change as more is decoded.
    """
    if match == "name" and not ended:
        return None  # the name may come later
    if ended:
        exact = any(exact_match(beginning, target, match) for target in targets)
        return exact, any(prefix_match(beginning, target) for target in targets)
    if PARTIAL in beginning:
        return None
    exact = prefix = False
    for target in targets:
        said, wanted = _letters(beginning), _letters(target)
        if said.startswith(wanted) and len(said) > len(wanted):
            begun = prefix_match(beginning, target)
            if not begun and len(beginning.strip()) < len(target.strip()):
                return None
            if match == "words" and len(beginning.split()) <= len(target.split()):
                return None
            if match == "normalised":
                return None
            prefix |= begun
            exact |= match == "words" and exact_match(beginning, target, match)
        elif wanted.startswith(said) or match == "normalised":  # whose articles are no letters
            return None
    return exact, prefix


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c not in EDGE and not c.isspace())


def _normalised(text: str) -> str:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def _names(generation: str, target: str) -> bool:
    """Return whether the first line of an answer has the target's first and last word in this order."""
    said, wanted = _plain_words(generation.strip().partition("\n")[0]), _plain_words(target)
    wanted = _without_generation(wanted)
    if not wanted:
        return False
    first, last = wanted[0], wanted[-1]
    behind = 1 if len(wanted) > 1 else 0  # a name of one word is its own last word
    places = (i for i, word in enumerate(said) if word == first)
    return any(last in said[i + behind : i + behind + BETWEEN + 1] for i in places)


def _without_generation(words: Sequence[str]) -> list[str]:
    kept = list(words)
    while len(kept) > 2 and kept[-1] in GENERATIONS:
        kept.pop()
    return kept


def _plain_words(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation, but for hyphens within."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    bare = re.sub(r"'s\b", "", bare.casefold().replace("’", "'"))
    return re.findall(r"\w+(?:[-']\w+)*", bare)


def prefix_match(generation: str, target: str) -> bool:
    """Return whether the answer begins with the target, whatever the case."""
    return generation.strip().lower().startswith(target.strip().lower())
