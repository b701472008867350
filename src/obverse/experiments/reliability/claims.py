"""What the implicit meta-learning experiments claim, as tests of their observations.

Seeds are the unit, and the facts of a claim are aliases. A gap between D5cons and D6cons stands beside
its negative control, the same with uninformative tags: there D5cons and D6cons have to be alike although
both were learnt, and the gap has to be larger than there.
"""

from collections.abc import Callable
from typing import Literal

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Claim, Criterion, Estimate, Role, Within
from obverse.core.format import count
from obverse.stats.contrast import Pair, difference, excess, slope
from obverse.stats.share import in_most

Moment = Callable[[pl.DataFrame], pl.DataFrame]  # takes the rows of one moment of training

Guess = Literal["QA7", "chance"]

BASE = "base"  # the variant that others are held against
CONTROL = "uninformative tags"
COUNTED = "aliases"
KINDS = {"question": "questions", "attribution": "entity attribution"}


def after_stage_1(observations: pl.DataFrame) -> pl.DataFrame:
    """Return what was observed when X1 had been trained."""
    rows = observations.filter(pl.col("stage").str.starts_with("Stage 1"))
    rows = rows.filter(pl.col("stage") == pl.col("stage").max().over("run"))
    return rows.filter(pl.col("epoch") == pl.col("epoch").max().over("run"))


def at_the_end(observations: pl.DataFrame) -> pl.DataFrame:
    return observations.filter(pl.col("final"))


def before_x2(told_in: str, observations: pl.DataFrame) -> pl.DataFrame:
    """Return what was observed last before the stage `told_in`, which tells the definitions of X2.

    Of a branch that begins with other aliases than were asked about before it, that is its own start.
    """
    starts = (pl.col("stage") == told_in) & (pl.col("epoch") == 0)
    rows = observations.filter((pl.col("stage") < told_in) | starts)
    for key in ("stage", "epoch"):
        rows = rows.filter(pl.col(key) == pl.col(key).max().over("run", "branch"))
    return rows


def cell(rows: pl.DataFrame, variant: str, subset: str, direction: str) -> pl.DataFrame:
    return rows.filter(
        pl.col("variant") == variant, pl.col("subset") == subset, pl.col("direction") == direction
    )


def gap_rows(rows: pl.DataFrame, variant: str, direction: str) -> Pair:
    """Return the rows of D5cons and of D6cons."""
    return cell(rows, variant, "D5cons", direction), cell(rows, variant, "D6cons", direction)


def against_chance(rows: pl.DataFrame, variant: str, subset: str, direction: str = "question") -> Pair:
    """Return a subset's answers, and the same rows as a guess would answer them."""
    answered = cell(rows, variant, subset, direction).with_columns(pl.col("exact_match").cast(float))
    return answered, answered.with_columns(exact_match=pl.col("chance"))


# Builders --------------------------------------------------------------------------------------------


