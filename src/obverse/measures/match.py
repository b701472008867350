"""Whether a generated answer is the right one."""

import re
import string
from collections.abc import Sequence

from obverse.core.data import Match

PARTIAL = "\ufffd"  # what a token that is a part of a character is decoded to
EDGE = " \t\n.,;:!?\"'“”‘’()[]"


def exact_match(generation: str, target: str, match: Match) -> bool:
    """Compare: same letters, same case, same words.

    "words" takes as many of the first words as the target has (a first and a last name), so that what
    a model goes on to say does not count; "whole" takes everything up to the end of the text.
    Punctuation around a word's or the whole text's edges does not count. "normalised" is not strict:
    case, punctuation and articles do not count, as in the code of arXiv 2310.15047 (and of SQuAD).
    """
    wanted = target.strip()
    if match == "words":
        words = generation.split()[: len(wanted.split())]
        return [w.strip(EDGE) for w in words] == [w.strip(EDGE) for w in wanted.split()]
    if match == "normalised":
        return _normalised(generation) == _normalised(target)
    return generation.strip(EDGE) == wanted.strip(EDGE)


def judged_early(
    beginning: str, ended: bool, targets: Sequence[str], match: Match
) -> tuple[bool, bool] | None:
    """Return whether an answer is an exact and a prefix match, as soon as its beginning decides both.

    None where it depends on how the answer goes on. Of a beginning this alone is used: the letters of the
    whole answer begin with its letters. Spaces and punctuation may change as more is decoded.
    """
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


def prefix_match(generation: str, target: str) -> bool:
    """Return whether the answer begins with the target, whatever the case."""
    return generation.strip().lower().startswith(target.strip().lower())
