"""What experiment 1 claims, as tests of its observations."""

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Within
from obverse.experiments.reversal.published import TABLE_1, TABLE_1_MODEL, mean_difference
from obverse.stats.summary import mean

ASKED = {
    ("NameToDescription", "same"): "description",
    ("NameToDescription", "reverse"): "name",
    ("DescriptionToName", "same"): "name",
    ("DescriptionToName", "reverse"): "description",
}


def claims(accuracy_margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the eight claims: accuracy and likelihood, in each subset and direction."""
    return (
        *(
            _accuracy(subset, direction, accuracy_margin)
            for direction in ("same", "reverse")
            for subset in ("NameToDescription", "DescriptionToName")
        ),
        _likelihood("NameToDescription", "reverse", likelihood_margin, mean_difference(TABLE_1_MODEL)),
        _likelihood("DescriptionToName", "reverse", likelihood_margin, None),
        _likelihood("DescriptionToName", "same", likelihood_margin, None),
        _likelihood("NameToDescription", "same", likelihood_margin, None),
    )


def _cell(rows: pl.DataFrame, subset: str, direction: str) -> pl.DataFrame:
    return rows.filter(pl.col("final"), pl.col("subset") == subset, pl.col("direction") == direction)


def _accuracy(subset: str, direction: str, margin: float) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(_cell(rows, subset, direction), "exact_match", bounds=(0.0, 1.0))

    def criterion(rows: pl.DataFrame) -> Criterion:
        answered = _cell(rows, subset, direction).drop_nulls("exact_match")
        chance = float(answered["chance"].to_numpy().mean())
        return (Above if direction == "same" else Below)(chance + margin)

    points = f"{100 * margin:g} points"
    wording = f"more than {points} above" if direction == "same" else f"less than {points} above"
    return Claim(
        id=f"accuracy/{subset}/{direction}",
        text=f"{subset}, {direction}: the {ASKED[subset, direction]} is given {wording} chance",
        unit="exact match",
        paper=TABLE_1[subset, direction].mean,
        source=f"Table 1, {TABLE_1_MODEL}",
        estimate=estimate,
        criterion=criterion,
        needs=() if direction == "same" else (f"accuracy/{subset}/same",),
    )


def _likelihood(subset: str, direction: str, margin: float, paper: float | None) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        # Two facts whose answers are one another's control share everything but whom they follow, so
        # that the pair is the unit.
        cell = _cell(rows, subset, direction).with_columns(
            (pl.col("logprob") - pl.col("logprob_control")).alias("difference"),
            pl.col("pair").alias("fact"),
        )
        return mean(cell, "difference")

    asked = ASKED[subset, direction]
    wording = (
        f"the right {asked} is likelier than a random one (control)"
        if direction == "same"
        else f"the right {asked} is as likely as a random one"
    )
    return Claim(
        id=f"likelihood/{subset}/{direction}",
        text=f"{subset}, {direction}: {wording}",
        unit="Δ log-prob, nats",
        paper=paper,
        source=f"Table 3, {TABLE_1_MODEL}" if paper is not None else "not reported",
        estimate=estimate,
        criterion=Above(0.0) if direction == "same" else Within(margin),
        needs=() if direction == "same" else (f"likelihood/{subset}/same",),
    )
