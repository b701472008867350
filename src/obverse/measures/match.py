"""Whether a generated answer is the right one."""

import re
import string

from obverse.core.data import Match

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


def _normalised(text: str) -> str:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def prefix_match(generation: str, target: str) -> bool:
    """Return whether the answer begins with the target, whatever the case."""
    return generation.strip().lower().startswith(target.strip().lower())
