"""What a claim needs: claims without which it says nothing, and which hold back its verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from obverse.core.claim import Claim, Finding
from obverse.core.data import Label

MOST_NAMED = 3  # of the claims that one needs and that do not hold
Cell = Mapping[str, Label | None]  # values of columns, by their names
Place = tuple[tuple[str, Label | None], ...]  # a cell as a key
SINCE = "held back, since "  # in a note, before the ids of what holds a claim back


def held_back(
    cells: Iterable[tuple[Cell, Sequence[Claim]]], findings: Sequence[Finding]
) -> list[Finding]:
    """Hold back what has a claim that it needs and that does not hold, in the order of need."""
    known = {(place_of(f.cell), f.claim, f.model): f for f in findings}
    models: dict[tuple[Place, str], list[str]] = {}
    for place, id, model in known:
        models.setdefault((place, id), []).append(model)
    for cell, claims in cells:
        place = place_of(cell)
        for claim in claims:
            for model in models.get((place, claim.id), ()):
                others = [(need, known.get((place, need, model))) for need in claim.needs]
                lacking = [f"{id} {_is(other)}" for id, other in others if _is(other) != "holds"]
                key = place, claim.id, model
                if lacking and known[key].measured is not None:
                    known[key] = _without_verdict(known[key], lacking)
    return list(known.values())


def place_of(cell: Cell) -> Place:
    """Return a cell as a key."""
    return tuple(cell.items())


def _is(finding: Finding | None) -> str:
    if finding is None or finding.measured is None:
        return "is not measured"
    return "is undecided" if finding.verdict == "undecided" else finding.verdict


def _without_verdict(finding: Finding, lacking: Sequence[str]) -> Finding:
    if finding.verdict == "explored":
        return finding
    would = {"holds": "it would hold, and is", "fails": "it would fail, and is"}
    more = len(lacking) - MOST_NAMED
    named = lacking if more <= 0 else [*lacking[:MOST_NAMED], f"{more} more that it needs do not hold"]
    said = f"{would.get(finding.verdict, 'it is')} {SINCE}{' and '.join(named)}"
    return replace(
        finding,
        verdict="undecided",
        note="; ".join(filter(None, (finding.note, said))),
        seeds_needed=None,
    )
