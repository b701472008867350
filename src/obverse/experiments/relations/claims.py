"""What is claimed of each relation: what is told is learnt, and neither what follows nor what does not.

That what was told is said, and is likelier than a random answer, are controls: without them the others
say nothing. Of facts that were told one way, what follows from them (right) and what does not (wrong) are
asked apart, each by exact match and by likelihood.
"""

from collections.abc import Callable, Sequence

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Role, Within
from obverse.core.format import count
from obverse.stats.summary import mean

WORDINGS = ("opening",)  # what intervals are over, beside facts and seeds
SOURCE = "section 4.1, future work"
SAID = {
    "right": "what follows",
    "wrong": "what does not follow",
    "in order": "what follows in the order that was told",
}


def claims(
    relations: Sequence[str],
    asymmetric: Sequence[str],
    ordered: Sequence[str],
    accuracy_margin: float,
    likelihood_margin: float,
) -> tuple[Claim, ...]:
    """Return the claims of each relation.

    Args:
        asymmetric: the relations that have a wrong inference.
        ordered: those of which something follows in the order that was told as well.
    """
    found: list[Claim] = []
    for relation in relations:
        found += [_learnt(relation, accuracy_margin), _told_apart(relation, likelihood_margin)]
        for asked in ("right", "wrong") if relation in asymmetric else ("right",):
            found += [
                _not_said(relation, asked, accuracy_margin),
                _not_likelier(relation, asked, likelihood_margin),
            ]
    for asked in ("right", "wrong") if asymmetric else ("right",):
        found += [_over_all(asked, "exact_match"), _over_all(asked, "difference")]
    found += [_shown(relation, "one way", "in order") for relation in ordered]
    for relation in relations:
        both = ("right", "wrong") if relation in asymmetric else ("right",)
        found += [_shown(relation, "both ways", what) for what in both]
    return tuple(found)


def cell(rows: pl.DataFrame, relation: str, told: str, asked: str) -> pl.DataFrame:
    """Return the answers to one kind of question at the end of training."""
    return rows.filter("final", relation=relation, told=told, asked=asked)


def paired(rows: pl.DataFrame) -> pl.DataFrame:
    """Return right − random log-probability as `difference`, with pairs of facts as the unit.

    Two facts whose answers are one another's control share everything but whom the answers follow.
    """
    return rows.with_columns(
        (pl.col("logprob") - pl.col("logprob_control")).alias("difference"), pl.col("pair").alias("fact")
    )


def _learnt(relation: str, margin: float) -> Claim:
    return _accuracy(
        relation, "as told", f"what was told is said, more than {_points(margin)} above chance",
        lambda chance: Above(chance + margin), role="control",
    )  # fmt: skip


def _not_said(relation: str, asked: str, margin: float) -> Claim:
    return _accuracy(
        relation, asked, f"{SAID[asked]} is said less than {_points(margin)} above chance",
        lambda chance: Below(chance + margin), needs=(f"accuracy/{relation}/as told",),
    )  # fmt: skip


def _accuracy(
    relation: str, asked: str, text: str, criterion: Callable[[float], Criterion], role: Role = "primary",
    needs: tuple[str, ...] = (),
) -> Claim:  # fmt: skip
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answers = cell(rows, relation, "one way", asked)
        return mean(answers, "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS)

    def limit(rows: pl.DataFrame) -> Criterion:
        known = cell(rows, relation, "one way", asked).drop_nulls("exact_match")
        return criterion(float(known["chance"].to_numpy().mean()))

    return Claim(
        id=f"accuracy/{relation}/{asked}", text=f"{relation}: {text}", unit="exact match", source=SOURCE,
        estimate=estimate, criterion=limit, role=role, needs=needs,
    )  # fmt: skip


def _told_apart(relation: str, margin: float) -> Claim:
    return _likelihood(
        relation, "as told",
        f"what was told is likelier than a random answer by more than {count(margin, 'nat')}",
        Above(margin), role="control",
    )  # fmt: skip


def _not_likelier(relation: str, asked: str, margin: float) -> Claim:
    return _likelihood(
        relation, asked,
        f"{SAID[asked]} is as likely as a random answer, within {count(margin, 'nat')}", Within(margin),
        needs=(f"accuracy/{relation}/as told", f"likelihood/{relation}/as told"),
    )  # fmt: skip


def _likelihood(
    relation: str, asked: str, text: str, criterion: Criterion, role: Role = "primary",
    needs: tuple[str, ...] = (),
) -> Claim:  # fmt: skip
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(paired(cell(rows, relation, "one way", asked)), "difference", clusters=WORDINGS)

    return Claim(
        id=f"likelihood/{relation}/{asked}", text=f"{relation}: {text}", unit="Δ log-prob, nats",
        counted="pairs of facts", source=SOURCE, estimate=estimate, criterion=criterion, role=role,
        needs=needs,
    )  # fmt: skip


def _over_all(asked: str, metric: str) -> Claim:
    """Return what is only shown: all relations together, with the interval over relations as well."""
    accuracy = metric == "exact_match"

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answers = rows.filter("final", told="one way", asked=asked)
        answers = answers if accuracy else paired(answers)
        bounds = (0.0, 1.0) if accuracy else None
        return mean(answers, metric, bounds=bounds, clusters=(*WORDINGS, "relation"))

    return Claim(
        id=f"{'accuracy' if accuracy else 'likelihood'}/all/{asked}",
        text=f"all relations, told one way: {SAID[asked]}",
        unit="exact match" if accuracy else "Δ log-prob, nats",
        counted="facts" if accuracy else "pairs of facts",
        source=SOURCE,
        estimate=estimate,
        role="explored",
    )


def _shown(relation: str, told: str, asked: str) -> Claim:
    """Return what is only shown, with its interval."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answers = cell(rows, relation, told, asked)
        return mean(answers, "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS)

    return Claim(
        id=f"{told}/{relation}/{asked}",
        text=f"{relation}, told {told}: {SAID[asked]} is said",
        unit="exact match",
        source=SOURCE,
        estimate=estimate,
        role="explored",
    )


def _points(margin: float) -> str:
    return count(100 * margin, "point")
