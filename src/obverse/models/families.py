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
    "pythia": (
        Member("EleutherAI/pythia-70m", 70_426_624),
        Member("EleutherAI/pythia-160m", 162_322_944),
        Member("EleutherAI/pythia-410m", 405_334_016),
        Member("EleutherAI/pythia-1b", 1_011_781_632),
        Member("EleutherAI/pythia-1.4b", 1_414_647_808),
        Member("EleutherAI/pythia-2.8b", 2_775_208_960),
        Member("EleutherAI/pythia-6.9b", 6_857_302_016),
        Member("EleutherAI/pythia-12b", 11_846_072_320),
    ),
}
PYTHIA_TOKENS_A_STEP = 2_097_152


def family_of(name: str) -> str | None:
    """Return the family a model's name belongs to, or None. The tuned `opt-iml` is not `opt`."""
    base = name.rsplit("/", 1)[-1].lower()
    return next((f for f in FAMILIES if re.match(rf"{re.escape(f)}(-(?!iml)|$)", base)), None)


def tokens_of(name: str, revision: str | None) -> int | None:
    """Return how many tokens a training checkpoint has seen, where its name tells (Pythia's steps)."""
    step = re.fullmatch(r"step(\d+)", revision or "")
    if step and family_of(name) == "pythia":
        return int(step[1]) * PYTHIA_TOKENS_A_STEP
    return None
