"""The first lines of a page: in plain words, what was asked, of whom, what came out, and what did not."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import prod
from typing import Any, get_args

from obverse.core.claim import Role
from obverse.core.format import count, last_part, number, ranges
from obverse.core.page import Finished, Page
from obverse.report.claims_words import became, ends, trainings
from obverse.report.limits import limits

MOST_NAMES = 4
TOLD = {"holds": 3, "fails": 2, "undecided": 1}  # how many claims of each verdict are told
HEADS = {"holds": "What holds:", "fails": "What fails:", "undecided": "Undecided:"}
VERBS = {
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    "undecided": ("is undecided", "are undecided"),
    "explored": ("is only explored", "are only explored"),
    "not measured": ("was not measured", "were not measured"),
}


def meta(finished: Finished, paper: str | None = None) -> str:
    """Return the line under the title; `paper` replaces the publication that the experiment names."""
    study = finished.study
    parts = [
        study["paper"] if paper is None else paper, _preset(finished),
        count(len(study["models"]), "model"), repeated(finished.runs),
        moment(study["provenance"]["time"]),
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def moment(time: str) -> str:
    """Return a time as it is read, to the minute, without a place to break it; odd ones as they are."""
    try:
        said = f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return time
    return said.replace("-", "\u2011").replace(" ", "\u00a0")


def first(finished: Finished, page: Page) -> dict[str, str]:
    """Return what stands first on a page, by its heading; the experiment's own words where it has any."""
    about = finished.study["about"].strip()
    if about and about[-1] not in ".?!)":
        about += "."
    asked = page.question or about
    found = [page.answer, counted(finished.claims)] if page.answer else outcome(finished.claims)
    said = {
        "Asked": [asked, whom(finished)],
        "Found": found,
        "Not shown": [page.limits, *limits(finished)],
    }
    return {head: " ".join(filter(None, sentences)) for head, sentences in said.items()}


def shortened(text: str, most: int = 500) -> str:
    """Return the first sentences of a text, as many as have at most so many letters; at least one.

    Of claims that are told in a row, each with its numbers in brackets, it is the first ones.
    """
    parts = re.split(r"(?<=[.?!])(?<!et al\.) |(?<=\);) ", text)
    while len(parts) > 1 and len(" ".join(parts)) > most:
        parts.pop()
    said = " ".join(parts)
    return f"{said[:-1]}." if said.endswith(";") else said


def repeated(runs: Sequence[Mapping[str, Any]]) -> str:
    """Say over which seeds models were trained, and which were asked as they are."""
    seeds = sorted({run["seed"] for run in runs if run["trained"]})
    once = len({run["model"] for run in runs if not run["trained"]})
    said = [f"seed{'s' if len(seeds) > 1 else ''} {ranges(seeds)}"] if seeds else []
    if once:
        which = f"{once} asked as {'they are' if once > 1 else 'it is'}" if seeds else "asked as it is"
        said.append(f"{which}, once" if seeds or once == 1 else "each asked as it is, once")
    return "; ".join(said)


