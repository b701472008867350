"""What the demonstration and the prize's task claim, as tests of observations.

The prize ranks tasks by how the loss changes with scale, so each trend is claimed for the loss and for
accuracy. A trend is its change over the whole scale of parameters (or tokens), see `stats.trend`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from obverse.core.claim import Above, Below, Claim, Within
from obverse.core.format import count
from obverse.experiments.repetition.answers import (
    CLUSTERS,
    UNITS,
    apart,
    differences,
    induction_gains,
    zero_shot,
)
from obverse.experiments.repetition.asked import PROPORTION
from obverse.experiments.repetition.slices import Weakest, weakest
from obverse.stats.clustered import ClusteredMean
from obverse.stats.moments import is_last
from obverse.stats.summary import mean
from obverse.stats.trend import change

POST = "Korbak's post on the prize; shown there as a figure"
CONTROLS = {"follow": "told to follow", "none": "instruction removed"}
AS_OFTEN = {
    "follow": "told to follow the pattern instead, it breaks it as often",
    "none": "with the instruction removed, it breaks the pattern as often",
}
EVERY = {
    "pattern": "at every pattern",
    "template": "with every template",
    "repetitions": "at every number of repetitions",
}
INDUCTION = "induction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Differences that count as none: of accuracy, of loss (nats), and of induction (nats a word)."""

    accuracy: float
    loss: float
    induction: float = 1.0


def claims(margins: Margins, controls: Sequence[str], own_data: bool) -> tuple[Claim, ...]:
    """Return the claims; each is measured for every family of models.

    Args:
        margins: the differences that count as none.
        controls: the conditions asked beside the task, "follow" and "none"; each has its claim.
        own_data: whether the items are the user's own, of which no pattern is known.
    """
    made = [_induction(margins.induction), *_trends(margins, own_data), _chance(own_data)]
    if not own_data:
        made += [*_named(margins), *_slices(), *_contrasts()]
    made += [_sensitivity(control, margins.accuracy) for control in CONTROLS if control in controls]
    made.append(_more_induction())
    return tuple(_of_family(claim, own_data) for claim in made)


def _of_family(claim: Claim, own_data: bool) -> Claim:
    counted = "items" if claim.counted == "facts" else claim.counted
    source = "own data" if own_data else claim.source
    return replace(claim, by="family", counted=counted, source=source)


def _trends(margins: Margins, own_data: bool) -> list[Claim]:
    """Return the claims of inverse scaling, in accuracy and loss, over parameters and tokens."""
    right = "the right class is chosen" if own_data else "the pattern is broken as told"
    made = []
    for scale, more, over in (
        ("parameters", "the larger the model", "all sizes"),
        ("tokens", "the more the largest model has trained", "all its tokens"),
    ):
        made += [
            Claim(
                id=f"accuracy/{scale}",
                text=f"{more}, the less often {right}: accuracy falls by more than "
                f"{margins.accuracy:g} over {over}",
                unit=f"accuracy, change over {over}",
                source=POST,
                estimate=partial(_change, scale=scale, value="correct"),
                criterion=Below(-margins.accuracy),
            ),
            Claim(
                id=f"loss/{scale}",
                text=f"{more}, the higher the loss: it rises by more than "
                f"{count(margins.loss, 'nat')} over {over}",
                unit=f"nats, change over {over}",
                source=POST,
                estimate=partial(_change, scale=scale, value="loss"),
                criterion=Above(margins.loss),
            ),
        ]
    return made


def _chance(own_data: bool) -> Claim:
    return Claim(
        id="accuracy/chance",
        text="the largest model is right less often than by chance",
        unit="accuracy",
        source="not in the post's text",
        estimate=lambda rows: mean(_largest(rows), "correct", bounds=PROPORTION, clusters=CLUSTERS),
        criterion=_below_chance,
    )


