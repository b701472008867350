"""Two studies, or two models, side by side: paired by seed and fact."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import polars as pl

from obverse.core.claim import Above, Claim, Estimate, Within
from obverse.core.errors import ObverseError
from obverse.core.format import count, named, number
from obverse.core.measure import LEADING
from obverse.core.settings import unknown_name
from obverse.stats.needs import Cell
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate_cells
from obverse.studies.findings import Findings
from obverse.studies.paired import PAIR, pair
from obverse.studies.result import Result
from obverse.studies.sides import Side, restricted, side, values_of

METRICS = ("exact_match", "loss", "logprob")  # of these the first that both have, unless one is named
SHARE = (-1.0, 1.0)
COMPARED = {"run", "model", "family", "seed", "fact", "probe"}  # what makes no groups


def compare(
    a: Result | str | Path,
    b: Result | str | Path,
    *,
    metric: str | None = None,
    margin: float | None = None,
    by: Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    where_a: Mapping[str, object] | None = None,
    where_b: Mapping[str, object] | None = None,
    measure: str = "ask",
) -> Findings:
    """Return how far `a` is above `b`, in each group of rows that both have.

    At the last moment of each run, what both have of the same fact, seed and (where both asked it)
    question is taken from one another, so that what these have in common cancels. Groups are those that
    the experiments' means are taken by, variants, and the cells of grids. All groups share the level
    (Holm), of as many looks as the study that is looked at more often. A model that is asked as it is has
    no seeds of its own, and is held against every seed of the other.

    Args:
        a, b: studies, or their directories; `DIRECTORY:MODEL` takes one of several models, and
            `[COLUMN=VALUE,…]` behind either the rows of these values.
        metric: a numeric column of both; by default exact match, loss or log-probability.
        margin: claim that both are alike within it, and not that `a` is above `b`.
        by: the columns that tell groups apart, instead.
        where: values of columns (None: missing), to which the rows of both are restricted first.
        where_a, where_b: the same of one side alone. A column that is named here makes no groups, so that
            one cell or variant can be compared with another.
        measure: whose table is compared.

    Returns:
        A finding for each group, which its `cell` names. It *holds* if `a` is above `b` (alike within the
        margin) and *fails* if the opposite is shown. `remarks` say what both have, and what is left out.

    Raises:
        ObverseError: if there is no such model, measure, column or value, cells of a grid would be
            averaged, both are the same rows, or there is no seed and fact in common.
    """
    _check_margin(margin)
    first, second = _both(side(a, measure, where_a), side(b, measure, where_b), values_of(where))
    metric = _metric(first, second, metric)
    shares = all(side.rows.schema[metric] == pl.Boolean for side in (first, second))
    if shares and margin is not None and margin >= 1:
        raise ObverseError(f"margin {margin}: shares never differ by more than 1; expected one below it")
    groups = _groups(first, second, by, metric)
    _refuse_averaged(first, second, groups, () if by is None else by)
    _refuse_itself(first, second)
    paired = pair(first, second, metric, groups)
    name = f"{first.name} − {second.name}"
    table = paired.rows.with_columns(model=pl.lit(name), family=pl.lit(None, pl.String))
    clusters = tuple(c for c in first.clusters if c in second.clusters and c in table.columns)
    each = table.group_by(groups, maintain_order=True) if groups else [((), table)]
    cells = [
        (cell, [_claim(cell, rows, metric, margin, shares, clusters)])
        for key, rows in each
        for cell in [dict(zip(groups, key, strict=True))]
    ]
    looks = max(side.result.study["looks"] for side in (first, second))
    asked = [name] if first.as_it_is and second.as_it_is else []
    found = evaluate_cells(cells, {"ask": table}, as_it_is=asked, looks=looks)
    if not (table[PAIR] != 0).any():  # of no difference at all, more seeds show none
        found = [replace(finding, seeds_needed=None) for finding in found]
    return Findings(tuple(found), looks, paired.remarks)


def _check_margin(margin: object) -> None:
    fits = isinstance(margin, int | float) and not isinstance(margin, bool) and 0 < margin < inf
    if margin is not None and not fits:
        raise ObverseError(f"margin {margin!r}: expected a finite number above 0")


def _both(a: Side, b: Side, values: Mapping[str, object]) -> tuple[Side, Side]:
    """Return both sides with the rows that have these values; a column may be one side's alone."""
    sides = [a, b]
    for name, value in values.items():
        having = [n for n, side in enumerate(sides) if name in side.rows.columns]
        if not having:
            known = dict.fromkeys([*a.rows.columns, *b.rows.columns])
            raise ObverseError(unknown_name(name, known, "column"))
        for n in having:
            try:
                sides[n] = restricted(sides[n], name, value)
            except ObverseError as error:
                raise ObverseError(f"{error}; of one side alone: DIR[{name}={value}]") from None
    return sides[0], sides[1]


