"""What the table claims of each cure, as tests of its observations.

Primary are few: cures that their papers, or the rule that the source has to be a prediction target
(arXiv 2604.04943), predict to work or to fail, that keeping entities whole asserts what does not follow,
and that what hides tokens at all rates knows the reverse in likelihood. Of all other cures
estimates are explored. Controls: untreated, the same direction is learnt and the false reverse is as
likely as a random name; told in both orders, the reverse is answered; and of each row that is claimed to
fail, that it learns the same direction.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Within
from obverse.core.format import count
from obverse.experiments.reversal.cures import reading
from obverse.experiments.reversal.cures.asking import FALSE_REVERSE, REVERSE, SAME
from obverse.experiments.reversal.cures.methods import BY_NAME, NOTHING
from obverse.experiments.reversal.cures.reading import IDENTITY
from obverse.experiments.reversal.cures.statements import ASYMMETRIC
from obverse.stats.largest import Largest, largest

TOLD_TWICE = "both orders, all"
WORKS, FAILS = "works", "fails"
# What is predicted of the reverse direction, and why.
PREDICTED: Mapping[str, tuple[str, str]] = {
    "reversed entities": (WORKS, "the source is recalled from the other entity"),
    "masked fine-tuning": (WORKS, "the source is recalled from the other entity"),
    "identity bridge": (WORKS, "as its paper has it"),
    "both orders, 50 %": (FAILS, "facts told in one order, beside others told in both"),
    "reversed words": (FAILS, "names come out backwards"),
}
WRONG = "reversed entities"  # predicted to assert the false reverse
# Predicted to know the reverse in likelihood (arXiv 2406.05183): they hide any part of a text.
ANY_ORDER = ("masked tokens (MLM-U)", "masked diffusion")
LEARNT = ("same/identity", "same/asymmetric")


def claims(cures: Sequence[str], margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the claims of the rows that there are; those that need a row that is not are left out."""
    made = [*_controls(cures, margin, likelihood_margin)]
    others = [name for name in cures if name != NOTHING]
    made += [_learns(name, margin) for name in others if PREDICTED.get(name, ("",))[0] == FAILS]
    ids = {claim.id for claim in made}
    made += [_cure(name, margin, ids) for name in others if name != TOLD_TWICE]
    made += [_likelier(name, likelihood_margin) for name in others]
    made += [_inverse(name) for name in others]
    if WRONG in cures:
        made.append(_wrong_inference(margin))
    made += [_wrong(name) for name in cures]
    if {WRONG, TOLD_TWICE} <= set(cures):
        made.append(_worse_than_told())
    if len(others) > 1:
        made += [_never_a_target(margin, ids), _recalled()]
    return tuple(made)


def _controls(cures: Sequence[str], margin: float, nats: float) -> list[Claim]:
    made = [
        _above_chance("same/identity", NOTHING, SAME, IDENTITY, margin,
                      "untreated, the same direction of names and descriptions is answered"),
        _above_chance("same/asymmetric", NOTHING, SAME, ASYMMETRIC, margin,
                      "untreated, the same direction of asymmetric relations is answered"),
        Claim(
            id="false reverse/untreated",
            text="untreated, the false reverse is as likely as a random name, "
            f"within {count(nats, 'nat')}",
            unit="Δ log-prob, nats", counted="pairs of facts", role="control",
            estimate=lambda rows: reading.gap(reading.cell(rows, NOTHING, FALSE_REVERSE, ASYMMETRIC)),
            criterion=Within(nats),
        ),
    ]  # fmt: skip
    if TOLD_TWICE in cures:
        made.append(
            _above_chance("reverse/told", TOLD_TWICE, REVERSE, IDENTITY, margin,
                          "told in both orders, the reverse is answered")
        )  # fmt: skip
    return made


def _learns(name: str, margin: float) -> Claim:
    """Return the control that a row learns the same direction, without which it says nothing."""
    return _above_chance(
        f"same/{name}", name, SAME, IDENTITY, margin, f"{name}: the same direction is answered"
    )


def _above_chance(id: str, cure: str, direction: str, kind: str, margin: float, text: str) -> Claim:
    def chance(rows: pl.DataFrame) -> Criterion:
        asked = reading.cell(rows, cure, direction, kind)["chance"].mean()
        assert isinstance(asked, float)
        return Above(asked + margin)

    return Claim(
        id=id, text=f"{text} more than {_points(margin)} above chance", unit="exact match",
        estimate=lambda rows: reading.share(reading.cell(rows, cure, direction, kind)),
        criterion=chance, role="control", hint=NOT_LEARNT,
    )  # fmt: skip


def _cure(name: str, margin: float, ids: set[str]) -> Claim:
    """Return the claim about the reverse direction, against untreated data of the same seeds and facts.

    That a cure fails says nothing unless the reverse can be answered at all, where it was told, and the
    row itself has learnt the same direction.
    """
    predicted, why = PREDICTED.get(name, ("", ""))
    needs = [LEARNT[0]] + ["reverse/told", f"same/{name}"] * (predicted == FAILS)
    cure = BY_NAME[name]
    text = f"{name}: the reverse, against untreated"
    criterion: Criterion | None = None
    if predicted == WORKS:
        text = f"{name}: the reverse is answered more than {_points(margin)} above untreated ({why})"
        criterion = Above(margin)
    elif predicted == FAILS:
        text = f"{name}: the reverse is answered as untreated, within {_points(margin)} ({why})"
        criterion = Within(margin)
    if not set(needs) <= ids:
        criterion = None
    return Claim(
        id=f"cure/{name}", text=text, unit="Δ exact match",
        estimate=lambda rows: reading.against(rows, name, NOTHING, REVERSE, IDENTITY),
        criterion=criterion, role="explored" if criterion is None else "primary",
        needs=() if criterion is None else tuple(needs), paper=cure.claimed,
        source=f"arXiv {cure.source}" if cure.source else "",
    )  # fmt: skip


