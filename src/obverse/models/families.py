"""Families of published models, for scaling trends.

Parameter counts are the published ones, for planning; observations carry the count of the loaded model.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    parameters: int


MILLION = 10**6
PYTHIA_SIZES = (
    ("70m", 70_426_624),
    ("160m", 162_322_944),
    ("410m", 405_334_016),
    ("1b", 1_011_781_632),
    ("1.4b", 1_414_647_808),
    ("2.8b", 2_775_208_960),
    ("6.9b", 6_857_302_016),
    ("12b", 11_846_072_320),
)


def _pythia(suffix: str) -> tuple[Member, ...]:
    return tuple(Member(f"EleutherAI/pythia-{size}{suffix}", n) for size, n in PYTHIA_SIZES)


FAMILIES = {
    "gpt2": (
        Member("openai-community/gpt2", 124 * MILLION),
        Member("openai-community/gpt2-medium", 355 * MILLION),
        Member("openai-community/gpt2-large", 774 * MILLION),
        Member("openai-community/gpt2-xl", 1558 * MILLION),
    ),
    "gpt-neo": (
        Member("EleutherAI/gpt-neo-125m", 125 * MILLION),
        Member("EleutherAI/gpt-neo-1.3B", 1316 * MILLION),
        Member("EleutherAI/gpt-neo-2.7B", 2651 * MILLION),
    ),
    "opt": (
        Member("facebook/opt-125m", 125 * MILLION),
        Member("facebook/opt-350m", 331 * MILLION),
        Member("facebook/opt-1.3b", 1316 * MILLION),
        Member("facebook/opt-2.7b", 2652 * MILLION),
        Member("facebook/opt-6.7b", 6658 * MILLION),
        Member("facebook/opt-13b", 12_853 * MILLION),
        Member("facebook/opt-30b", 29_975 * MILLION),
    ),
    "pythia": _pythia(""),
    "pythia-deduped": _pythia("-deduped"),  # the same sizes, trained on The Pile without duplicates
}
PYTHIA_TOKENS_A_STEP = 2_097_152


def family_of(name: str) -> str | None:
    """Return the family that a published model belongs to, or None.

    Only the members themselves are known, with the name of their owner or (a directory, an old name of
    the hub) without: another model of the same size would be averaged with the published one.
    """
    asked = name.lower()
    for family, members in FAMILIES.items():
        for member in members:
            whole = member.name.lower()
            if asked in (whole, whole.rpartition("/")[2]):
                return family
    return None


def tokens_of(name: str, revision: str | None) -> int | None:
    """Return how many tokens a training checkpoint has seen, where its name tells (Pythia's steps)."""
    step = re.fullmatch(r"step(\d+)", revision or "")
    if step and family_of(name) in ("pythia", "pythia-deduped"):
        return int(step[1]) * PYTHIA_TOKENS_A_STEP
    return None
