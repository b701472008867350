"""What the implicit meta-learning experiments claim, as tests of their observations."""

from collections.abc import Callable

import polars as pl

from obverse.core.claim import Above, Claim, Criterion, Estimate, Within
from obverse.stats.contrast import difference, excess, slope

BASE = "base"  # the variant that others are held against
CONTROL = "uninformative tags"
KINDS = {"question": "questions", "attribution": "entity attribution"}


def after_stage_1(observations: pl.DataFrame) -> pl.DataFrame:
    """Return what was observed when X1 had been trained."""
    rows = observations.filter(pl.col("stage").str.starts_with("Stage 1"))
    rows = rows.filter(pl.col("stage") == pl.col("stage").max().over("run"))
    return rows.filter(pl.col("epoch") == pl.col("epoch").max().over("run"))


def at_the_end(observations: pl.DataFrame) -> pl.DataFrame:
    return observations.filter(pl.col("final"))


def cell(rows: pl.DataFrame, variant: str, subset: str, direction: str) -> pl.DataFrame:
    return rows.filter(
        pl.col("variant") == variant, pl.col("subset") == subset, pl.col("direction") == direction
    )


def gap_rows(rows: pl.DataFrame, variant: str, direction: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of D5cons and of D6cons."""
    return cell(rows, variant, "D5cons", direction), cell(rows, variant, "D6cons", direction)


def contrast(
    id: str,
    text: str,
    a: str,
    b: str,
    criterion: Criterion,
    *,
    variant: str = BASE,
    direction: str = "question",
    at: Callable[[pl.DataFrame], pl.DataFrame] = at_the_end,
    metric: str = "exact_match",
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about the difference between subsets `a` and `b` in the rows that `at` takes."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at(observations)
        return difference(cell(rows, variant, a, direction), cell(rows, variant, b, direction), metric)

    unit = "Δ exact match" if metric == "exact_match" else "Δ log-prob, nats"
    return Claim(
        id=id, text=text, unit=unit, source=source, estimate=estimate, criterion=criterion, needs=needs
    )


def gap(
    variant: str,
    direction: str,
    criterion: Criterion,
    text: str,
    *,
    source: str,
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about D5cons − D6cons at the end: what internalisation depends on the source."""
    return contrast(
        f"gap/{variant}/{direction}", text, "D5cons", "D6cons", criterion,
        variant=variant, direction=direction, source=source, needs=needs,
    )  # fmt: skip


def trend(
    id: str,
    text: str,
    places: dict[str, float],
    criterion: Criterion,
    unit: str,
    source: str,
    direction: str = "question",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about how the gap changes over variants, `{variant: x}`."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        pairs = {x: gap_rows(rows, variant, direction) for variant, x in places.items()}
        return slope(pairs, "exact_match")

    return Claim(
        id=id, text=text, unit=unit, source=source, estimate=estimate, criterion=criterion, needs=needs
    )


def main(
    *, margin: float, loss_margin: float, attribution: bool, qa3: bool, told: bool
) -> tuple[Claim, ...]:
    """Return the claims of Figures 2, 3 and 8, with the negative control.

    Args:
        margin, loss_margin: exact match and nats within which two subsets count as alike.
        attribution: whether there are questions about which entity is meant.
        qa3: whether there are aliases without definitions in Stage 1.
        told: whether definitions are trained, and not only read before questions.
    """
    kinds = ("question", "attribution") if attribution else ("question",)
    return (
        *_stage_1(qa3),
        *(c for kind in kinds for c in with_control(kind, margin)),
        *([_losses_alike(loss_margin)] if told else []),
    )


def _stage_1(qa3: bool) -> tuple[Claim, ...]:
    if not qa3:
        return (
            contrast(
                "stage 1/D1cons-D2incons", "after Stage 1, D1cons above D2incons",
                "D1cons-QA1", "D2incons-QA2", Above(0.0), at=after_stage_1, source="Figure 5",
            ),
        )  # fmt: skip
    return (
        contrast(
            "stage 1/D1cons-QA3", "after Stage 1, true definitions help: D1cons above QA3",
            "D1cons-QA1", "QA3", Above(0.0), at=after_stage_1, source="Figure 2",
        ),
        contrast(
            "stage 1/QA3-D2incons", "after Stage 1, false definitions hurt: QA3 above D2incons",
            "QA3", "D2incons-QA2", Above(0.0), at=after_stage_1, source="Figure 2",
        ),
    )  # fmt: skip


def _losses_alike(margin: float) -> Claim:
    return contrast(
        "loss/definition", "both kinds of definition are learnt alike: loss of D5cons and D6cons",
        "D5cons", "D6cons", Within(margin), direction="definition", metric="logprob",
        source="Figure 8", needs=(f"gap/{BASE}/question",),
    )  # fmt: skip


def with_control(
    direction: str,
    margin: float,
    variant: str = BASE,
    control: str = CONTROL,
    believed: str = "the reliable source is believed more",
) -> tuple[Claim, Claim, Claim]:
    """Return implicit meta-learning itself, and its absence where the tags of X1 say nothing.

    The gap holds only if there is none in the control, and if it exceeds what is there seed by seed.
    """
    kind = KINDS[direction]
    beyond = f"excess/{variant}/{direction}"
    return (
        gap(
            variant, direction, Above(0.0),
            f"{_prefix(variant)}{kind}: {believed}, D5cons above D6cons",
            source="Figure 3", needs=(f"gap/{control}/{direction}", beyond),
        ),
        _excess(beyond, variant, control, direction),
        gap(
            control, direction, Within(margin),
            f"{control}, {kind} (negative control): D5cons and D6cons alike",
            source="Figure 4a, α = 0.5",
        ),
    )  # fmt: skip


def _excess(id: str, variant: str, control: str, direction: str) -> Claim:
    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        return excess(
            gap_rows(rows, variant, direction), gap_rows(rows, control, direction), "exact_match"
        )

    return Claim(
        id=id,
        text=f"{_prefix(variant)}{KINDS[direction]}: the gap is larger than in its negative control",
        unit="Δ of Δ exact match",
        source="the control",
        estimate=estimate,
        criterion=Above(0.0),
    )


def absent(variant: str, direction: str, margin: float, needs: str, source: str) -> Claim:
    """Return the claim that there is no gap in a variant, held back without `needs`."""
    return gap(
        variant, direction, Within(margin), f"{_prefix(variant)}{KINDS[direction]}: no gap",
        source=source, needs=(needs,),
    )  # fmt: skip


def _prefix(variant: str) -> str:
    return "" if variant == BASE else f"{variant}, "