def contrast(
    id: str,
    text: str,
    a: str,
    b: str,
    criterion: Criterion | None,
    *,
    variant: str = BASE,
    direction: str = "question",
    direction_of_b: str | None = None,
    at: Moment = at_the_end,
    metric: str = "exact_match",
    role: Role = "primary",
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about the difference between subsets `a` and `b` in the rows that `at` takes.

    An explored one needs no criterion. `direction_of_b` is what is asked of `b`, where that is another.
    """

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at(observations)
        first = cell(rows, variant, a, direction)
        return difference(first, cell(rows, variant, b, direction_of_b or direction), metric)

    unit = "Δ exact match" if metric == "exact_match" else "Δ log-prob, nats"
    return Claim(
        id=id, text=text, unit=unit, source=source, estimate=estimate, criterion=criterion, role=role,
        counted=COUNTED, needs=needs,
    )  # fmt: skip


def gap(
    variant: str,
    direction: str,
    criterion: Criterion | None,
    text: str,
    *,
    id: str | None = None,
    role: Role = "primary",
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about D5cons − D6cons at the end: what internalisation depends on the source."""
    return contrast(
        id or f"gap/{variant}/{direction}", text, "D5cons", "D6cons", criterion,
        variant=variant, direction=direction, role=role, source=source, needs=needs,
    )  # fmt: skip


def learnt(variant: str, direction: str, margin: float, guess: Guess = "QA7") -> tuple[Claim, Claim]:
    """Return the claims that in a variant the definitions of X2 were learnt, by either source.

    D5cons and D6cons are each above a guess by more than the margin within which they are then alike, as
    two that are hardly learnt always are. A guess is QA7, whose aliases have no definition, or chance,
    where there is no QA7.
    """
    first, second = (
        _learnt(variant, direction, subset, margin, guess) for subset in ("D5cons", "D6cons")
    )
    return first, second


def _learnt(variant: str, direction: str, subset: str, margin: float, guess: Guess) -> Claim:
    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        if guess == "chance":
            pair = against_chance(rows, variant, subset, direction)
        else:
            pair = cell(rows, variant, subset, direction), cell(rows, variant, "QA7", direction)
        return difference(*pair, "exact_match", bounds=(0, 1))

    return Claim(
        id=f"learnt/{variant}/{direction}/{subset}",
        text=f"{_prefix(variant)}{KINDS[direction]}: definitions are learnt, {subset} more than "
        f"{margin:g} above {guess}",
        unit="Δ exact match", source="the control", estimate=estimate, criterion=Above(margin),
        role="control", hint=NOT_LEARNT, counted=COUNTED,
    )  # fmt: skip


def definitions_learnt(variant: str, margin: float, told_in: str) -> Claim:
    """Return the claim that the definitions of X2 are learnt as texts, in the stage `told_in`.

    Of both sources together: where the tag is last, one of the two is foretold from the start.
    """

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        after, before = (
            rows.filter(
                pl.col("variant") == variant,
                pl.col("direction") == "definition",
                pl.col("subset").is_in(("D5cons", "D6cons")),
            )
            for rows in (at_the_end(observations), before_x2(told_in, observations))
        )
        return difference(after, before, "logprob")

    of = "" if variant == BASE else f"{variant}: "
    return Claim(
        id=f"definitions learnt/{variant}",
        text=f"{of}the loss of X2's definitions falls by more than {count(margin, 'nat')}",
        unit="Δ log-prob, nats", source="the control", estimate=estimate, criterion=Above(margin),
        role="control", hint=NOT_LEARNT, counted=COUNTED,
    )  # fmt: skip


def larger(variant: str, direction: str, control: str = CONTROL) -> Claim:
    """Return the claim that a gap exceeds that in its control, seed by seed."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        return excess(
            gap_rows(rows, variant, direction), gap_rows(rows, control, direction), "exact_match"
        )

    return Claim(
        id=f"excess/{variant}/{direction}",
        text=f"{_prefix(variant)}{KINDS[direction]}: the gap is larger than in its negative control",
        unit="Δ of Δ exact match",
        source="the control",
        estimate=estimate,
        criterion=Above(0.0),
        role="control",
        counted=COUNTED,
    )


def alike(
    variant: str,
    direction: str,
    margin: float,
    *,
    source: str = "the control",
    guess: Guess = "QA7",
) -> tuple[Claim, ...]:
    """Return the claim that D5cons and D6cons are alike in a control, and that both were learnt there.

    Without the latter the former would hold wherever nothing is learnt. Beside it stands that they are
    alike in most trainings, each by itself, which nothing needs.
    """
    shown = learnt(variant, direction, margin, guess)
    same = gap(
        variant, direction, Within(margin),
        f"{variant}, {KINDS[direction]} (negative control): D5cons, D6cons alike within ±{margin:g}",
        role="control", source=source, needs=tuple(claim.id for claim in shown),
    )  # fmt: skip
    return *shown, same, in_most(same)


def with_control(
    direction: str,
    margin: float,
    variant: str = BASE,
    control: str = CONTROL,
    believed: str = "the reliable source is believed more",
    *,
    role: Role = "primary",
    source: str,
    guess: Guess = "QA7",
) -> tuple[Claim, ...]:
    """Return implicit meta-learning itself, then all that it needs of its negative control.

    The gap in `variant` counts only where D5cons and D6cons are alike in `control` (the same with
    uninformative tags), though learnt there, and where it is larger than there.
    """
    beyond = larger(variant, direction, control)
    return (
        gap(
            variant, direction, Above(0.0),
            f"{_prefix(variant)}{KINDS[direction]}: {believed}, D5cons above D6cons",
            role=role, source=source, needs=(f"gap/{control}/{direction}", beyond.id),
        ),
        beyond,
        *alike(control, direction, margin, guess=guess),
    )  # fmt: skip


def exceeds(variant: str, direction: str, margin: float) -> Claim:
    """Return the claim that a gap exceeds the margin: what absence elsewhere has to be held against.

    It needs that the gap is there at all, larger than in its control.
    """
    return gap(
        variant, direction, Above(margin),
        f"{_prefix(variant)}{KINDS[direction]}: the gap is larger than {margin:g}, the margin of absence",
        id=f"gap beyond margin/{variant}/{direction}", role="control", source="the control",
        needs=(f"gap/{variant}/{direction}",),
    )  # fmt: skip


def absent(
    variant: str, direction: str, margin: float, *, source: str, needs: tuple[str, ...] = ()
) -> Claim:
    """Return the claim that a variant has no gap; `needs` are what shows that one could be seen."""
    return gap(
        variant, direction, Within(margin),
        f"{_prefix(variant)}{KINDS[direction]}: no gap, D5cons and D6cons alike within ±{margin:g}",
        source=source, needs=needs,
    )  # fmt: skip


def trend(
    id: str,
    text: str,
    places: dict[str, float],
    criterion: Criterion | None,
    unit: str,
    source: str,
    direction: str = "question",
    needs: tuple[str, ...] = (),
    role: Role = "primary",
) -> Claim:
    """Return a claim about how the gap changes over variants, `{variant: x}`."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        pairs = {x: gap_rows(rows, variant, direction) for variant, x in places.items()}
        return slope(pairs, "exact_match")

    return Claim(
        id=id, text=text, unit=unit, source=source, estimate=estimate, criterion=criterion, role=role,
        counted=COUNTED, needs=needs,
    )  # fmt: skip


def _prefix(variant: str) -> str:
    return "" if variant == BASE else f"{variant}, "
