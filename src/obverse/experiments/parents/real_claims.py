"""The claims about real people, by what was measured of a model: likelihood, or shares of samples.

Differences are parent minus child, paired by pair. Pairs of the same people are not independent (a
child's mother and father, a parent's children), so that intervals are over relatives.
"""

from dataclasses import dataclass

import polars as pl

from obverse.core.claim import Above, Claim, Estimate
from obverse.experiments.parents.paired import paired
from obverse.stats.summary import mean

RELATIVES = ("relatives",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A number of a table that says how well a person is found.

    Attributes:
        name: of the number, which begins the ids of its claims.
        of: the measure whose table has it.
        value: how it is had from a row.
        unit: in words.
        paper, source: the published difference, and of whom.
    """

    name: str
    of: str
    value: pl.Expr
    unit: str
    paper: float | None = None
    source: str = ""

    @property
    def slug(self) -> str:
        """The name as part of a file's name."""
        return self.name.replace(" ", "-")

    def of_rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with the number as the column `recall`."""
        return rows.with_columns(self.value.cast(pl.Float64).alias("recall"))


LIKELIHOOD = Recall(
    name="likelihood", of="ask", value=pl.col("logprob").exp(), unit="likelihood",
    source="Figure 5, no values",
)  # fmt: skip
SHARE = Recall(
    name="samples", of="sample", value=pl.col("share"), unit="share of samples",
    source="Figure 5, no values",
)  # fmt: skip
ONCE = Recall(
    name="at least once", of="sample", value=pl.col("once"), unit="at least once", paper=0.67,
    source="section 2.2, GPT-4, whose own word the pairs are",
)  # fmt: skip
REPORTED = Recall(name="reported", of="reported", value=pl.col("recall"), unit="as published")
RECALLS = {"likelihood": (LIKELIHOOD,), "samples": (SHARE, ONCE), "reported": (REPORTED,)}


def claims(recalls: tuple[Recall, ...], counted: bool) -> tuple[Claim, ...]:
    """Return for each number that the parent is found more often, and, where mentions are `counted`, that
    this is so of pairs that are mentioned equally often."""
    found: list[Claim] = []
    for recall in recalls:
        found += [_side(recall, "parent"), _side(recall, "child"), _asymmetry(recall)]
        if counted:
            found.append(_matched(recall))
    return tuple(found)


def _side(recall: Recall, asked: str) -> Claim:
    return Claim(
        id=f"{recall.name}/{asked}",
        text=f"the {asked} is found",
        unit=recall.unit,
        counted="pairs",
        of=recall.of,
        estimate=lambda rows: mean(
            recall.of_rows(rows.filter("final", direction=asked)), "recall", bounds=(0, 1),
            clusters=RELATIVES,
        ),
        role="explored",
    )  # fmt: skip


def _asymmetry(recall: Recall) -> Claim:
    return Claim(
        id=f"{recall.name}/asymmetry",
        text="the parent is found from the child more often than the child from the parent",
        unit=f"Δ {recall.unit}",
        counted="pairs",
        paper=recall.paper,
        source=recall.source,
        of=recall.of,
        estimate=lambda rows: _difference(rows.filter("final"), recall),
        criterion=Above(0.0),
    )


def _matched(recall: Recall) -> Claim:
    return Claim(
        id=f"{recall.name}/matched",
        text="the same of pairs whose child and parent are mentioned equally often elsewhere, within a "
        "factor of two",
        unit=f"Δ {recall.unit}",
        counted="pairs",
        source="not published",
        of=recall.of,
        estimate=lambda rows: _difference(rows.filter("final", frequency="equal"), recall),
        criterion=Above(0.0),
    )


def _difference(rows: pl.DataFrame, recall: Recall) -> Estimate | None:
    of_pairs = paired(recall.of_rows(rows), "recall")
    return mean(of_pairs, "difference", bounds=(-1, 1), clusters=RELATIVES)
