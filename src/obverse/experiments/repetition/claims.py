"""What the demonstration and the prize's task claim, as tests of observations.

The trend over models is summed up by one number an item: the slope of its score per factor of ten in
parameters (or tokens). `stats.trend` gives the full verdict on the shape for the report.
"""

from collections.abc import Sequence

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Within
from obverse.stats.answers import differences, zero_shot
from obverse.stats.moments import is_last
from obverse.stats.summary import table_mean
from obverse.stats.trend import item_slopes

Measurement = tuple[Estimate, Criterion] | None
PRIZE = "Inverse Scaling Prize; shown there as a figure"
CONTROLS = {"follow": "when told to follow the pattern", "none": "with the instruction removed"}


def claims(margin: float, controls: Sequence[str], own_data: bool) -> tuple[Claim, ...]:
    """Return the claims; each is measured for every family of models.

    Args:
        margin: a difference of accuracy that counts as none.
        controls: the conditions asked beside the task, "follow" and "none"; each has its claim.
        own_data: whether the items are the user's own, of which no pattern is known.
    """
    right = "the right class is chosen" if own_data else "the pattern is broken as told"
    return (
        Claim(
            id="accuracy/parameters",
            text=f"the larger the model, the less often {right} (inverse scaling)",
            unit="accuracy per tenfold parameters",
            paper=None,
            source="own data" if own_data else PRIZE,
            measure=lambda o: _slope(o, "parameters", "correct", Below(0.0)),
            by="family",
        ),
        Claim(
            id="accuracy/tokens",
            text=f"the more the largest model has trained, the less often {right}",
            unit="accuracy per tenfold tokens",
            paper=None,
            source="own data" if own_data else "not reported",
            measure=lambda o: _slope(o, "tokens", "correct", Below(0.0)),
            by="family",
        ),
        Claim(
            id="accuracy/chance",
            text="the largest model is right less often than by chance",
            unit="accuracy",
            paper=None,
            source="own data" if own_data else PRIZE,
            measure=_below_chance,
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
        *(_sensitivity(control, margin) for control in CONTROLS if control in controls),
    )


def _sensitivity(control: str, margin: float) -> Claim:
    def measure(observations: pl.DataFrame) -> Measurement:
        table = differences(_largest(observations), control).drop_nulls("correct")
        if table.is_empty():
            return None
        return table_mean(table, "correct", (-1.0, 1.0)), Within(margin)

    return Claim(
        id=f"sensitivity/{control}",
        text=f"the accuracy of the largest model is the same {CONTROLS[control]}",
        unit=f"accuracy, told to break the pattern minus {CONTROLS[control].removeprefix('when ')}",
        paper=None,
        source="control",
        measure=measure,
        by="family",
    )


def _slope(observations: pl.DataFrame, scale: str, value: str, criterion: Criterion) -> Measurement:
    slopes = item_slopes(observations, scale, value)
    if slopes is None:
        return None
    return table_mean(slopes, "slope"), criterion


def _below_chance(observations: pl.DataFrame) -> Measurement:
    rows = zero_shot(_largest(observations)).drop_nulls("correct")
    if rows.is_empty():
        return None
    chance = float(rows["chance"].to_numpy().mean())
    return table_mean(rows, "correct", (0.0, 1.0)), Below(chance)


def _largest(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the observations of the largest model at its last moment."""
    return observations.filter(is_last()).filter(pl.col("parameters") == pl.col("parameters").max())
