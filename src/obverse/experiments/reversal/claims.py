"""What experiment 1 claims, as tests of its observations."""

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Within
from obverse.experiments.reversal.published import TABLE_1, mean_difference
from obverse.stats.clustered import clustered_mean

ASKED = {
    ("NameToDescription", "same"): "description",
    ("NameToDescription", "reverse"): "name",
    ("DescriptionToName", "same"): "name",
    ("DescriptionToName", "reverse"): "description",
}

Measurement = tuple[Estimate, Criterion] | None


def claims(accuracy_margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the eight claims: accuracy and likelihood, in each subset and direction."""
    return (
        *(
            _accuracy(subset, direction, accuracy_margin)
            for direction in ("same", "reverse")
            for subset in ("NameToDescription", "DescriptionToName")
        ),
        _likelihood("NameToDescription", "reverse", likelihood_margin, mean_difference("GPT-3-175B")),
        _likelihood("DescriptionToName", "reverse", likelihood_margin, None),
        _likelihood("DescriptionToName", "same", likelihood_margin, None),
        _likelihood("NameToDescription", "same", likelihood_margin, None),
    )


def _cell(observations: pl.DataFrame, subset: str, direction: str) -> pl.DataFrame:
    return observations.filter(
        pl.col("final"), pl.col("subset") == subset, pl.col("direction") == direction
    )


def _accuracy(subset: str, direction: str, margin: float) -> Claim:
    def measure(observations: pl.DataFrame) -> Measurement:
        rows = _cell(observations, subset, direction).drop_nulls("exact_match")
        if rows.is_empty():
            return None
        chance = float(rows["chance"].to_numpy().mean())
        accuracy = clustered_mean(
            rows["exact_match"].cast(pl.Float64).to_numpy(),
            rows["fact"].to_list(),
            rows["seed"].to_list(),
            bounds=(0.0, 1.0),
        )
        criterion = (Above if direction == "same" else Below)(chance + margin)
        return accuracy, criterion

    points = f"{100 * margin:g} points"
    wording = f"more than {points} above" if direction == "same" else f"less than {points} above"
    return Claim(
        id=f"accuracy/{subset}/{direction}",
        text=f"{subset}, {direction}: the {ASKED[subset, direction]} is given {wording} chance",
        unit="exact match",
        paper=TABLE_1[subset, direction][0],
        source="Table 1, GPT-3-175B",
        measure=measure,
        needs=() if direction == "same" else (f"accuracy/{subset}/same",),
    )


def _likelihood(subset: str, direction: str, margin: float, paper: float | None) -> Claim:
    def measure(observations: pl.DataFrame) -> Measurement:
        rows = _cell(observations, subset, direction).drop_nulls(["logprob", "logprob_control"])
        if rows.is_empty():
            return None
        # Two facts whose answers are one another's control share everything but whom they follow.
        difference = clustered_mean(
            (rows["logprob"] - rows["logprob_control"]).to_numpy(),
            rows["pair"].to_list(),
            rows["seed"].to_list(),
        )
        return difference, (Above(0.0) if direction == "same" else Within(margin))

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
        source="Table 3, GPT-3-175B" if paper is not None else "not reported",
        measure=measure,
        needs=() if direction == "same" else (f"likelihood/{subset}/same",),
    )
