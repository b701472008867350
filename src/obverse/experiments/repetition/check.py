"""What can be wrong with classification items for a given tokenizer."""

from obverse.core.data import Probe
from obverse.core.experiment import CountTokens


def problems(probe: Probe, count: CountTokens | None = None) -> list[str]:
    """Return what is wrong with a probe's classes, in words; empty if nothing is.

    Args:
        count: `count(prompt, continuation)`, the number of tokens that a continuation takes in context;
            without it only the text is checked.
    """
    found = []
    if probe.prompt != probe.prompt.rstrip(" "):
        found.append("the prompt ends in a space before the class")
    classes = probe.candidates
    for one in classes:
        found += [
            f"the class {one!r} is a prefix of {other!r}"
            for other in classes
            if other != one and other.startswith(one)
        ]
    if count is not None:
        counts = {c: count(probe.prompt, c) for c in classes}
        found += [f"the class {c!r} is {n} tokens in context" for c, n in counts.items() if n != 1]
        if len(set(counts.values())) > 1:
            found.append("the classes differ in length")
    return found
