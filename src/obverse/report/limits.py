"""What a study does not show, as far as that follows from its numbers alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from obverse.core.format import count, percent, whole
from obverse.core.page import Finished
from obverse.stats.needs import SINCE

FEW = 3  # seeds


def limits(finished: Finished) -> list[str]:
    """Return what is said on every page: of whom nothing is known, and what is left open."""
    claims = finished.claims
    return [_others(finished), *filter(None, (_trainings(claims), _undecided(claims), _controls(claims)))]


def _others(finished: Finished) -> str:
    """Say which models this is of, and that it is of no others."""
    known = sorted({run["parameters"] for run in finished.runs if run["parameters"] is not None})
    size = ""
    if known:
        ends = list(dict.fromkeys(_about(size) for size in (known[0], known[-1])))
        size = f" with about {' to '.join(ends)} parameters"
    models = len(finished.study["models"])
    who = f"{count(models, 'model')}{size}" if models > 1 else f"one model{size}"
    return f"This is of {who}: nothing here says that other models, sizes or data would do the same."


def _about(n: int) -> str:
    """Write a number with two digits that count."""
    return whole(round(n, 2 - len(str(n))))


def _trainings(claims: Sequence[Mapping[str, Any]]) -> str:
    """Say how many trainings may come out otherwise, even where all of them agreed."""
    if any(claim["trained"] and claim["n_seeds"] == 1 for claim in claims):
        return "Where there is one training of a model, nothing is said of others."
    agreed = [c for c in claims if c["open_share"] is not None and c["meets"] == len(c["by_seed"]) > 1]
    if not agreed:
        return ""
    fewest = min(agreed, key=lambda claim: len(claim["by_seed"]))
    n, share = len(fewest["by_seed"]), percent(fewest["open_share"], 0)
    all_ = "both" if n == 2 else f"all {n}"
    return f"Even where {all_} trainings agree, up to {share} % of others may not."


def _undecided(claims: Sequence[Mapping[str, Any]]) -> str:
    asked = [c for c in claims if c["role"] == "primary" and c["measured"] is not None]
    n = sum(c["verdict"] == "undecided" for c in asked)
    if not n:
        return ""
    verb, it = ("is", "it") if n == 1 else ("are", "them")
    seeds = max(c["n_seeds"] for c in asked if c["verdict"] == "undecided")
    few = f"; of {count(seeds, 'seed')} little can be decided" if 1 < seeds <= FEW else ""
    return f"{count(n, 'claim')} {verb} undecided, which is no evidence against {it}{few}."


def _controls(claims: Sequence[Mapping[str, Any]]) -> str:
    n = sum(c["role"] == "control" and c["verdict"] != "holds" for c in claims)
    if not n:
        return ""
    verb, it = ("does", "it") if n == 1 else ("do", "them")
    held = any(SINCE in c["note"] for c in claims)
    return f"{count(n, 'control')} {verb} not hold{f': claims that need {it} are held back' * held}."
