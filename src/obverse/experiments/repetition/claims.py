"""What the demonstration and the prize's task claim, as tests of observations.

The trend over models is summed up by one number an item: the slope of its score per factor of ten in
parameters (or tokens). `stats.trend` gives the full verdict on the shape for the report.
"""

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Within
from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.trend import correct, item_slopes

Measurement = tuple[Estimate, Criterion] | None


def claims(margin: float) -> tuple[Claim, ...]:
    """Return the claims; each is measured for every family of models."""
    return (
        Claim(
            id="accuracy/parameters",
            text="the larger the model, the less often the pattern is broken as told (inverse scaling)",
            unit="accuracy per tenfold parameters",
            paper=None,
            source="Inverse Scaling Prize; shown there as a figure",
            measure=lambda o: _slope(o, "parameters", "correct", Below(0.0)),
            by="family",
        ),
        Claim(
            id="accuracy/tokens",
            text="the more the largest model has trained, the less often the pattern is broken as told",
            unit="accuracy per tenfold tokens",
            paper=None,
            source="not reported",
            measure=lambda o: _slope(o, "tokens", "correct", Below(0.0)),
            by="family",
        ),
        Claim(
            id="induction/parameters",
            text="the larger the model, the more it gains from having seen a sequence before (induction)",
            unit="nats a word per tenfold parameters",
            paper=None,
            source="not reported",
            measure=lambda o: _slope(o, "parameters", "gain", Above(0.0)),
            by="family",
        ),
        Claim(
            id="sensitivity",
            text="the accuracy of the largest model is the same when told to follow the pattern",
            unit="accuracy, with the instruction minus told to follow",
            paper=None,
            source="control",
            measure=lambda o: _sensitivity(o, margin),
            by="family",
        ),
    )


def _slope(observations: pl.DataFrame, scale: str, value: str, criterion: Criterion) -> Measurement:
    slopes = item_slopes(observations, scale, value)
    if slopes is None:
        return None
    return _over_items(slopes, "slope"), criterion


def _sensitivity(observations: pl.DataFrame, margin: float) -> Measurement:
    zero = observations.filter(pl.col("final"), pl.col("subset") == "suppression", pl.col("shots") == 0)
    largest = zero.filter(pl.col("parameters") == pl.col("parameters").max())
    tokens = pl.col("tokens").fill_null(0)
    last = largest.filter(tokens == tokens.max()).with_columns(correct().alias("correct"))
    wide = last.pivot(
        "condition",
        index=["fact", "seed", "pattern", "template"],
        values="correct",
        aggregate_function="mean",
    )
    if not {"against", "follow"} <= set(wide.columns):
        return None
    wide = wide.drop_nulls(["against", "follow"]).with_columns(
        (pl.col("against") - pl.col("follow")).alias("difference")
    )
    if wide.is_empty():
        return None
    return _over_items(wide, "difference"), Within(margin)


def _over_items(table: pl.DataFrame, value: str) -> ClusteredMean:
    return clustered_mean(
        table[value].to_numpy(),
        table["fact"].to_list(),
        table["seed"].to_list(),
        also=[table["pattern"].to_list(), table["template"].to_list()],
    )