def _named(margins: Margins) -> list[Claim]:
    """Return the trends over sizes with the templates alone that name what must not come."""
    where = "also where the instruction names the symbol that must not come,"
    falls = f"accuracy falls by more than {margins.accuracy:g}"
    rises = f"the loss rises by more than {count(margins.loss, 'nat')}"
    return [
        Claim(
            id=f"{name}/parameters/named",
            text=f"{where} {said} over all sizes",
            unit=f"{unit}, change over all sizes",
            source=POST,
            estimate=partial(_change_where_named, value=value),
            criterion=criterion,
        )
        for name, value, said, criterion, unit in (
            ("accuracy", "correct", falls, Below(-margins.accuracy), "accuracy"),
            ("loss", "loss", rises, Above(margins.loss), "nats"),
        )
    ]


def _change_where_named(rows: pl.DataFrame, value: str) -> ClusteredMean | None:
    return _change(rows.filter("names"), "parameters", value)


def _slices() -> list[Claim]:
    """Return that the rise of the loss is there in every slice of the grid."""
    return [
        Claim(
            id=f"loss/every {axis}",
            text=f"the larger the model, the higher the loss {where}: the smallest rise is above 0",
            unit="nats, change over all sizes",
            source=POST,
            estimate=partial(_weakest_rise, axis=axis),
            criterion=Above(0.0),
        )
        for axis, where in EVERY.items()
    ]


def _weakest_rise(rows: pl.DataFrame, axis: str) -> Weakest | None:
    return weakest(zero_shot(rows), axis, "parameters", "loss")


def _contrasts() -> list[Claim]:
    """Return how the largest model does where the undesired symbol is named, against where it is not."""
    return [
        Claim(
            id=f"{name}/named - not named",
            text=f"{name} of the largest model where the instruction names the symbol that must not "
            "come, minus where it does not",
            unit=unit,
            source="not reported",
            estimate=partial(_apart, value=value),
            role="explored",
        )
        for name, value, unit in (("accuracy", "correct", "accuracy"), ("loss", "loss", "nats"))
    ]


def _apart(rows: pl.DataFrame, value: str) -> ClusteredMean | None:
    return apart(_largest(rows), "names", value, (-1.0, 1.0) if value == "correct" else None)


def _induction(margin: float) -> Claim:
    return Claim(
        id=INDUCTION,
        text="the largest model has learnt to copy: each word of a random sequence is likelier the "
        f"second time, by more than {margin:.1f} nats",
        unit="nats a word",
        counted="sequences",
        source="control",
        estimate=lambda rows: mean(induction_gains(rows.filter(_is_largest())), "gain"),
        criterion=Above(margin),
        role="control",
        hint="the largest model has not learnt to copy: train it longer",
    )


def _more_induction() -> Claim:
    return Claim(
        id="induction/parameters",
        text="how much more a model gains from having seen a sequence before (induction), the larger "
        "it is",
        unit="nats a word, change over all sizes",
        counted="sequences",
        source="not reported",
        estimate=lambda rows: change(induction_gains(rows), "parameters", "gain", UNITS),
        role="explored",
    )


def _sensitivity(control: str, margin: float) -> Claim:
    """Return that a model does not heed the instruction; of one that learnt nothing it says nothing."""
    return Claim(
        id=f"sensitivity/{control}",
        text=f"the largest model does not heed the instruction: {AS_OFTEN[control]} (±{margin:g})",
        unit=f"share of patterns broken, told to break minus {CONTROLS[control]}",
        counted="sequences" if control == "none" else "items",
        source="control",
        estimate=partial(_difference, control=control),
        criterion=Within(margin),
        role="control",
        needs=(INDUCTION,),
    )


def _difference(rows: pl.DataFrame, control: str) -> ClusteredMean | None:
    table = differences(rows.filter(_is_largest()), control)
    return mean(table, "correct", bounds=(-1.0, 1.0), clusters=CLUSTERS)


def _change(rows: pl.DataFrame, scale: str, value: str) -> ClusteredMean | None:
    return change(zero_shot(rows), scale, value, UNITS, PROPORTION if value == "correct" else None)


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
