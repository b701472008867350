"""From claims and observations to findings."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from obverse.core.claim import Claim, Criterion, Estimate, Finding, Verdict
from obverse.stats.power import seeds_needed
from obverse.stats.tests import holm

ALPHA = 0.025  # one-sided, so that verdicts go with 95 % intervals
LEVEL = 0.95


def evaluate(claims: Sequence[Claim], observations: pl.DataFrame) -> list[Finding]:
    """Evaluate every claim for every model or family.

    A claim *holds* if its one-sided p-value, corrected by Holm over all claims and models of the
    study, is below 0.025 and the controls it needs hold; it *fails* if the p-value of its opposite is
    below 0.025; otherwise it is *undecided*.
    """
    measured = [
        (claim, name, claim.measure(observations.filter(pl.col(by) == name)))
        for by in ("model", "family")
        for name in _names(observations, by)
        for claim in claims
        if claim.by == by
    ]
    p_values = [_p_values(measurement) for _, _, measurement in measured]
    for_ = holm([p for p, _ in p_values])
    against = holm([p for _, p in p_values])
    findings = [
        _finding(claim, name, measurement, p, q, ALPHA / len(measured))
        for (claim, name, measurement), p, q in zip(measured, for_, against, strict=True)
    ]
    verdicts = {(f.claim, f.model): f.verdict for f in findings}
    return [
        _with_controls(claim, finding, verdicts)
        for (claim, _, _), finding in zip(measured, findings, strict=True)
    ]


def _names(observations: pl.DataFrame, by: str) -> list[str]:
    return observations[by].drop_nulls().unique(maintain_order=True).to_list()


def _with_controls(claim: Claim, finding: Finding, verdicts: dict[tuple[str, str], Verdict]) -> Finding:
    """Hold back a claim of absence from a model that was not shown to have learnt anything."""
    lacking = [c for c in claim.needs if verdicts[c, finding.model] != "holds"]
    if finding.verdict != "holds" or not lacking:
        return finding
    note = f"its control does not hold: {', '.join(lacking)}"
    return replace(finding, verdict="undecided", note=note)


def _p_values(measurement: tuple[Estimate, Criterion] | None) -> tuple[float, float]:
    if measurement is None:
        return math.nan, math.nan
    estimate, criterion = measurement
    return criterion.p_values(estimate)


def _finding(
    claim: Claim,
    model: str,
    measurement: tuple[Estimate, Criterion] | None,
    p: float,
    p_against: float,
    strictest: float,
) -> Finding:
    verdict: Verdict = "undecided"
    if p < ALPHA:
        verdict = "holds"
    elif p_against < ALPHA:
        verdict = "fails"
    common: dict[str, Any] = {
        "claim": claim.id, "text": claim.text, "model": model, "unit": claim.unit,
        "paper": claim.paper, "source": claim.source,
    }  # fmt: skip
    if measurement is None:
        return Finding(
            **common, measured=None, low=None, high=None, level=LEVEL, criterion="not measured",
            n_facts=0, n_seeds=0, p=None, verdict="undecided",
        )  # fmt: skip
    estimate, criterion = measurement
    low, high = estimate.interval(LEVEL)
    needed = seeds_needed(estimate, criterion, strictest) if verdict == "undecided" else None
    return Finding(
        **common, measured=estimate.value, low=_known(low), high=_known(high), level=LEVEL,
        criterion=str(criterion), n_facts=estimate.n_facts, n_seeds=estimate.n_seeds, p=_known(p),
        verdict=verdict, seeds_needed=needed,
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