def _likelier(name: str, nats: float) -> Claim:
    """Return how much likelier the right reverse answer is than a random one, which shows before exact
    match does; a claim where any part of a text is hidden in training."""
    predicted = name in ANY_ORDER
    text = f"{name}, reverse: the right answer is likelier than a random one"
    return Claim(
        id=f"likelihood/{name}", text=f"{text} by more than {count(nats, 'nat')}" if predicted else text,
        unit="Δ log-prob, nats", counted="pairs of facts",
        estimate=lambda rows: reading.gap(reading.cell(rows, name, REVERSE, IDENTITY)),
        criterion=Above(nats) if predicted else None, role="primary" if predicted else "explored",
        source=f"arXiv {BY_NAME[name].source}" if BY_NAME[name].source else "",
    )  # fmt: skip


def _inverse(name: str) -> Claim:
    return Claim(
        id=f"inverse/{name}",
        text=f"{name}: the right inverse of asymmetric relations, against untreated",
        unit="Δ exact match", role="explored",
        estimate=lambda rows: reading.against(rows, name, NOTHING, REVERSE, ASYMMETRIC),
    )  # fmt: skip


def _wrong_inference(margin: float) -> Claim:
    """Return that keeping entities whole asserts the false reverse more often than untreated data does,
    though whom B admires has a right answer, which was told."""
    return Claim(
        id=f"wrong/{WRONG}",
        text=f"{WRONG}: the false reverse is asserted more than {_points(margin)} above untreated",
        unit="Δ exact match", criterion=Above(margin), needs=(LEARNT[1], "false reverse/untreated"),
        estimate=lambda rows: reading.against(rows, WRONG, NOTHING, FALSE_REVERSE, ASYMMETRIC),
    )  # fmt: skip


def _wrong(name: str) -> Claim:
    return Claim(
        id=f"false reverse/{name}", text=f"{name}: the false reverse is asserted", unit="exact match",
        role="explored",
        estimate=lambda rows: reading.share(reading.cell(rows, name, FALSE_REVERSE, ASYMMETRIC)),
    )  # fmt: skip


def _worse_than_told() -> Claim:
    """Return how much more often the false reverse is asserted than where the right inverse is told, in
    sentences that say nothing false: a model may tie two people together whatever the sentence says."""
    return Claim(
        id=f"false reverse/{WRONG}/against told",
        text=f"{WRONG}: the false reverse, against {TOLD_TWICE}", unit="Δ exact match", role="explored",
        estimate=lambda rows: reading.against(rows, WRONG, TOLD_TWICE, FALSE_REVERSE, ASYMMETRIC),
    )  # fmt: skip


def _never_a_target(margin: float, ids: set[str]) -> Claim:
    """Return the claim that no cure teaches the reverse of a fact whose source it never makes a target in
    sight of the other entity (arXiv 2604.04943): the largest row is below the margin."""
    needs = (LEARNT[0], "reverse/told")
    tested = set(needs) <= ids
    return Claim(
        id="targets/never",
        text="where the source is never predicted in sight of the other entity, no row answers the "
        f"reverse {_points(margin)} above untreated",
        unit="Δ exact match", source="arXiv 2604.04943", beside=("targets",),
        estimate=lambda rows, targets: _largest_row(rows, targets, pl.col("from_other") == 0),
        criterion=Below(margin) if tested else None, role="primary" if tested else "explored",
        needs=needs if tested else (),
    )  # fmt: skip


def _recalled() -> Claim:
    return Claim(
        id="targets/recalled",
        text="where the source has to be recalled from the other entity: the reverse against untreated, "
        "in the row where it is most",
        unit="Δ exact match", source="arXiv 2604.04943", beside=("targets",), role="explored",
        estimate=lambda rows, targets: _largest_row(rows, targets, pl.col("recalled") > 0),
    )  # fmt: skip


# Rows that only train less, and one whose entities are told backwards, so that they stand nowhere word
# for word though each of their words is predicted.
NOT_COUNTED = {"nothing, half as long", "reversed words"}


def _largest_row(rows: pl.DataFrame, targets: pl.DataFrame, which: pl.Expr) -> Largest | None:
    """Return the largest over cures of the reverse, minus that of the same facts untreated, of the cures
    that `which` is true of in all facts that are told alike, and in all seeds."""
    keys = ["seed", "fact", "probe"]
    of_rows = targets.filter(pl.col("final")).group_by("variant", "told").agg(which.all().alias("always"))
    known = of_rows.filter("always").select("variant", "told")
    asked = reading.final(rows).filter(pl.col("direction") == REVERSE, pl.col("kind") == IDENTITY)
    untreated = asked.filter(pl.col("variant") == NOTHING).select(
        *keys, pl.col("exact_match").cast(pl.Float64).alias("untreated")
    )
    cured = asked.filter(~pl.col("variant").is_in([NOTHING, *NOT_COUNTED])).join(
        known, on=["variant", "told"], how="semi"
    )
    both = cured.join(untreated, on=keys)
    return largest(both, "exact_match", ["variant"], minus="untreated", bounds=(-1, 1))


def _points(margin: float) -> str:
    return count(100 * margin, "point")
