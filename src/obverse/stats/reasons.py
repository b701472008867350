"""Why a claim is undecided, or a control fails: one plain line, with what to do about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from obverse.core.claim import Claim, Finding
from obverse.core.format import count, span
from obverse.stats.needs import Cell, Place, place_of

Key = tuple[Place, str, str]  # cell, claim, model


def explained(
    cells: Iterable[tuple[Cell, Sequence[Claim]]], findings: Sequence[Finding]
) -> list[Finding]:
    """Return findings, each that needs one with its reason."""
    known = {(place_of(f.cell), f.claim, f.model): f for f in findings}
    claims = {(place_of(cell), claim.id): claim for cell, some in cells for claim in some}
    return [replace(finding, reason=_reason(key, known, claims)) for key, finding in known.items()]


def _reason(key: Key, known: Mapping[Key, Finding], claims: Mapping[tuple[Place, str], Claim]) -> str:
    place, id, _ = key
    finding, claim = known[key], claims[place, id]
    if finding.measured is None or finding.verdict in ("holds", "explored"):
        return ""
    if finding.verdict == "fails":
        return (claim.hint or "what needs this control has no verdict") if _is_control(finding) else ""
    lacking = list(_lacking(key, known, claims))
    if not lacking:
        return _of_itself(finding, claim)
    if any(k not in known or known[k].measured is None for k in lacking):
        return "its control was not measured"
    unmet = [k for k in lacking if not _met(known[k])]
    if not unmet:
        seeds = _seeds(known[lacking[0]], ": ", " seeds would do")
        return f"its control is undecided{seeds}"
    hints = [claims[place, id].hint for _, id, _ in unmet]
    return next(filter(None, hints), "its control is not met")


def _lacking(
    key: Key, known: Mapping[Key, Finding], claims: Mapping[tuple[Place, str], Claim]
) -> Iterator[Key]:
    """Yield what holds a claim back in the end: needs that do not hold, and lack nothing themselves."""
    place, id, model = key
    for need in claims[place, id].needs:
        other = (place, need, model)
        if other not in known or known[other].measured is None:
            yield other
        elif known[other].verdict != "holds":
            yield from list(_lacking(other, known, claims)) or [other]


def _of_itself(finding: Finding, claim: Claim) -> str:
    """Return why a claim that nothing holds back is undecided."""
    if finding.p is None:
        return "one training says nothing of others: take more seeds"
    if finding.note:  # lost to the correction
        does = "fails" if "would fail" in finding.note else "holds"
        among = count(finding.family, "claim")
        return f"by itself it {does}, among {among} not yet{_seeds(finding, ': ')}"
    if not _met(finding):
        more = ": take more seeds" if finding.trained else ""
        return claim.hint or f"not met, which may be chance{more}"
    if not finding.trained:
        return f"too few {finding.counted}: the interval is too wide"
    return f"too few seeds{_seeds(finding, ': ', ' would show it')}"


def _seeds(finding: Finding, before: str, behind: str = " seeds") -> str:
    """Return how many seeds would show a claim, if that is known; "" if not."""
    return f"{before}{span(*finding.seeds_needed)}{behind}" if finding.seeds_needed else ""


def _met(finding: Finding) -> bool:
    """Return whether the measured value is what the criterion asks for: then p is below one half.

    The p of a claim that fails is that of its opposite.
    """
    return finding.verdict != "fails" and (finding.p is None or finding.p < 0.5)


def _is_control(finding: Finding) -> bool:
    return finding.role == "control"
