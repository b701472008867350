"""Questions about real pairs: for the parent of a child, and for a child of a parent."""

from collections.abc import Sequence
from random import Random

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.seeds import generator
from obverse.experiments.parents.pairs import RealPair
from obverse.experiments.parents.prompts import Prompts
from obverse.measures.match import others


def told_by_examples(pairs: Sequence[RealPair], prompts: Prompts) -> list[RealPair]:
    """Return the pairs of which the examples in the prompt tell the answer."""
    return [pair for pair in pairs if prompts.tell(pair.children, pair.parents)]


def without_examples(pairs: Sequence[RealPair], prompts: Prompts) -> list[RealPair]:
    """Return the pairs of which the examples in the prompt do not tell the answer.

    Raises:
        ObverseError: if fewer than two are left.
    """
    told = told_by_examples(pairs, prompts)
    left_out = {pair.id for pair in told}
    asked = [pair for pair in pairs if pair.id not in left_out]
    if len(asked) < 2:
        left = "; ".join(f"{pair.child}, {pair.parent}" for pair in told[:3])
        why = f"the examples in the prompt name {len(told)} of {len(pairs)} ({left}); " if told else ""
        raise ObverseError(f"{len(asked)} pairs can be asked about; {why}expected two or more")
    return asked


def probes(pairs: Sequence[RealPair], prompts: Prompts, candidates: int, seed: int) -> tuple[Probe, ...]:
    """Return two probes for each pair.

    The right answer is ranked among `candidates` people of the same side, in the same relation, drawn by
    `seed`; the first wrong one is the control. None of them is an accepted answer.
    """
    draw = generator(seed, "candidates")
    made = []
    for pair in pairs:
        alike = [other for other in pairs if other.relation == pair.relation and other is not pair]
        for direction, prompt, right, pool in (
            ("parent", prompts.ask_parent(pair.child, pair.relation), pair.parents,
             [name for other in alike for name in other.parents]),
            ("child", prompts.ask_child(pair.parent, pair.relation), pair.children,
             [name for other in alike for name in other.children]),
        ):  # fmt: skip
            wrong = _drawn(pool, right, candidates - 1, draw)
            made.append(
                Probe(
                    id=f"{pair.id}/{direction}",
                    prompt=prompt,
                    targets=tuple(f" {name}" for name in right),
                    fact=pair.id,
                    candidates=tuple(f" {name}" for name in (*right, *wrong)) if wrong else (),
                    control=f" {wrong[0]}" if wrong else None,
                    chance=1 / (1 + len(wrong)),
                    match="name",
                    labels=pair.labels | {"direction": direction, "template": 0},
                )
            )
    return tuple(made)


def _drawn(pool: Sequence[str], right: Sequence[str], count: int, draw: Random) -> list[str]:
    names = others(pool, right)
    return draw.sample(names, min(count, len(names)))
