"""What experiment 1 claims, as tests of its observations.

That the same direction is answered, and that likelihoods tell right from random there, are controls:
without them the reverse direction says nothing, since nothing was learnt, or the measure sees nothing.
Primary are the four claims about the reverse, and one about the share of trainings that they are true
of. All speak of wordings like these ten, so that intervals are over prompts too, beside facts and seeds.
"""

from collections.abc import Callable

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Estimate, Within
from obverse.core.format import count
from obverse.experiments.reversal.dataset import SUBSETS
from obverse.experiments.reversal.published import TABLE_1, TABLE_1_MODEL, mean_difference
from obverse.stats.share import Share, share
from obverse.stats.summary import mean

TESTED = SUBSETS[:2]  # of Both, both orders were trained
WORDINGS = ("template",)  # what intervals are over, beside facts and seeds
ASKED = {
    ("NameToDescription", "same"): "description",
    ("NameToDescription", "reverse"): "name",
    ("DescriptionToName", "same"): "name",
    ("DescriptionToName", "reverse"): "description",
}


def claims(accuracy_margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the nine claims: of accuracy and likelihood by subset and direction, and of trainings."""
    return (
        *(_same_accuracy(subset, accuracy_margin) for subset in TESTED),
        *(_same_likelihood(subset, likelihood_margin) for subset in TESTED),
        *(_reverse_accuracy(subset, accuracy_margin) for subset in TESTED),
        _most_trainings(accuracy_margin),
        *(_reverse_likelihood(subset, likelihood_margin) for subset in TESTED),
    )


def _cell(rows: pl.DataFrame, subset: str, direction: str) -> pl.DataFrame:
    return rows.filter(pl.col("final"), pl.col("subset") == subset, pl.col("direction") == direction)


def _same_accuracy(subset: str, margin: float) -> Claim:
    return Claim(
        id=f"accuracy/{subset}/same",
        text=f"{subset}, same: the {ASKED[subset, 'same']} is given more than {_points(margin)} above "
        "chance",
        unit="exact match",
        paper=TABLE_1[subset, "same"].mean,
        source=f"Table 1, {TABLE_1_MODEL}",
        estimate=_accuracy(subset, "same"),
        criterion=lambda rows: Above(_chance(_cell(rows, subset, "same")) + margin),
        role="control",
        hint=NOT_LEARNT,
    )


def _reverse_accuracy(subset: str, margin: float) -> Claim:
    return Claim(
        id=f"accuracy/{subset}/reverse",
        text=f"{subset}, reverse: the {ASKED[subset, 'reverse']} is given less than {_points(margin)} "
        "above chance",
        unit="exact match",
        paper=TABLE_1[subset, "reverse"].mean,
        source=f"Table 1, {TABLE_1_MODEL}",
        estimate=_accuracy(subset, "reverse"),
        criterion=lambda rows: _little(_cell(rows, subset, "reverse"), margin),
        needs=(f"accuracy/{subset}/same",),
    )


def _most_trainings(margin: float) -> Claim:
    """Return the claim that most trainings, each by itself, learn no reverse.

    One for both subsets: six of six trainings have p = 0.0156, which two claims that share the level
    could not show.
    """

    def estimate(rows: pl.DataFrame) -> Share | None:
        met, facts = {}, 0
        for (seed,), of_seed in rows.partition_by("seed", as_dict=True).items():
            cells = [_cell(of_seed, subset, "reverse").drop_nulls("exact_match") for subset in TESTED]
            if all(len(cell) for cell in cells):
                met[seed] = all(_little(c, margin).meets(_mean(c, "exact_match")) for c in cells)
                facts += sum(cell["fact"].n_unique() for cell in cells)
        return share(met, facts)

    return Claim(
        id="accuracy/reverse/most",
        text=f"reverse, in more than half of all trainings: in both subsets less than {_points(margin)} "
        "above chance",
        unit="share of trainings",
        estimate=estimate,
        criterion=Above(0.5),
        needs=tuple(f"accuracy/{subset}/same" for subset in TESTED),
    )


def _same_likelihood(subset: str, margin: float) -> Claim:
    return Claim(
        id=f"likelihood/{subset}/same",
        text=f"{subset}, same: the right {ASKED[subset, 'same']} is likelier than a random one by more "
        f"than {count(margin, 'nat')}",
        unit="Δ log-prob, nats",
        counted="pairs of facts",
        source="not reported",
        estimate=_likelihood(subset, "same"),
        criterion=Above(margin),
        role="control",
        hint=NOT_LEARNT,
    )


def _reverse_likelihood(subset: str, margin: float) -> Claim:
    paper = mean_difference(TABLE_1_MODEL) if subset == "NameToDescription" else None
    return Claim(
        id=f"likelihood/{subset}/reverse",
        text=f"{subset}, reverse: the right {ASKED[subset, 'reverse']} is as likely as a random one, "
        f"within {count(margin, 'nat')}",
        unit="Δ log-prob, nats",
        counted="pairs of facts",
        paper=paper,
        source="not reported" if paper is None else f"Table 3, {TABLE_1_MODEL}",
        estimate=_likelihood(subset, "reverse"),
        criterion=Within(margin),
        needs=(f"likelihood/{subset}/same", f"accuracy/{subset}/same"),
    )


Estimator = Callable[[pl.DataFrame], Estimate | None]


def _accuracy(subset: str, direction: str) -> Estimator:
    return lambda rows: mean(
        _cell(rows, subset, direction), "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS
    )


def _likelihood(subset: str, direction: str) -> Estimator:
    """Return what estimates right minus random log-probability.

    Two facts whose answers are one another's control share everything but whom they follow, so that the
    pair is the unit.
    """

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        cell = _cell(rows, subset, direction).with_columns(
            (pl.col("logprob") - pl.col("logprob_control")).alias("difference"),
            pl.col("pair").alias("fact"),
        )
        return mean(cell, "difference", clusters=WORDINGS)

    return estimate


def _little(cell: pl.DataFrame, margin: float) -> Criterion:
    return Below(_chance(cell) + margin)


def _chance(cell: pl.DataFrame) -> float:
    return _mean(cell.drop_nulls("exact_match"), "chance")


def _mean(rows: pl.DataFrame, column: str) -> float:
    return float(rows[column].cast(pl.Float64).to_numpy().mean())


def _points(margin: float) -> str:
    return count(100 * margin, "point")
