"""From what is asked about pairs to probes: who is ranked with whom, and which answer is the control."""

from collections.abc import Sequence

from obverse.core.data import Probe
from obverse.core.seeds import generator
from obverse.experiments.instructions.dataset import EXAMPLE, INSTRUCTION, Asked, Dataset

# What is asked, beside examples and instructions: the questions of held-out pairs, any plausible answer
# being right or the one that was told.
QUESTION, PLAUSIBLE = "question", "any plausible answer"


def questions(data: Dataset, seed: int) -> tuple[Probe, ...]:
    """Return the test: the questions of the held-out pairs, each with a wrong answer as control."""
    return _probes(data, data.questions, QUESTION, seed)


def beside(data: Dataset, seed: int) -> tuple[Probe, ...]:
    """Return what is asked at the start and at the end beside the test.

    These are as many demonstrated questions; the held-out pairs' instructions as they were told, of which
    likelihoods alone count; and the test again, any plausible answer being right.
    """
    shown = data.examples[-len(data.questions) :]
    return (
        *_probes(data, shown, EXAMPLE, seed),
        *_probes(data, data.instructions, INSTRUCTION, seed),
        *(
            Probe(
                id=f"{one.pair.id}/{PLAUSIBLE}", prompt=one.prompt, targets=plausible, match="whole",
                fact=one.pair.id, labels=_labels(data, one, PLAUSIBLE, ""),
            )
            for one in data.questions
            if (plausible := data.plausible(one.pair))
        ),
    )  # fmt: skip


def _probes(data: Dataset, asked: Sequence[Asked], what: str, seed: int) -> tuple[Probe, ...]:
    partners = _partners(asked, seed)
    probes = []
    for number, one in enumerate(asked):
        other, name = partners.get(number, (None, ""))
        candidates = () if what == INSTRUCTION else data.plausible(one.pair)
        probes.append(
            Probe(
                id=f"{one.pair.id}/{what}",
                prompt=one.prompt,
                targets=(one.target,),
                fact=one.pair.id,
                candidates=candidates,
                control=None if other is None else asked[other].target,
                chance=1 / len(candidates) if candidates else None,
                match=None if what == INSTRUCTION else "whole",
                labels=_labels(data, one, what, name),
            )
        )
    return tuple(probes)


def _labels(data: Dataset, one: Asked, what: str, partners: str) -> dict[str, str]:
    return {"dataset": data.order, "asked": what, "kind": one.pair.kind, "partners": partners}


def _partners(asked: Sequence[Asked], seed: int) -> dict[int, tuple[int, str]]:
    """Give each question another one of its kind whose answer is its control: `{number: (other, name)}`.

    Two are one another's control, so that each answer is once the right and once the random one: what
    differs between both is which question an answer follows, not which answers are common. One left
    over, or whose answer is the same as that of all others left, has none.
    """
    draw = generator(seed, "control")
    kinds: dict[str, list[int]] = {}
    for number, one in enumerate(asked):
        kinds.setdefault(one.pair.kind, []).append(number)
    partners: dict[int, tuple[int, str]] = {}
    for members in kinds.values():
        left = draw.sample(members, len(members))
        while left:
            first = left.pop()
            other = next((n for n in left if asked[n].target != asked[first].target), None)
            if other is not None:
                left.remove(other)
                name = asked[first].pair.id
                partners |= {first: (other, name), other: (first, name)}
    return partners
