"""The claims, on observations whose truth is known."""

from collections.abc import Mapping

import pytest

from obverse.core.claim import Finding
from obverse.experiments.reversal.cures import methods
from obverse.experiments.reversal.cures.claims import claims
from obverse.stats.verdict import evaluate
from tests.unit.experiments.reversal.cures.observations import Truth, tables

# As the papers have it: what makes the source a target works, and keeping entities whole says too much.
PREDICTED = {
    "nothing": Truth(),
    "both orders, all": Truth(reverse=0.8, gap=5, from_other=9, recalled=9, told="both orders"),
    "reversed words": Truth(),
    "reversed entities": Truth(
        reverse=0.6, gap=4, false=0.5, false_gap=4, from_other=9, recalled=9
    ),
    "identity bridge": Truth(reverse=0.4, gap=3),
    "masked fine-tuning": Truth(reverse=0.5, gap=4, from_other=9, recalled=9),
}  # fmt: skip


def findings(truths: Mapping[str, Truth]) -> dict[str, Finding]:
    made = claims(tuple(truths), 0.05, 1.0)
    return {f.claim: f for f in evaluate(made, tables(truths))}


def test_what_is_predicted_holds_where_it_is_so() -> None:
    found = findings(PREDICTED)
    tested = {id: f.verdict for id, f in found.items() if f.role != "explored"}
    never = tested.pop("targets/never")
    assert never != "holds", "an identity bridge that works does without a target"
    assert set(tested.values()) == {"holds"}
    assert {"cure/reversed entities", "cure/reversed words", "false reverse/untreated"} <= set(tested)
    assert found["cure/identity bridge"].measured == pytest.approx(0.4, abs=0.05)
    assert found["false reverse/reversed entities"].measured == pytest.approx(0.5, abs=0.06)
    assert found["wrong/reversed entities"].measured == pytest.approx(0.5, abs=0.06)
    against = found["false reverse/reversed entities/against told"]
    assert against.measured == pytest.approx(0.5, abs=0.06), "told in both orders, nothing false is said"


def test_no_source_that_is_no_target_is_recalled() -> None:
    found = findings(PREDICTED | {"identity bridge": Truth()})
    assert found["targets/never"].verdict == "holds"
    assert found["cure/identity bridge"].verdict == "fails"
    assert found["targets/recalled"].measured == pytest.approx(0.8, abs=0.05), "the row where it is most"


def test_a_cure_that_does_nothing_is_said_to_fail() -> None:
    found = findings(PREDICTED | {"reversed entities": Truth(from_other=9, recalled=9)})
    assert found["cure/reversed entities"].verdict == "fails"
    assert found["wrong/reversed entities"].verdict != "holds"


def test_nothing_is_said_of_absence_where_the_reverse_cannot_be_answered_at_all() -> None:
    told = Truth(reverse=0.0, from_other=9, recalled=9, told="both orders")
    found = findings(PREDICTED | {"both orders, all": told})
    assert found["reverse/told"].verdict == "fails"
    assert found["cure/reversed words"].verdict == "undecided"
    assert found["cure/reversed entities"].verdict == "holds", "presence needs no such control"


def test_a_row_that_learns_nothing_is_not_said_to_fail() -> None:
    found = findings(PREDICTED | {"reversed words": Truth(same=0.0)})
    assert found["same/reversed words"].verdict == "fails"
    assert found["cure/reversed words"].verdict == "undecided"


def test_nothing_is_said_where_nothing_was_learnt() -> None:
    found = findings({name: Truth(same=0.0) for name in PREDICTED})
    assert {f.verdict for f in found.values() if f.role == "primary"} == {"undecided"}


def test_rows_that_are_left_out_take_their_claims_with_them() -> None:
    for rows in (("nothing",), methods.SHORT, ("nothing", "reversed words")):
        made = claims(rows, 0.05, 1.0)
        ids = {claim.id for claim in made}
        assert all(set(claim.needs) <= ids for claim in made)
        assert all(claim.id.split("/")[1] in rows for claim in made if claim.id.startswith("cure/"))
    [alone] = [c for c in claims(("nothing", "reversed words"), 0.05, 1.0) if c.id.startswith("cure/")]
    assert alone.role == "explored", (
        "without the row in which the reverse is told, its absence is untested"
    )


def test_rows_that_only_train_less_are_no_cures() -> None:
    base = PREDICTED | {"identity bridge": Truth()}
    with_half = findings(base | {"nothing, half as long": Truth(reverse=1.0)})
    assert with_half["targets/never"].measured == pytest.approx(0, abs=0.01)