def left_out(runs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Return the model, the reason and the number of what was left out; runs of a model agree in that."""
    found = {
        (run["model"], reason): times
        for run in runs
        for reason, times in run["left_out"].items()
        if times
    }
    return [(model, reason, times) for (model, reason), times in found.items()]


def whom(finished: Finished) -> str:
    """Say of which models it was asked, and how often they were trained."""
    names = [model["name"] for model in finished.study["models"]]
    shown = names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], "…", names[-1]]
    who = f"{count(len(names), 'model')} ({', '.join(shown)})"
    variants = len(finished.study["variants"])
    in_variants = f" in {variants} variants" if variants > 1 else ""
    if grid := finished.study["grid"]:
        over = listed([last_part(key) for key in grid])
        in_variants += f" at {count(prod(map(len, grid.values())), 'combination')} of {over}"
    seeds = len({run["seed"] for run in finished.runs if run["trained"]})
    if seeds:
        how = f"{who} trained{in_variants} with {count(seeds, 'seed')}"
    else:
        how = f"{who} asked as {'they are' if len(names) > 1 else 'it is'}{in_variants}"
    return f"Here: {', '.join(part for part in (how, _preset(finished)) if part)}."


def _preset(finished: Finished) -> str:
    """Return the preset; "" of an experiment that was given with its settings."""
    return f"preset {finished.study['preset']}" if finished.study["preset"] else ""


def counted(claims: Sequence[Mapping[str, Any]]) -> str:
    """Say how many claims hold, fail, and are undecided: the primary ones, their controls, the others."""
    of_role = {role: [c for c in claims if c["role"] == role] for role in get_args(Role)}
    if not of_role["primary"]:
        return _counted(claims, "claim")
    explored = len(of_role["explored"])
    sentences = (
        _counted(of_role["primary"], "claim", _why(of_role["primary"])),
        _counted(of_role["control"], "control"),
        f"{explored} more {VERBS['explored'][explored > 1]}." if explored else "",
    )
    return " ".join(filter(None, sentences))


def _why(claims: Sequence[Mapping[str, Any]]) -> str:
    """Return why claims are undecided, if all of them are, for one reason."""
    reasons = {claim["reason"] for claim in claims if became(claim) == "undecided"}
    all_ = all(became(claim) in ("undecided", "not measured") for claim in claims)
    return f": {reasons.pop()}" if all_ and len(reasons) == 1 and "" not in reasons else ""


def _counted(claims: Sequence[Mapping[str, Any]], what: str, why: str = "") -> str:
    if not claims:
        return ""
    found = [became(claim) for claim in claims]
    counts = Counter(found)
    told = [f"{counts[v]} {VERBS[v][counts[v] > 1]}" for v in VERBS if counts[v]]
    if len(told) > 1:
        return f"Of {len(claims)} {what}s {listed(told)}{why}."
    verb = VERBS[found[0]][len(claims) > 1]
    return f"{f'The one {what}' if len(claims) == 1 else f'All {len(claims)} {what}s'} {verb}{why}."


def outcome(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sentences that tell what became of the claims, the surest with their numbers."""
    if not claims:
        return ["There is no claim, and so no verdict; what was measured stands below."]
    sentences = [counted(claims)]
    several = len({claim["model"] for claim in claims}) > 1
    measured = [claim for claim in claims if claim["measured"] is not None]
    asked = [c for c in measured if c["role"] == "primary"] or measured
    decided = any(claim["verdict"] in ("holds", "fails") for claim in asked)
    # A control that holds is no answer; one that fails is a reason not to believe one.
    telling = [c for c in measured if c in asked or (c["role"] == "control" and c["verdict"] == "fails")]
    for verdict in TOLD:
        if verdict == "undecided" and decided:
            break  # such a claim is told only where none was decided
        chosen = [_said(claim, several) for claim in _telling(telling, verdict)]
        if chosen:
            sentences.append(f"{HEADS[verdict]} {'; '.join(chosen)}.")
    return sentences


def _telling(claims: Sequence[Mapping[str, Any]], verdict: str) -> list[Mapping[str, Any]]:
    """Return the surest claims of a verdict in their order: primary ones before controls, and one of each
    text before another model's."""
    claims = [claim for claim in claims if claim["verdict"] == verdict]

    def unsure(claim: Mapping[str, Any]) -> tuple[bool, int, float]:
        seen = [c["text"] for c in claims[: claims.index(claim)]]
        p = claim["p"] if claim["p"] is not None else 1.0
        return claim["role"] != "primary", seen.count(claim["text"]), p

    surest = sorted(claims, key=unsure)[: TOLD[verdict]]
    return [claim for claim in claims if claim in surest]


def _said(claim: Mapping[str, Any], several: bool) -> str:
    text = claim["text"].strip().rstrip(".")
    of = f", {claim['model']}" if several else ""
    unit = f" {claim['unit']}" if claim["unit"] else ""
    met = trainings(claim)
    return f"{text} ({number(claim['measured'])}{unit}{of}{ends(claim)}{'; ' * bool(met)}{met})"


def listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
