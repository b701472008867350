"""What is measured of claims: the estimate of all rows, and of each seed's alone."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from obverse.core.claim import Claim, Criterion, Estimate, check_criterion
from obverse.core.errors import ObverseError
from obverse.core.rows import rows_of
from obverse.stats.needs import Cell

TOGETHER = 2**15  # rows that are read at once where each seed's are looked at alone


@dataclass(frozen=True, slots=True)
class Measured:
    """A claim, the model or family and the cell of a grid it was evaluated for, and what came out; None:
    nothing."""

    claim: Claim
    name: str
    trained: bool
    cell: Cell
    estimate: Estimate | None = None
    criterion: Criterion | None = None
    by_seed: Mapping[str, float] | None = None

    @property
    def one_training(self) -> bool:
        """Whether all that was measured is one model that another training would have made otherwise."""
        if self.estimate is None or not self.trained:
            return False
        return self.estimate.n_seeds * getattr(self.estimate, "n_models", 1) < 2

    def p_values(self) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite; NaN where nothing is tested."""
        if self.estimate is None or self.criterion is None or self.one_training:
            return math.nan, math.nan
        return self.criterion.p_values(self.estimate)


def measured_of(
    claims: Sequence[Claim],
    name: str,
    tables: Mapping[str, pl.LazyFrame],
    trained: bool,
    cell: Cell,
) -> list[Measured]:
    """Evaluate claims that are by one kind for one of its names."""
    wanted = dict.fromkeys(of for claim in claims for of in (claim.of, *claim.beside) if of in tables)
    rows = {of: rows_of(tables[of].filter(pl.col(claims[0].by) == name)) for of in wanted}
    found = [_estimated(claim, name, rows, trained, cell) for claim in claims]
    values = _by_seed([one for one in found if one.estimate is not None], rows)
    return [replace(one, by_seed=values.get(one.claim.id)) for one in found]


def _estimated(
    claim: Claim,
    name: str,
    tables: Mapping[str, pl.DataFrame],
    trained: bool,
    cell: Cell,
) -> Measured:
    wanted = (claim.of, *claim.beside)
    rows = [tables[of] for of in wanted if of in tables]
    if len(rows) < len(wanted) or any(table.is_empty() for table in rows):
        return Measured(claim, name, trained, cell)
    try:
        estimate = claim.estimate(*rows)
        if estimate is None:
            return Measured(claim, name, trained, cell)
        criterion = None if claim.role == "explored" else claim.criterion
        criterion = criterion(*rows) if callable(criterion) else criterion
    except Exception as error:
        raise ObverseError(f"the claim {claim.id!r}: {type(error).__name__}: {error}") from error
    if not hasattr(estimate, "p_greater"):
        raise ObverseError(
            f"the claim {claim.id!r}: its estimate is {estimate!r}; expected what mean, difference or "
            "slope return, or None"
        )
    if not math.isfinite(estimate.value):
        raise ObverseError(
            f"the claim {claim.id!r}: its estimate is {estimate.value}; expected a finite number, or "
            "None where nothing was measured"
        )
    if claim.role != "explored":
        check_criterion(claim.id, criterion)
    return Measured(claim, name, trained, cell, estimate, criterion)


def _by_seed(
    measured: Sequence[Measured], tables: Mapping[str, pl.DataFrame]
) -> dict[str, dict[str, float]]:
    """Return by claim its value from each seed's rows alone, without those that give none.

    An estimate that all seeds choose together (the largest of several places) knows them itself.
    """
    found: dict[str, dict[str, float]] = {}
    seeds = {of: table["seed"].drop_nulls().unique().sort().to_list() for of, table in tables.items()}
    alone = []
    for one in measured:
        if (of_seeds := getattr(one.estimate, "of_seeds", None)) is not None:
            found[one.claim.id] = dict(of_seeds)
        elif one.estimate is not None and len(seeds[one.claim.of]) == 1:
            found[one.claim.id] = {str(seeds[one.claim.of][0]): one.estimate.value}
        else:
            found[one.claim.id] = {}
            alone.append(one.claim)
    needed = dict.fromkeys(of for claim in alone for of in (claim.of, *claim.beside))
    for seed, rows in _of_each_seed({of: tables[of] for of in needed}, seeds):
        for claim in alone:
            if rows[claim.of].is_empty():
                continue
            try:
                estimate = claim.estimate(*(rows[of] for of in (claim.of, *claim.beside)))
            except Exception:  # with all seeds it went well; one may lack what the claim compares
                continue
            if estimate is not None and math.isfinite(estimate.value):
                found[claim.id][str(seed)] = estimate.value
    return found


def _of_each_seed(
    tables: Mapping[str, pl.DataFrame], seeds: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, dict[str, pl.DataFrame]]]:
    """Yield each seed's rows of every table. Those of several seeds are read at once."""
    if not tables:
        return
    every = sorted({seed for of in tables for seed in seeds[of]})
    together = max(1, len(every) * TOGETHER // max(1, sum(map(len, tables.values()))))
    for start in range(0, len(every), together):
        some = every[start : start + together]
        here = pl.col("seed").is_between(some[0], some[-1])
        rows = {of: table.filter(here).sort("seed", maintain_order=True) for of, table in tables.items()}
        parts = {of: _divided(table) for of, table in rows.items()}
        for seed in some:
            yield seed, {of: part.get(seed, rows[of].clear()) for of, part in parts.items()}


def _divided(rows: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Return the rows of each seed, by which they are sorted, without copying them."""
    rows, parts, start = rows.rechunk(), dict[int, pl.DataFrame](), 0
    for length, seed in rows["seed"].rle().struct.unnest().iter_rows():
        parts[seed] = rows.slice(start, length)
        start += length
    return parts
