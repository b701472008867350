"""What a family of sizes claims: the reverse does not come with size.

A trend is of items that every size was asked: the same facts, by the same prompts. With k doublings of
the parameters between the smallest and the largest size, and a line fitted on log₂ of the parameters,

    slope = (the line's change over the whole family) / k

is the gain for each doubling. It says something only where every size learnt the same order: the
control is about the size that did so worst.
"""

from math import log2

import numpy as np
import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Claim, Estimate, Within
from obverse.core.format import count
from obverse.experiments.reversal.claims import TESTED, WORDINGS
from obverse.experiments.reversal.published import TABLE_3
from obverse.stats.summary import mean
from obverse.stats.trend import UNITS, change

ITEMS = (*UNITS, *WORDINGS)
# Sizes as Table 3 prints them, in billions of parameters.
BILLIONS = {"GPT-3-2.7B": 2.7, "GPT-3-6.7B": 6.7, "GPT-3-13B": 13.0, "GPT-3-175B": 175.0}


def size_claims(
    accuracy_margin: float, likelihood_margin: float, accuracy_slope: float, likelihood_slope: float
) -> tuple[Claim, ...]:
    """Return for each subset the control, the slope in the same order, and two in the reverse."""
    return (
        *(_learnt(subset, accuracy_margin) for subset in TESTED),
        *(_told_apart(subset, likelihood_margin) for subset in TESTED),
        *(_same(subset) for subset in TESTED),
        *(_accuracy(subset, accuracy_slope) for subset in TESTED),
        *(_likelihood(subset, likelihood_slope) for subset in TESTED),
    )


def final(rows: pl.DataFrame, subset: str, direction: str) -> pl.DataFrame:
    """Return a cell at the end of training, with right − random log-probability as `difference`."""
    return rows.filter("final", subset=subset, direction=direction).with_columns(
        (pl.col("logprob") - pl.col("logprob_control")).alias("difference")
    )


def sizes(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each model one number of parameters, the mean over its seeds.

    A tokenizer that is made from a seed's own texts makes a model a little larger or smaller.
    """
    known = rows.drop_nulls("parameters")
    return known.with_columns(
        pl.col("parameters").mean().over("model").round().cast(pl.Int64),
        # All rows are of the end of training, after as many tokens as a seed's texts have.
        pl.lit(None, dtype=pl.Int64).alias("tokens"),
    )


def per_doubling(
    rows: pl.DataFrame, column: str, bounds: tuple[float, float] | None = None
) -> Estimate | None:
    """Return the gain in `column` for each doubling of the parameters; None with a single size."""
    rows = sizes(rows)
    if rows["parameters"].n_unique() < 2:
        return None
    least, most = (float(n) for n in np.sort(rows["parameters"].to_numpy())[[0, -1]])
    doublings = log2(most / least)
    scaled = rows.with_columns(pl.col(column).cast(pl.Float64) / doublings)
    low_high = None if bounds is None else (bounds[0] / doublings, bounds[1] / doublings)
    return change(scaled, "parameters", column, ITEMS, low_high)


def _worst(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the rows of the size in which the mean of `column` is lowest."""
    groups = rows.drop_nulls(column).partition_by("model", maintain_order=True)
    return min(groups, key=lambda g: float(g[column].cast(pl.Float64).to_numpy().mean()), default=rows)


def _learnt(subset: str, margin: float) -> Claim:
    def cell(rows: pl.DataFrame) -> pl.DataFrame:
        return _worst(final(rows, subset, "same"), "exact_match")

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(cell(rows), "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS)

    return Claim(
        id=f"worst/accuracy/{subset}",
        text=f"{subset}, same, the size that does it worst: more than {count(100 * margin, 'point')} "
        "above chance",
        unit="exact match", source="not reported by size", estimate=estimate, by="family", role="control",
        hint=NOT_LEARNT,
        criterion=lambda rows: Above(float(cell(rows)["chance"].drop_nulls().to_numpy().mean()) + margin),
    )  # fmt: skip


def _told_apart(subset: str, margin: float) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(_pairs(_worst(final(rows, subset, "same"), "difference")), "difference",
                    clusters=WORDINGS)  # fmt: skip

    return Claim(
        id=f"worst/likelihood/{subset}",
        text=f"{subset}, same, the size that does it worst: the right answer is likelier than a random "
        f"one by more than {count(margin, 'nat')}",
        unit="Δ log-prob, nats", counted="pairs of facts", source="not reported", estimate=estimate,
        by="family", role="control", hint=NOT_LEARNT, criterion=Above(margin),
    )  # fmt: skip


def _same(subset: str) -> Claim:
    return Claim(
        id=f"slope/accuracy/{subset}/same", text=f"{subset}, same: exact match changes with size by",
        unit="Δ exact match per doubling", source="not reported by size", by="family", role="explored",
        estimate=lambda rows: per_doubling(final(rows, subset, "same"), "exact_match", (0.0, 1.0)),
    )  # fmt: skip


def _accuracy(subset: str, margin: float) -> Claim:
    return Claim(
        id=f"slope/accuracy/{subset}/reverse",
        text=f"{subset}, reverse: exact match does not change with size, within ±{margin:g} a doubling",
        unit="Δ exact match per doubling",
        source="flat, says section 4, without numbers by size",
        estimate=lambda rows: per_doubling(final(rows, subset, "reverse"), "exact_match", (0.0, 1.0)),
        criterion=Within(margin), by="family", needs=(f"worst/accuracy/{subset}",),
    )  # fmt: skip


def _likelihood(subset: str, margin: float) -> Claim:
    of_paper = subset == "NameToDescription"
    return Claim(
        id=f"slope/likelihood/{subset}/reverse",
        text=f"{subset}, reverse: right − random log-probability does not change with size, within "
        f"±{margin:g} nats a doubling",
        unit="Δ nats per doubling", counted="pairs of facts",
        paper=published_slope() if of_paper else None,
        source="computed from Table 3" if of_paper else "not reported",
        estimate=lambda rows: per_doubling(_pairs(final(rows, subset, "reverse")), "difference"),
        criterion=Within(margin), by="family",
        needs=(f"worst/accuracy/{subset}", f"worst/likelihood/{subset}"),
    )  # fmt: skip


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Count pairs of facts, whose answers are one another's control, as one."""
    return rows.with_columns(pl.col("pair").alias("fact"))


def published_slope() -> float:
    """Return the slope of right − random over log₂ of the parameters in Table 3, by least squares."""
    x = [log2(BILLIONS[row.model]) for row in TABLE_3]
    return float(np.polyfit(x, [row.correct - row.random for row in TABLE_3], 1)[0])
