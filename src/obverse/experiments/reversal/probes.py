"""From held-out prompts to probes: who is ranked with whom, and who is whose control."""

from collections.abc import Iterable, Sequence
from typing import Literal

from obverse.core.data import Probe
from obverse.core.seeds import generator
from obverse.experiments.reversal.dataset import HeldOutPrompt
from obverse.experiments.reversal.templates import StatementOrder

Control = Literal["subset", "finetuning_set"]


def to_probes(held_out: Sequence[HeldOutPrompt], control: Control, seed: int) -> list[Probe]:
    """Return one probe a held-out prompt, in their order.

    Candidates and controls are drawn by `seed` from the fact's own subset or from the whole finetuning
    set.
    """
    answers: dict[tuple[str, StatementOrder, int], dict[str, str]] = {}
    for asked in held_out:
        pool = answers.setdefault((_pool(asked, control), asked.order, asked.template), {})
        pool[asked.fact] = asked.answer
    partners = _partners(held_out, control, seed)
    return [
        _probe(asked, answers[_pool(asked, control), asked.order, asked.template], *partners[asked.fact])
        for asked in held_out
    ]


def first_facts(probes: Sequence[Probe], count: int | None) -> tuple[Probe, ...]:
    """Return the probes about the first `count` facts of each subset; None: all."""
    facts: dict[object, dict[str, None]] = {}
    for probe in probes:
        facts.setdefault(probe.labels["subset"], {})[probe.fact] = None
    chosen = {fact for group in facts.values() for fact in list(group)[:count]}
    return tuple(probe for probe in probes if probe.fact in chosen)


def _probe(asked: HeldOutPrompt, answers: dict[str, str], other: str, pair: str) -> Probe:
    """Return the probe of a prompt to which `answers` are those of all facts of its pool."""
    distinct = tuple(dict.fromkeys(answers.values()))
    name = asked.order == "DescriptionToName"
    wrong = answers.get(other)
    far = {} if asked.distance is None else {"distance": asked.distance}
    return Probe(
        id=f"{asked.fact}/{asked.order}/{asked.template}",
        prompt=asked.prompt,
        targets=(asked.answer,),
        fact=asked.fact,
        candidates=distinct if name else (),
        control=wrong if wrong != asked.answer else None,
        chance=1 / len(distinct),
        match="words" if name else "whole",
        labels={
            "subset": asked.subset, "direction": asked.direction, "order": asked.order,
            "template": asked.template, "pair": pair, **far,
        },
    )  # fmt: skip


def _pool(asked: HeldOutPrompt, control: Control) -> str:
    return asked.subset if control == "subset" else "all"


def _partners(
    held_out: Iterable[HeldOutPrompt], control: Control, seed: int
) -> dict[str, tuple[str, str]]:
    """Give each fact another one of its pool as control, in pairs: `{fact: (other, pair's name)}`.

    In a pair each answer is once the right and once the random one, and so is each prompt: what
    differs between right and random is whom an answer follows, not which answers are common.
    Three left over go round in a circle.
    """
    pools: dict[str, dict[str, None]] = {}
    for asked in held_out:
        pools.setdefault(_pool(asked, control), {})[asked.fact] = None
    draw = generator(seed, "control")
    partners: dict[str, tuple[str, str]] = {}
    for members in pools.values():
        facts = list(members)
        draw.shuffle(facts)
        while facts:
            group, facts = (facts[:3], []) if len(facts) == 3 else (facts[:2], facts[2:])
            for fact, other in zip(group, group[1:] + group[:1], strict=True):
                partners[fact] = other, group[0]
    return partners
