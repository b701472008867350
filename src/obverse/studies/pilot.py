"""How many seeds a study takes, from the spread between the seeds of a pilot."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from scipy import stats

from obverse.core.claim import Above, Below, Criterion, Finding, Within
from obverse.core.errors import ObverseError
from obverse.core.format import number, span
from obverse.core.settings import unknown_name
from obverse.stats.power import CONFIDENCE, POWER, seeds_for
from obverse.studies.result import Result


@dataclass(frozen=True, slots=True)
class Needed:
    """How many seeds show a claim if its true value is `effect`, for the likely range of the spread.

    `seeds` is None where no number would do; its upper end is None where that is so of the larger spread.
    """

    claim: str
    text: str
    criterion: str
    effect: float
    spread: tuple[float, float, float]  # as seen, and the ends of its 80 % interval
    seeds: tuple[int, int | None] | None


def seeds_from(pilot: Result, effect: float, *, claim: str | None = None) -> list[Needed]:
    """Return how many seeds show each primary claim of a pilot with 90 % power.

    The level is shared by as many primary claims and looks as the pilot has. The spread is the standard
    deviation of the seeds' own values, with its 80 % interval by χ², since few seeds tell it badly.

    Args:
        effect: the smallest true value that would matter.
        claim: the id of one claim alone.

    Raises:
        ObverseError: if no claim has two seeds or more, there is none of that id, or the effect is no
            number.
    """
    if not math.isfinite(effect):
        raise ObverseError(f"effect {effect}: expected a finite number")
    primary = [f for f in pilot.claims if f.role == "primary"]
    known = [f for f in primary if len(f.by_seed) > 1 and _criterion(f) is not None]
    if claim is not None:
        if claim not in {f.claim for f in primary}:
            raise ObverseError(f"{pilot.out}: {unknown_name(claim, {f.claim for f in primary}, 'claim')}")
        known = [f for f in known if f.claim == claim]
    if not known:
        raise ObverseError(
            f"{pilot.out}: no primary claim was measured with two seeds or more; if another version of "
            "obverse wrote it, run its command again, which evaluates it anew"
        )
    looks = pilot.study["looks"]
    return [_needed(finding, effect, len(primary), looks) for finding in known]


def _needed(finding: Finding, effect: float, claims: int, looks: int) -> Needed:
    values = list(finding.by_seed.values())
    df = len(values) - 1
    seen = statistics.stdev(values)
    low, high = (
        seen * math.sqrt(df / stats.chi2.ppf(q, df)) for q in ((1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2)
    )
    criterion = _criterion(finding)
    assert criterion is not None
    # Seeds that agree in every digit tell that the spread is small, and not how small.
    shared = {"claims": claims, "looks": looks}
    fewest = seeds_for(criterion, effect, low, **shared) if low else 2 * criterion.meets(effect)
    most = seeds_for(criterion, effect, high, **shared) if high else None
    return Needed(
        claim=finding.claim,
        text=f"{finding.whom}: {finding.text}",
        criterion=finding.criterion,
        effect=effect,
        spread=(seen, low, high),
        seeds=(fewest, most) if fewest else None,
    )


def _criterion(finding: Finding) -> Criterion | None:
    kinds: dict[str, type[Above] | type[Below] | type[Within]] = {">": Above, "<": Below, "w": Within}
    kind = kinds.get(finding.criterion[:1])
    return None if kind is None or finding.bound is None else kind(finding.bound)


def table(needed: Sequence[Needed]) -> Table:
    """Return what is needed as a table."""
    made = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1), caption_justify="left",
        caption=f"Seeds with which a claim holds in {100 * POWER:g} of 100 studies or more, if its true "
        "value is the one named; from the ends of the spread's 80 % interval.",
    )  # fmt: skip
    for title in ("claim", "criterion", "if it is", "SD of seeds [80 %]", "seeds"):
        made.add_column(title, justify="left" if title == "claim" else "right")
    for one in needed:
        seen, low, high = (number(value) for value in one.spread)
        seeds = "none would" if one.seeds is None else span(*one.seeds)
        made.add_row(one.text, one.criterion, number(one.effect), f"{seen} [{low}, {high}]", seeds)
    return made
