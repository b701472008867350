"""From claims and observations to findings: the one system of verdicts.

α = 0.025, one-sided, so that a verdict about a claim by itself goes with the 95 % interval; a study that
is looked at k times has α / k. Controls are tested first, each at α: a claim needs all of its controls,
and that all of several nulls are rejected at α has level α (an intersection–union test). Primary claims
share α by Holm's method over all that were measured in the study, of every model. Explored claims are
not tested. What a claim needs holds back both of its verdicts, from claim to claim.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from obverse.core.claim import (
    Claim,
    Criterion,
    Estimate,
    Finding,
    Verdict,
    Within,
    in_order,
)
from obverse.core.rows import Table, distinct
from obverse.stats.measured import Measured, measured_of
from obverse.stats.needs import Cell, held_back
from obverse.stats.power import seeds_needed
from obverse.stats.reasons import explained
from obverse.stats.share import open_share
from obverse.stats.tests import ALPHA, holm_levels

LEVEL = 1 - 2 * ALPHA
ONE_TRAINING = "one training: this one model only"


def evaluate(
    claims: Sequence[Claim],
    tables: Mapping[str, Table],
    *,
    as_it_is: Collection[str] | None = None,
    looks: int = 1,
) -> list[Finding]:
    """Evaluate every claim for every model or family (`evaluate_cells`, of one cell)."""
    return evaluate_cells([({}, claims)], tables, as_it_is=as_it_is, looks=looks)


def evaluate_cells(
    cells: Iterable[tuple[Cell, Sequence[Claim]]],
    tables: Mapping[str, Table],
    *,
    as_it_is: Collection[str] | None = None,
    looks: int = 1,
) -> list[Finding]:
    """Evaluate in every cell of a grid its own claims, for every model or family there.

    A claim *holds* if its one-sided p-value is below the level of its test and the claims that it needs
    hold. It *fails* if the p-value of its opposite is below that level, and they hold as well. Otherwise
    it is *undecided*; so is all that one training alone says. An *explored* claim has no verdict.
    Primary claims of all cells share the level; a claim needs others of its own cell.

    Args:
        cells: the values of columns that say which rows are a cell's, and what is claimed of them. A
            study without a grid is one cell of no values.
        tables: the rows of each measure, by its name, or what reads them (`polars.scan_parquet`), so
            that they need not be in memory. A claim whose measure is not there, or has no rows of a
            model, counts as not measured.
        as_it_is: names of the models that do not depend on a training which seeds repeat. By default
            those of one seed that no row shows after a step of training.
        looks: how often the study is looked at; each look has its share of the level.

    Raises:
        ObverseError: if a claim cannot be evaluated, or needs what is not there.
    """
    ordered = [(cell, claims, in_order(claims)) for cell, claims in cells]
    lazy = {name: table.lazy() for name, table in tables.items()}
    asked = _as_it_is(lazy) if as_it_is is None else set(as_it_is)
    measured = [
        one
        for cell, claims, _ in ordered
        for of_cell in [_of_cell(lazy, cell)]
        for kind in ("model", "family")
        if (of_kind := [claim for claim in claims if claim.by == kind])
        for name, models in _names(of_cell, kind).items()
        for one in measured_of(of_kind, name, of_cell, not models <= asked, cell)
    ]
    findings = _tested(measured, ALPHA / looks)
    claimed = [(cell, claims) for cell, _, claims in ordered]
    return explained(claimed, held_back(claimed, findings))


def _of_cell(tables: Mapping[str, pl.LazyFrame], cell: Cell) -> Mapping[str, pl.LazyFrame]:
    """Return the rows of a cell."""
    if not cell:
        return tables
    here = [pl.col(key).eq_missing(pl.lit(value)) for key, value in cell.items()]
    return {name: table.filter(*here) for name, table in tables.items()}


def _names(tables: Mapping[str, pl.LazyFrame], by: str) -> dict[str, set[str]]:
    """Return the models or families of all tables, in the order in which they come, with their models."""
    names: dict[str, set[str]] = {}
    for table in tables.values():
        pairs = table.select(pl.col(by).alias("name"), "model").drop_nulls("name")
        for name, model in distinct(pairs, ["name", "model"]).iter_rows():
            names.setdefault(name, set()).add(model)
    return names


def _as_it_is(tables: Mapping[str, pl.LazyFrame]) -> set[str]:
    step = pl.lit(None, pl.Int64).alias("step")
    rows = [
        table.with_columns(*[step] * ("step" not in table.collect_schema())).select(
            "model", "seed", "step"
        )
        for table in tables.values()
    ]
    if not rows:
        return set()
    of_model = pl.concat(rows).group_by("model").agg(
        (pl.col("step").max().fill_null(0) > 0).alias("trained"), pl.col("seed").n_unique()
    ).collect(engine="streaming")  # fmt: skip
    return set(of_model.filter(~pl.col("trained"), pl.col("seed") < 2)["model"])


def _tested(measured: Sequence[Measured], alpha: float) -> list[Finding]:
    """Return findings before anything is held back."""
    p_values = [one.p_values() for one in measured]
    shared = [n for n, one in enumerate(measured) if one.claim.role == "primary"]
    levels = [(alpha, alpha)] * len(measured)
    of_shared = [holm_levels([p_values[n][side] for n in shared], alpha) for side in (0, 1)]
    for n, for_, against in zip(shared, *of_shared, strict=True):
        levels[n] = for_, against
    family = sum(not math.isnan(p_values[n][0]) for n in shared)
    return [
        _finding(one, p, level, alpha, family)
        for one, p, level in zip(measured, p_values, levels, strict=True)
    ]


def _finding(
    one: Measured, p: tuple[float, float], level: tuple[float, float], alpha: float, family: int
) -> Finding:
    claim, estimate, criterion = one.claim, one.estimate, one.criterion
    common: dict[str, Any] = {
        "claim": claim.id, "text": claim.text, "role": claim.role, "model": one.name, "unit": claim.unit,
        "counted": claim.counted, "paper": claim.paper, "source": claim.source, "level": LEVEL,
        "trained": one.trained, "cell": one.cell,
    }  # fmt: skip
    if estimate is None:
        return Finding(
            **common, measured=None, low=None, high=None, criterion="not measured", n_facts=0,
            n_seeds=0, p=None, verdict="explored" if claim.role == "explored" else "undecided",
        )  # fmt: skip
    low, high = map(_known, estimate.interval(LEVEL))
    outside = None
    if claim.paper is not None and low is not None and high is not None:
        outside = not low <= claim.paper <= high
    finding = Finding(
        **common, measured=estimate.value, low=low, high=high, criterion="", n_facts=estimate.n_facts,
        n_seeds=estimate.n_seeds, p=None, verdict="explored", by_seed=one.by_seed or {},
        paper_outside=outside,
    )  # fmt: skip
    if criterion is None:
        return finding
    verdict, side = _verdict(p, level)
    note = ONE_TRAINING if one.one_training else _lost(verdict, p, level, alpha, family)
    tested = not math.isnan(p[side])
    return replace(
        finding, **_met(one, criterion), criterion=str(criterion), bound=_bound(criterion),
        verdict=verdict, note=note, p=_known(p[side]), tested_at=level[side] if tested else None,
        family=family if tested and claim.role == "primary" else 0,
        passes_at=_passes_at(estimate, criterion, level[0]) if tested else None,
        seeds_needed=seeds_needed(estimate, criterion, level[0])
        if tested and verdict == "undecided" and one.trained else None,
    )  # fmt: skip


def _bound(criterion: Criterion) -> float:
    return criterion.margin if isinstance(criterion, Within) else criterion.threshold


def _passes_at(estimate: Estimate, criterion: Criterion, level: float) -> float | None:
    """Return the tightest threshold, or the smallest margin, with which a claim would hold at `level`.

    None where every value meets that bound, as where an interval is cut at the end of what is possible.
    """
    possible = getattr(estimate, "bounds", None) or (-math.inf, math.inf)
    passes_at = criterion.passed_by(*estimate.interval(1 - 2 * level))
    return None if passes_at == criterion.passed_by(*possible) else _known(passes_at)


def _verdict(p: tuple[float, float], level: tuple[float, float]) -> tuple[Verdict, int]:
    """Return the verdict, and which of both p-values is its own."""
    if p[0] < level[0]:
        return "holds", 0
    return ("fails", 1) if p[1] < level[1] else ("undecided", 0)


def _lost(
    verdict: Verdict, p: tuple[float, float], level: tuple[float, float], alpha: float, family: int
) -> str:
    """Say which verdict a claim would have if it were the study's only one."""
    if verdict != "undecided":
        return ""
    for side, alone in enumerate(("hold", "fail")):
        if p[side] < alpha:
            return (
                f"by itself it would {alone} (p = {p[side]:.3g}, below {alpha:.2g}); among {family} "
                f"primary claims p has to be below {level[side]:.2g}"
            )
    return ""


def _met(one: Measured, criterion: Criterion) -> dict[str, Any]:
    """Return in how many trainings the criterion was met, and what share of them that leaves open.

    Nothing where all seeds chose together what is looked at: there, no seed is judged alone.
    """
    values = (one.by_seed or {}).values()
    if not one.trained or not values or hasattr(one.estimate, "of_seeds"):
        return {}
    met = sum(criterion.meets(value) for value in values)
    return {"meets": met, "open_share": open_share(len(values) - met, len(values))}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
