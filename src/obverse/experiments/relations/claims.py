"""What is claimed of each relation: what is told is learnt, and neither what follows nor what does not.

That what was told is said, and is likelier than a random answer, are controls, of each relation: without
them the others say nothing. Of facts that were told one way, what follows from them (right) and what does
not (wrong) are asked apart, each by exact match and by likelihood. Claimed is what is true over all
relations, with intervals over relations too; of single ones the same numbers are shown, since two dozen
claims that share the level would leave each undecided.
"""

from collections.abc import Callable, Sequence

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Estimate, Role, Within
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
    needs = tuple(claim.id for claim in found if claim.role == "control")
    for asked in ("right", "wrong") if asymmetric else ("right",):
        found += [_never_said(asked, accuracy_margin, needs), _as_likely(asked, likelihood_margin, needs)]
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
        lambda chance: Below(chance + margin), role="explored",
    )  # fmt: skip


def _accuracy(
    relation: str, asked: str, text: str, criterion: Callable[[float], Criterion], role: Role
) -> Claim:  # fmt: skip
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answers = cell(rows, relation, "one way", asked)
        return mean(answers, "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS)

    def limit(rows: pl.DataFrame) -> Criterion:
        return criterion(_chance(cell(rows, relation, "one way", asked)))

    return Claim(
        id=f"accuracy/{relation}/{asked}", text=f"{relation}: {text}", unit="exact match", source=SOURCE,
        estimate=estimate, criterion=limit, role=role, hint=NOT_LEARNT * (role == "control"),
    )  # fmt: skip


def _chance(answers: pl.DataFrame) -> float:
    return float(answers.drop_nulls("exact_match")["chance"].to_numpy().mean())


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
        role="explored",
    )  # fmt: skip


def _likelihood(
    relation: str, asked: str, text: str, criterion: Criterion, role: Role
) -> Claim:  # fmt: skip
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(paired(cell(rows, relation, "one way", asked)), "difference", clusters=WORDINGS)

    return Claim(
        id=f"likelihood/{relation}/{asked}", text=f"{relation}: {text}", unit="Δ log-prob, nats",
        counted="pairs of facts", source=SOURCE, estimate=estimate, criterion=criterion, role=role,
        hint=NOT_LEARNT * (role == "control"),
    )  # fmt: skip


def _never_said(asked: str, margin: float, needs: tuple[str, ...]) -> Claim:
    """Return that of all relations together, hardly anything is said; relations are a unit as well."""

    def answers(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter("final", told="one way", asked=asked)

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(answers(rows), "exact_match", bounds=(0.0, 1.0), clusters=(*WORDINGS, "relation"))

    return Claim(
        id=f"accuracy/all/{asked}", unit="exact match", source=SOURCE, estimate=estimate, needs=needs,
        text=f"all relations, told one way: {SAID[asked]} is said less than {_points(margin)} above "
        "chance",
        criterion=lambda rows: Below(_chance(answers(rows)) + margin),
    )  # fmt: skip


def _as_likely(asked: str, margin: float, needs: tuple[str, ...]) -> Claim:
    """Return that of all relations together, an inference is as likely as a random answer."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answers = paired(rows.filter("final", told="one way", asked=asked))
        return mean(answers, "difference", clusters=(*WORDINGS, "relation"))

    return Claim(
        id=f"likelihood/all/{asked}", unit="Δ log-prob, nats", counted="pairs of facts", source=SOURCE,
        text=f"all relations, told one way: {SAID[asked]} is as likely as a random answer, within "
        f"{count(margin, 'nat')}",
        estimate=estimate, criterion=Within(margin), needs=needs,
    )  # fmt: skip


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
