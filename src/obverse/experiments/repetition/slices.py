"""Whether a trend is there at every pattern, with every template, at every number of repetitions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from obverse.experiments.repetition.answers import UNITS
from obverse.experiments.repetition.asked import PROPORTION
from obverse.stats.clustered import ClusteredMean
from obverse.stats.trend import change


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakest:
    """The smallest of several levels' changes; fulfils the Estimate contract.

    That every level's change is above a threshold is shown if each is by itself (an intersection–union
    test, which needs no correction); that some level's is below it, if one is after Bonferroni's
    correction over levels. The interval belongs to these two tests: its lower end is the lowest of the
    levels' own, its upper end the lowest of the levels' at a level divided by their number.

    Attributes:
        levels: the axis's levels, and their `changes`.
        n_facts, n_seeds: of all levels together.
    """

    levels: tuple[str, ...]
    changes: tuple[ClusteredMean, ...]
    n_facts: int
    n_seeds: int

    @property
    def level(self) -> str:
        """The level with the smallest change."""
        return self.levels[self._place]

    @property
    def value(self) -> float:
        return self.changes[self._place].value

    @property
    def se(self) -> float:
        return self.changes[self._place].se

    @property
    def n_models(self) -> int:
        """Over how many models the trends speak."""
        return min(one.n_models for one in self.changes)

    @property
    def _place(self) -> int:
        return min(range(len(self.changes)), key=lambda i: self.changes[i].value)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the smallest of the true changes."""
        tail = 1 - level
        low = min(one.interval(level)[0] for one in self.changes)
        high = min(one.interval(1 - tail / len(self.changes))[1] for one in self.changes)
        return (math.nan, math.nan) if self._unknown else (low, high)

    def p_greater(self, threshold: float) -> float:
        """Return the one-sided p-value for: all true changes are above `threshold`."""
        return math.nan if self._unknown else max(one.p_greater(threshold) for one in self.changes)

    def p_less(self, threshold: float) -> float:
        """Return the one-sided p-value for: some true change is below `threshold`."""
        smallest = min(one.p_less(threshold) for one in self.changes)
        return math.nan if self._unknown else min(1.0, len(self.changes) * smallest)

    @property
    def _unknown(self) -> bool:
        return any(math.isnan(one.se) for one in self.changes)


def changes(rows: pl.DataFrame, axis: str, scale: str, value: str) -> dict[str, ClusteredMean]:
    """Return how much `value` changes over a scale at each level of `axis`, as in `stats.trend.change`.

    Levels at which nothing was measured are left out.
    """
    units = [unit for unit in UNITS if unit != axis]
    found = {
        str(level): change(group, scale, value, units, PROPORTION if value == "correct" else None)
        for (level,), group in rows.drop_nulls(axis).sort(axis).group_by([axis], maintain_order=True)
    }
    return {level: one for level, one in found.items() if one is not None}


def weakest(rows: pl.DataFrame, axis: str, scale: str, value: str) -> Weakest | None:
    """Return the smallest change over a scale among the levels of `axis`; None with fewer than two."""
    found = changes(rows, axis, scale, value)
    return _weakest(found, rows) if len(found) > 1 else None


def _weakest(found: dict[str, ClusteredMean], rows: pl.DataFrame) -> Weakest:
    parts: Sequence[ClusteredMean] = list(found.values())
    return Weakest(
        levels=tuple(found), changes=tuple(parts), n_facts=rows["fact"].n_unique(),
        n_seeds=max(one.n_seeds for one in parts),
    )  # fmt: skip
