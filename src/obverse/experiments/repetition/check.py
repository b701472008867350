"""What can be wrong with classification items for a given tokenizer."""

from collections.abc import Callable, Sequence

from obverse.core.data import Probe

CountTokens = Callable[[str, str], int]


def problems(probe: Probe, tokens: CountTokens | None = None) -> list[str]:
    """Return what is wrong with a probe's classes, in words; empty if nothing is.

    Args:
        tokens: `tokens(prompt, continuation)`, the number of tokens a continuation takes in context;
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
    if tokens is not None:
        counts = {c: tokens(probe.prompt, c) for c in classes}
        found += [f"the class {c!r} is {n} tokens in context" for c, n in counts.items() if n != 1]
        if len(set(counts.values())) > 1:
            found.append("the classes differ in length")
    return found


def summary(probes: Sequence[Probe], tokens: CountTokens | None = None) -> dict[str, list[str]]:
    """Return, for each problem found, the ids of the probes that have it."""
    by_problem: dict[str, list[str]] = {}
    for probe in probes:
        for problem in problems(probe, tokens):
            by_problem.setdefault(problem, []).append(probe.id)
    return by_problem
