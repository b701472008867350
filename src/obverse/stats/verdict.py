"""From claims and observations to findings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from obverse.core.claim import Claim, Criterion, Estimate, Finding, Verdict
from obverse.core.errors import ObverseError
from obverse.stats.power import seeds_needed
from obverse.stats.tests import holm

ALPHA = 0.025  # one-sided, so that verdicts go with 95 % intervals
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Measured:
    """A claim, the model or family it was evaluated for, and what came out; None: nothing."""

    claim: Claim
    name: str
    estimate: Estimate | None = None
    criterion: Criterion | None = None
    by_seed: Mapping[str, float] | None = None

    def p_values(self) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite."""
        if self.estimate is None or self.criterion is None:
            return math.nan, math.nan
        return self.criterion.p_values(self.estimate)


def evaluate(claims: Sequence[Claim], tables: Mapping[str, pl.DataFrame]) -> list[Finding]:
    """Evaluate every claim for every model or family.

    A claim *holds* if its one-sided p-value is below 0.025 and the controls it needs hold. It *fails*
    if the p-value of its opposite is below 0.025. Otherwise it is *undecided*. Both p-values are
    corrected by Holm over all claims and models of the study.

    Args:
        claims: of the experiment.
        tables: the rows of each measure, by its name. A claim whose measure is not there, or has no
            rows of a model, counts as not measured.
    """
    measured = [
        _measured(claim, name, tables.get(claim.of))
        for by in ("model", "family")
        for name in _names(tables, by)
        for claim in claims
        if claim.by == by
    ]
    p_values = [one.p_values() for one in measured]
    for_ = holm([p for p, _ in p_values])
    against = holm([p for _, p in p_values])
    findings = [
        _finding(one, p, q, ALPHA / len(measured))
        for one, p, q in zip(measured, for_, against, strict=True)
    ]
    verdicts = {(f.claim, f.model): f.verdict for f in findings}
    return [
        _with_controls(one.claim, finding, verdicts)
        for one, finding in zip(measured, findings, strict=True)
    ]


def _names(tables: Mapping[str, pl.DataFrame], by: str) -> list[str]:
    """Return the models or families of all tables, in the order in which they come."""
    names = [table[by].drop_nulls().unique(maintain_order=True) for table in tables.values()]
    return list(dict.fromkeys(name for column in names for name in column))


def _measured(claim: Claim, name: str, table: pl.DataFrame | None) -> _Measured:
    if table is None:
        return _Measured(claim, name)
    rows = table.filter(pl.col(claim.by) == name)
    try:
        estimate = None if rows.is_empty() else claim.estimate(rows)
        if estimate is None:
            return _Measured(claim, name)
        criterion = claim.criterion(rows) if callable(claim.criterion) else claim.criterion
    except Exception as error:
        raise ObverseError(f"the claim {claim.id!r}: {type(error).__name__}: {error}") from error
    if not hasattr(estimate, "p_greater"):
        raise ObverseError(
            f"the claim {claim.id!r}: its estimate is {estimate!r}; expected what mean, difference or "
            "slope return, or None"
        )
    return _Measured(claim, name, estimate, criterion, _by_seed(claim, rows, estimate))


def _by_seed(claim: Claim, rows: pl.DataFrame, estimate: Estimate) -> dict[str, float]:
    """Return the claim's value from each seed's rows alone, without those that give none."""
    seeds = rows["seed"].drop_nulls().unique().sort().to_list()
    if len(seeds) == 1:
        return {str(seeds[0]): estimate.value}
    values = {}
    for seed in seeds:
        try:
            alone = claim.estimate(rows.filter(pl.col("seed") == seed))
        except Exception:  # with all seeds it went well; one may lack what the claim compares
            continue
        if alone is not None and math.isfinite(alone.value):
            values[str(seed)] = alone.value
    return values


def _with_controls(
    claim: Claim, finding: Finding, verdicts: Mapping[tuple[str, str], Verdict]
) -> Finding:
    """Hold back a claim of absence from a model that was not shown to have learnt anything."""
    lacking = [c for c in claim.needs if verdicts.get((c, finding.model)) != "holds"]
    if finding.verdict != "holds" or not lacking:
        return finding
    note = f"its control does not hold: {', '.join(lacking)}"
    return replace(finding, verdict="undecided", note=note)


def _finding(one: _Measured, p: float, p_against: float, strictest: float) -> Finding:
    claim, estimate, criterion = one.claim, one.estimate, one.criterion
    common: dict[str, Any] = {
        "claim": claim.id, "text": claim.text, "model": one.name, "unit": claim.unit,
        "paper": claim.paper, "source": claim.source, "level": LEVEL,
    }  # fmt: skip
    if estimate is None or criterion is None:
        return Finding(
            **common, measured=None, low=None, high=None, criterion="not measured", n_facts=0,
            n_seeds=0, p=None, verdict="undecided",
        )  # fmt: skip
    verdict: Verdict = "undecided"
    if p < ALPHA:
        verdict = "holds"
    elif p_against < ALPHA:
        verdict = "fails"
    low, high = estimate.interval(LEVEL)
    needed = seeds_needed(estimate, criterion, strictest) if verdict == "undecided" else None
    return Finding(
        **common, measured=estimate.value, low=_known(low), high=_known(high), criterion=str(criterion),
        n_facts=estimate.n_facts, n_seeds=estimate.n_seeds, p=_known(p), verdict=verdict,
        by_seed=one.by_seed or {}, seeds_needed=needed,
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
