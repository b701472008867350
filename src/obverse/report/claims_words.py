"""What a page says of its claims: how verdicts were reached, and what stands under each."""

import re
from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any, get_args

from obverse.core.claim import Role
from obverse.core.format import count, interval, number, percent, span, whole
from obverse.stats.needs import SINCE
from obverse.stats.tests import ALPHA

MOST_SEEDS = 12  # whose own values stand under a claim; of more, the smallest and the largest


def how(claims: Sequence[Mapping[str, Any]], looks: int) -> str:
    """Say in one sentence or two how the verdicts of a study were reached."""
    alpha = ALPHA / looks
    family = max((c["family"] for c in claims), default=0)
    controls = sum(c["role"] == "control" and c["tested_at"] is not None for c in claims)
    explored = sum(c["role"] == "explored" for c in claims)
    parts = []
    if controls:
        parts.append(f"{count(controls, 'control')} first, each at the one-sided level {alpha:.2g}")
    if family:
        shared = "at" if family == 1 else "sharing"
        parts.append(f"{count(family, 'primary claim')} {shared} the level {alpha:.2g}"
                     + (" by Holm\u2019s method" if family > 1 else ""))  # fmt: skip
    said = f"Tested: {'; then '.join(parts)}. " if parts else ""
    if looks > 1:
        said += f"The study is looked at {looks} times, and each look has 1/{looks} of {ALPHA:g}. "
    if explored:
        said += f"{count(explored, 'claim')} only explored: estimate and interval, no test. "
    return said + (
        "A claim holds if its p-value is below the level in brackets and all that it needs holds; it "
        "fails if that of its opposite is; else it is undecided."
    )


def in_order(claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return claims with their numbers on the page: what was asked, its controls, what was explored."""
    roles = get_args(Role)
    ordered = sorted(claims, key=lambda claim: roles.index(claim["role"]))
    texts = {claim["claim"]: claim["text"] for claim in claims}
    return [
        {**claim, "place": n, "note": _in_words(claim["note"], texts)}
        for n, claim in enumerate(ordered, 1)
    ]


def _in_words(note: str, texts: Mapping[str, str]) -> str:
    """Return why a claim is held back, what it needs in words: a reader does not know the ids."""
    said, since, needs = note.partition(SINCE)
    ids = "|".join(re.escape(id) for id in sorted(texts, key=len, reverse=True))
    named = re.sub(
        rf"(?:^|(?<= and ))({ids})(?= is | fails)", lambda found: f"“{texts[found[1]]}”", needs
    )
    return said + since + named


def became(claim: Mapping[str, Any]) -> str:
    """Return what became of a claim: its verdict, or that there was nothing to judge it by."""
    return "not measured" if claim["measured"] is None else str(claim["verdict"])


def under(claim: Mapping[str, Any], facts: str) -> str:
    """Return the line under a claim: unit, source, what it rests on, each seed's value."""
    parts = [claim["role"] if claim["role"] != "primary" else "", claim["unit"], claim["source"]]
    if claim["measured"] is None:
        return " · ".join(filter(None, [*parts, "not measured"]))
    counted = facts if claim["counted"] == "facts" else claim["counted"]
    parts.append(f"{whole(claim['n_facts'])} {counted}, {_trained(claim)}")
    parts.append(_seeds(claim["by_seed"]))
    parts.append(trainings(claim))
    if claim["passes_at"] is not None and claim["verdict"] == "holds":
        parts.append(f"would hold even {_bound(claim)}")
    if claim["seeds_needed"]:
        parts.append(f"{span(*claim['seeds_needed'])} seeds would show it with 90 % power")
    return " · ".join(filter(None, parts))


def trainings(claim: Mapping[str, Any]) -> str:
    """Say in how many trainings the criterion was met, and what share of them that leaves open."""
    n = len(claim["by_seed"])
    if claim["meets"] is None or n < 2 or claim["open_share"] is None:
        return ""
    if claim["meets"] == 0:
        return f"met in none of {n} trainings"
    return f"met in {claim['meets']} of {n} trainings; up to {percent(claim['open_share'], 0)} % may not"


def _trained(claim: Mapping[str, Any]) -> str:
    if not claim["trained"]:
        return "asked as it is"
    return f"{claim['n_seeds']} seeds" if claim["n_seeds"] > 1 else "one training"


def _seeds(by_seed: Mapping[str, float]) -> str:
    values = list(by_seed.values())
    if len(values) < 2:
        return ""
    if len(values) > MOST_SEEDS:
        return f"seeds from {number(min(values))} to {number(max(values))}"
    return f"each seed: {', '.join(map(number, values))}"


def _bound(claim: Mapping[str, Any]) -> str:
    """Write with which bound, the tightest, a claim would hold; what is rounded is no tighter."""
    sign = claim["criterion"].split(" ")[0]
    in_thousandths = round(1000 * claim["passes_at"], 6)
    shown = number((floor if sign == ">" else ceil)(in_thousandths) / 1000)
    return f"within ±{shown}" if sign == "within" else f"with {sign} {shown}"


def ends(claim: Mapping[str, Any]) -> str:
    """Return the interval as words, with the paper's number if there is one."""
    paper = "" if claim["paper"] is None else f"; the paper's number: {number(claim['paper'])}"
    if claim["paper_outside"]:
        paper += ", outside the interval"
    known = claim["low"] is not None or claim["high"] is not None
    said = "" if not known else f", 95 % interval {interval(claim['low'], claim['high'])}"
    return said + paper