def _refuse_itself(a: Side, b: Side) -> None:
    if a.result.out.resolve() == b.result.out.resolve() and a.rows.equals(b.rows):
        raise ObverseError(
            f"{a.name}: is compared with itself; expected another study, model (DIR:MODEL), cell or "
            "variant (DIR[COLUMN=VALUE])"
        )


# What is compared, in which groups ------------------------------------------------------------------


def _metric(a: Side, b: Side, wanted: str | None) -> str:
    taken = {*LEADING, *a.axes, *b.axes}
    numeric = [
        [n for n, kind in side.rows.schema.items() if kind.is_numeric() or kind == pl.Boolean]
        for side in (a, b)
    ]
    both = [name for name in numeric[0] if name in numeric[1] and name not in taken]
    measured = [name for name in both if all(side.rows[name].count() for side in (a, b))]
    if not measured:
        raise ObverseError(f"{a.name} and {b.name}: no number was measured in both")
    if wanted is not None and wanted not in both:
        raise ObverseError(unknown_name(str(wanted), both, "number that both have"))
    if wanted is not None and wanted not in measured:
        raise ObverseError(f"{wanted}: was not measured in both; there are: {', '.join(measured)}")
    found = wanted or next((name for name in METRICS if name in measured), None)
    if found is None:
        raise ObverseError(f"metric: expected one of {', '.join(measured)}")
    return found


def _groups(a: Side, b: Side, wanted: Sequence[str] | None, metric: str) -> list[str]:
    """Return the columns in which rows of both are told apart."""
    selected = a.selected | b.selected
    if wanted is None:
        shared = [name for name in dict.fromkeys(a.labels) if name in b.labels and name not in selected]
        return [n for n in shared if any(side.rows[n].drop_nulls().n_unique() > 1 for side in (a, b))]
    texts = {name for name in wanted if isinstance(name, str)}
    if isinstance(wanted, str) or len(texts) < len(wanted):
        raise ObverseError(f"by: expected columns, each once, got {wanted!r}")
    for name in wanted:
        for one in (a, b):
            if name not in one.rows.columns:
                raise ObverseError(f"{one.name}: {unknown_name(name, one.rows.columns, 'column')}")
            known = {*LEADING, *one.result.study["experiment"]["columns"], *one.axes}
            if one.rows.schema[name].is_numeric() and name not in known:
                raise ObverseError(f"by: {name} is a number that was measured, and cannot make groups")
        if name in {*COMPARED, metric}:
            raise ObverseError(f"by: {name} is what is paired or compared, and cannot make groups")
        if name in selected:
            raise ObverseError(f"by: {name} is taken at one value of one side, and cannot make groups")
    return list(wanted)


def _refuse_averaged(a: Side, b: Side, groups: Sequence[str], by: Sequence[str]) -> None:
    """Refuse to average over the cells of a grid, or over what the other side has one value of."""
    for one, other in ((a, b), (b, a)):
        of_other = [] if by else [name for name in one.labels if name in other.selected]
        for name in (*one.axes, *of_other):
            if name not in groups and one.several(name):
                raise ObverseError(
                    f"{one.name}: has several values of {name}; take one, as {one.at(name)}"
                )


def _claim(
    cell: Cell,
    rows: pl.DataFrame,
    metric: str,
    margin: float | None,
    shares: bool,
    clusters: tuple[str, ...],
) -> Claim:
    a, b = (float(rows[name].mean()) for name in (metric, f"{metric}_b"))  # type: ignore[arg-type]

    def estimate(table: pl.DataFrame) -> Estimate | None:
        return mean(table, PAIR, bounds=SHARE if shares else None, clusters=clusters)

    return Claim(
        id=named(cell) or "all",
        text=f"{metric} {number(a)} − {number(b)}, {count(rows['fact'].n_unique(), 'fact')}",
        unit=f"Δ {metric}",
        estimate=estimate,
        criterion=Above(0.0) if margin is None else Within(margin),
    )
