"""Which rows of the observations are meant: a cure, what was asked, and of which facts.

Intervals are over facts and seeds. The few wordings of the questions are the same in all rows, so that
what differs between rows is the cure; of other wordings nothing is said.
"""

import polars as pl

from obverse.core.claim import Estimate
from obverse.experiments.reversal.cures.statements import ASYMMETRIC, ONE_ORDER
from obverse.stats.clustered import ClusteredMean
from obverse.stats.contrast import difference
from obverse.stats.summary import mean

IDENTITY = "a name and a description"  # the facts of which the reverse is true


def final(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the end of training, with two more columns: `kind` (a name and a description, or
    asymmetric) and `gap`, by how much the right answer is likelier than the random one (nats)."""
    asymmetric = pl.col("subset") == ASYMMETRIC
    return rows.filter(pl.col("final")).with_columns(
        pl.when(asymmetric).then(pl.lit(ASYMMETRIC)).otherwise(pl.lit(IDENTITY)).alias("kind"),
        (pl.col("logprob") - pl.col("logprob_control")).alias("gap"),
        # 0: before all other candidates, 1: behind all; a random order has 0.5 on average.
        ((pl.col("rank") - 1) / (pl.col("n_candidates") - 1)).alias("behind"),
    )


def cell(
    rows: pl.DataFrame, cure: str, direction: str, kind: str, told: str | None = None
) -> pl.DataFrame:
    """Return the final rows of a cure in one direction; without `told`, facts told in one order if there
    are any, and otherwise those told in both."""
    some = final(rows).filter(
        pl.col("variant") == cure, pl.col("direction") == direction, pl.col("kind") == kind
    )
    if told is None:
        once = some.filter(pl.col("told") == ONE_ORDER)
        return some if once.is_empty() else once
    return some.filter(pl.col("told") == told)


def share(rows: pl.DataFrame) -> ClusteredMean | None:
    """Return exact match, over facts and seeds."""
    return mean(rows, "exact_match", bounds=(0.0, 1.0))


def gap(rows: pl.DataFrame) -> ClusteredMean | None:
    """Return right minus random log-probability. Two facts whose answers are one another's control share
    everything but whom they follow, so that the pair is the unit."""
    return mean(rows.with_columns(pl.col("pair").alias("fact")), "gap")


def against(
    rows: pl.DataFrame, cure: str, other: str, direction: str, kind: str, metric: str = "exact_match"
) -> Estimate | None:
    """Return a cure minus another, of the same seeds and facts, with seeds as the unit."""
    a, b = (cell(rows, name, direction, kind) for name in (cure, other))
    asked = a.select("seed", "fact", "probe").unique()
    return difference(a, b.join(asked, on=["seed", "fact", "probe"], how="semi"), metric)
