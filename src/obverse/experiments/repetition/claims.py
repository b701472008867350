"""What the demonstration and the prize's task claim, as tests of observations.

The trend over models is summed up by its change over the whole scale of parameters (or tokens).
"""

from collections.abc import Callable, Sequence

import polars as pl

from obverse.core.claim import Above, Below, Claim, Within
from obverse.experiments.repetition.answers import (
    CLUSTERS,
    UNITS,
    differences,
    induction_gains,
    zero_shot,
)
from obverse.stats.clustered import ClusteredMean
from obverse.stats.moments import is_last
from obverse.stats.summary import mean
from obverse.stats.trend import change

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
            unit="accuracy, over all sizes",
            source="own data" if own_data else PRIZE,
            estimate=lambda rows: _change(zero_shot(rows), "parameters", "correct"),
            criterion=Below(0.0),
            by="family",
        ),
        Claim(
            id="accuracy/tokens",
            text=f"the more the largest model has trained, the less often {right}",
            unit="accuracy, over all tokens",
            source="own data" if own_data else "not reported",
            estimate=lambda rows: _change(zero_shot(rows), "tokens", "correct"),
            criterion=Below(0.0),
            by="family",
        ),
        Claim(
            id="accuracy/chance",
            text="the largest model is right less often than by chance",
            unit="accuracy",
            source="own data" if own_data else PRIZE,
            estimate=lambda rows: mean(_largest(rows), "correct", bounds=(0.0, 1.0), clusters=CLUSTERS),
            criterion=_below_chance,
            by="family",
        ),
        Claim(
            id="induction/parameters",
            text="the larger the model, the more it gains from having seen a sequence before (induction)",
            unit="nats a word, over all sizes",
            source="not reported",
            estimate=lambda rows: _change(induction_gains(rows), "parameters", "gain"),
            criterion=Above(0.0),
            by="family",
        ),
        *(_sensitivity(control, margin) for control in CONTROLS if control in controls),
    )


def _sensitivity(control: str, margin: float) -> Claim:
    return Claim(
        id=f"sensitivity/{control}",
        text=f"the accuracy of the largest model is the same {CONTROLS[control]}",
        unit=f"accuracy, told to break the pattern minus {CONTROLS[control].removeprefix('when ')}",
        source="control",
        estimate=_difference(control),
        criterion=Within(margin),
        by="family",
    )


def _difference(control: str) -> Callable[[pl.DataFrame], ClusteredMean | None]:
    def estimate(rows: pl.DataFrame) -> ClusteredMean | None:
        table = differences(rows.filter(_is_largest()), control)
        return mean(table, "correct", bounds=(-1.0, 1.0), clusters=CLUSTERS)

    return estimate


def _change(rows: pl.DataFrame, scale: str, value: str) -> ClusteredMean | None:
    return change(rows, scale, value, UNITS, (0.0, 1.0) if value == "correct" else None)


def _below_chance(rows: pl.DataFrame) -> Below:
    answered = _largest(rows).drop_nulls("correct")
    return Below(float(answered["chance"].to_numpy().mean()))


def _largest(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the task's items as the largest model answers them at its last moment."""
    return zero_shot(rows.filter(_is_largest()))


def _is_largest() -> pl.Expr:
    """Return whether a row is of the last moment of a family's largest model."""
    # The largest of all: every size has a last moment.
    return is_last() & (pl.col("parameters") == pl.col("parameters").max())
