"""In what share of trainings something comes out: exact, however few there are.

A mean over three trainings says nothing of the fourth if all three agree: were the reverse learnt in two
trainings of five, three seeds would all show nothing in 0.6³ = 22 % of the cases. A claim about *most
trainings* therefore counts them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl
from scipy import stats

from obverse.core.claim import Above, Claim, Criterion
from obverse.stats.summary import mean
from obverse.stats.tests import ALPHA


@dataclass(frozen=True, slots=True)
class Share:
    """In how many trainings something came out; fulfils the Estimate contract.

    Intervals are Clopper and Pearson's, p-values the binomial test's, so that both are exact or cautious.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    met: int
    n_seeds: int
    n_facts: int = 0

    @property
    def value(self) -> float:
        return self.met / self.n_seeds

    @property
    def se(self) -> float:
        return math.sqrt(self.value * (1 - self.value) / self.n_seeds)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval at `level`."""
        tail = (1 - level) / 2
        low = stats.beta.ppf(tail, self.met, self.n_seeds - self.met + 1) if self.met else 0.0
        missed = self.n_seeds - self.met
        high = stats.beta.ppf(1 - tail, self.met + 1, missed) if missed else 1.0
        return float(low), float(high)

    def p_greater(self, threshold: float) -> float:
        """Return P(X ≥ met) of X binomial with probability `threshold`."""
        return float(stats.binom.sf(self.met - 1, self.n_seeds, threshold))

    def p_less(self, threshold: float) -> float:
        """Return P(X ≤ met) of X binomial with probability `threshold`."""
        return float(stats.binom.cdf(self.met, self.n_seeds, threshold))


def share(met: Mapping[Any, bool], n_facts: int = 0) -> Share | None:
    """Return the share of trainings in which something came out; None without any.

    Args:
        met: for each seed whether it did; `meets` makes it from rows.
        n_facts: how many facts they rest on, for the record.
    """
    return Share(sum(map(bool, met.values())), len(met), n_facts) if met else None


def meets(rows: pl.DataFrame, column: str, criterion: Criterion) -> dict[int, bool]:
    """Return for each seed whether its own mean of `column` meets `criterion`.

    share(meets(rows, "exact_match", Below(0.1))) is the share of trainings that stay below 0.1.
    """
    known = rows.select(column, "fact", "seed").drop_nulls([column, "seed"])
    seeds = known.sort("seed").partition_by("seed", as_dict=True)
    found = {seed: mean(group, column) for (seed,), group in seeds.items()}
    return {seed: criterion.meets(m.value) for seed, m in found.items() if m is not None}


def in_most(claim: Claim, more_than: float = 0.5) -> Claim:
    """Return the claim that goes beside another: that most trainings, each by itself, meet its criterion.

    It is to hold in more than `more_than` of all trainings. With one half, and by itself at the one-sided
    level 0.025, six of six seeds are the fewest that show it; `trainings_for` has other numbers.
    Its id is the other's with "/most", and all else is as the other has it.

    Raises:
        ValueError: if the claim has no criterion, or takes the rows of several measures.
    """
    wanted, estimate = claim.criterion, claim.estimate
    if wanted is None:
        raise ValueError(f"{claim.id}: has no criterion that trainings could meet")

    if claim.beside:
        raise ValueError(f"{claim.id}: takes the rows of several measures")

    def of_trainings(rows: pl.DataFrame) -> Share | None:
        met, facts = {}, 0
        for (seed,), group in rows.drop_nulls("seed").partition_by("seed", as_dict=True).items():
            found = estimate(group)
            if found is not None and math.isfinite(found.value):
                met[seed] = (wanted(group) if callable(wanted) else wanted).meets(found.value)
                facts += found.n_facts
        return share(met, facts)

    part = "half" if more_than == 0.5 else f"{100 * more_than:g} %"
    return replace(
        claim,
        id=f"{claim.id}/most",
        text=f"in more than {part} of all trainings: {claim.text}",
        estimate=of_trainings,
        criterion=Above(more_than),
        unit="share of trainings",
        paper=None,
        source="",
    )


def open_share(missed: int, n_seeds: int, confidence: float = 1 - ALPHA) -> float:
    """Return the upper Clopper–Pearson bound of a share of which `missed` of `n_seeds` were seen."""
    return Share(missed, n_seeds).interval(2 * confidence - 1)[1]
