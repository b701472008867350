"""From claims and tables to findings."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from obverse.core.claim import Above, Below, Within
from obverse.core.errors import ObverseError
from obverse.stats.clustered import ClusteredMean
from obverse.stats.share import Share
from obverse.stats.summary import mean
from obverse.stats.tests import ALPHA
from obverse.stats.verdict import evaluate
from tests.unit.stats.claiming import claim, fixed, only, table, verdicts


def test_holds_fails_and_undecided() -> None:
    one = table(1.0, seeds=(0,))
    assert only([claim()], ask=one).verdict == "holds"
    assert only([claim(criterion=Below(0.0))], ask=one).verdict == "fails"
    assert only([claim(criterion=Above(1.0))], ask=one).verdict == "undecided"
    assert only([claim(criterion=Within(2.0))], ask=one).verdict == "holds"


def test_primary_claims_share_the_level_by_holm() -> None:
    found = verdicts(fixed("a", 0.008), fixed("b", 0.012), fixed("c", 0.024), fixed("d", 0.9))
    assert [f.verdict for f in found.values()] == ["undecided"] * 4
    assert {f.tested_at for f in found.values()} == {ALPHA / 4}
    assert {f.family for f in found.values()} == {4}
    found = verdicts(fixed("a", 0.006), fixed("b", 0.008), fixed("c", 0.012), fixed("d", 0.9))
    assert [f.verdict for f in found.values()] == ["holds", "holds", "holds", "undecided"]
    assert [f.p for f in found.values()] == [0.006, 0.008, 0.012, 0.9], "as measured, not corrected"
    assert found["d"].tested_at == ALPHA, "all others hold, so that it has the whole level"
    assert [found[id].tested_at for id in "ab"] == [ALPHA / 4, ALPHA / 3]


def test_level_is_shared_over_models() -> None:
    tables = {"ask": pl.concat([table(1.0, "m"), table(1.0, "k")])}
    found = evaluate([fixed("a", 0.02), fixed("b", 0.02)], tables)
    assert [(f.claim, f.model) for f in found] == [("a", "m"), ("b", "m"), ("a", "k"), ("b", "k")]
    assert {(f.family, f.tested_at, f.verdict) for f in found} == {(4, ALPHA / 4, "undecided")}


def test_claim_that_loses_its_verdict_to_the_correction_says_so() -> None:
    found = verdicts(fixed("a", 0.02), fixed("b", 0.9, 0.02), fixed("c", 0.9))
    assert found["a"].note == (
        "by itself it would hold (p = 0.02, below 0.025); among 3 primary claims p has to be below 0.0083"
    )
    assert found["b"].note.startswith("by itself it would fail (p = 0.02, below 0.025)")
    assert found["c"].note == ""


def test_controls_have_the_full_level_and_take_none_from_others() -> None:
    found = verdicts(*(fixed(f"control {n}", 0.02, role="control") for n in range(5)), fixed("a", 0.02))
    assert {f.verdict for f in found.values()} == {"holds"}
    assert (found["a"].tested_at, found["a"].family) == (ALPHA, 1)
    assert (found["control 0"].tested_at, found["control 0"].family) == (ALPHA, 0)


def test_explored_claim_is_not_tested() -> None:
    found = verdicts(fixed("a", 0.02), fixed("e", 1e-9, role="explored", criterion=None))
    assert found["a"].family == 1
    one = found["e"]
    assert (one.verdict, one.p, one.tested_at, one.criterion) == ("explored", None, None, "")
    assert one.low == pytest.approx(-0.45)
    assert (one.measured, one.meets) == (0.5, None)


def test_looks_divide_every_level() -> None:
    claims = fixed("a", 0.01), fixed("c", 0.01, role="control")
    assert {f.verdict for f in verdicts(*claims).values()} == {"holds"}
    found = verdicts(*claims, looks=3)
    assert {f.verdict for f in found.values()} == {"undecided"}
    assert {f.tested_at for f in found.values()} == {ALPHA / 3}


def test_p_value_is_that_of_the_verdict() -> None:
    assert verdicts(fixed("a", 0.99, 0.004))["a"].p == 0.004
    assert verdicts(fixed("a", 0.99, 0.004))["a"].verdict == "fails"
    assert verdicts(fixed("a", 0.3, 0.7))["a"].p == 0.3


def test_interval_is_that_of_the_number_whatever_else_is_claimed() -> None:
    alone = only([claim("a")], ask=table(1.0))
    among = evaluate([claim(id) for id in "abcdef"], {"ask": table(1.0)})[0]
    assert (alone.low, alone.high) == (among.low, among.high)
    assert alone.tested_at != among.tested_at or among.verdict == "holds"


@pytest.mark.parametrize("criterion", [Above(0.5), Below(1.6), Within(1.8)])
def test_claim_would_have_held_with_the_tightest_bound_that_is_printed(criterion: Any) -> None:
    rows = table(1.0, seeds=(0,))
    found = only([claim(criterion=criterion)], ask=rows)
    assert found.passes_at is not None
    for step, verdict in ((1e-6, "holds"), (-1e-6, "undecided")):
        step = -step if isinstance(criterion, Above) else step
        tight = only([claim(criterion=type(criterion)(found.passes_at + step))], ask=rows)
        assert tight.verdict == verdict


@pytest.mark.parametrize(
    ("right", "criterion", "near"),
    [
        (0.03, Above(0.1), None), (0.03, Below(0.1), 0.17), (0.97, Below(0.9), None),
        (0.97, Above(0.9), 0.83), (0.0, Above(0.1), None), (0.5, Above(0.1), 0.29),
    ],
)  # fmt: skip
def test_bound_that_every_value_meets_is_not_said_to_be_met(
    right: float, criterion: Any, near: float | None
) -> None:
    """Such an interval is cut at 0 or 1; above 0 the claim would not hold."""
    hits = round(40 * right)
    rows = table(1.0, seeds=tuple(range(6))).with_columns(
        (pl.int_range(pl.len()).over("seed") < hits).alias("score")
    )
    one = claim(estimate=lambda rows: mean(rows, "score", bounds=(0, 1)), criterion=criterion)
    found = only([one], ask=rows)
    assert found.passes_at == (None if near is None else pytest.approx(near, abs=0.03))
    if near is None:
        edge = type(criterion)(0.0 if isinstance(criterion, Above) else 1.0)
        assert only([replace(one, criterion=edge)], ask=rows).verdict != "holds"


def test_share_of_trainings_that_is_none_is_above_nothing() -> None:
    one = claim(estimate=lambda rows: Share(0, 6), criterion=Above(0.5))
    assert only([one], ask=table(1.0)).passes_at is None


def test_claim_without_a_criterion_is_refused() -> None:
    with pytest.raises(ObverseError, match="'c' has no criterion"):
        claim(criterion=None)


@pytest.mark.parametrize("criterion", [Above(0.0), Below(0.0)])
def test_one_training_has_no_verdict(criterion: Any) -> None:
    rows = {"ask": table(1.0, seeds=(7,), step=10)}
    (found,) = evaluate([claim(criterion=criterion)], rows)
    assert (found.verdict, found.note, found.p) == (
        "undecided", "one training: this one model only", None,
    )  # fmt: skip
    assert found.trained
    assert found.low is not None
    assert found.low < 1.0 < (found.high or 0), "over the facts of this model"
    assert evaluate([claim(), claim("b")], rows)[0].family == 0


def test_model_that_is_asked_as_it_is_has_verdicts_about_itself() -> None:
    rows = {"ask": table(1.0, seeds=(7,))}
    (found,) = evaluate([claim()], rows)
    assert (found.verdict, found.trained, found.meets, found.open_share) == ("holds", False, None, None)
    (found,) = evaluate([claim()], rows, as_it_is=())
    assert found.verdict == "undecided"
    (found,) = evaluate([claim()], {"ask": table(1.0, seeds=(7,), step=10)}, as_it_is=("m",))
    assert found.verdict == "holds"


def test_trend_over_single_runs_of_models_is_about_models() -> None:
    def trend(rows: pl.DataFrame) -> ClusteredMean:
        return ClusteredMean(-1.0, 0.1, 3, 40, 1, 40, n_models=5)

    rows = pl.concat([table(1.0, str(n), (0,), family="f", step=9) for n in range(5)])
    assert only([claim(by="family", estimate=trend, criterion=Below(0.0))], ask=rows).verdict == "holds"
    assert only([claim(by="family")], ask=rows).note == "one training: this one model only"


def test_seeds_that_meet_the_criterion_are_counted() -> None:
    found = only([claim(criterion=Above(1.2))], ask=table(1.0, seeds=(0, 1, 2)))
    assert (found.meets, found.n_seeds) == (2, 3)
    assert found.open_share == pytest.approx(0.906, abs=0.001)
    assert only([claim()], ask=table(1.0, seeds=(0, 1, 2))).open_share == pytest.approx(0.708, abs=0.001)


@pytest.mark.parametrize(("paper", "outside"), [(0.9, False), (9.0, True), (None, None)])
def test_paper_number_outside_the_interval_is_told_from_a_verdict(
    paper: float | None, outside: bool | None
) -> None:
    found = only([claim(paper=paper)], ask=table(1.0, seeds=(0, 1, 2)))
    assert found.paper_outside is outside


def test_undecided_claim_says_how_many_seeds_it_takes() -> None:
    found = only([claim(criterion=Above(1.0))], ask=table(1.0, seeds=(0, 1, 2)))
    assert found.verdict == "undecided"
    assert found.seeds_needed is not None
    low, high = found.seeds_needed
    assert low >= 2
    assert high is None or high > low
    assert only([claim()], ask=table(1.0, seeds=(0,))).seeds_needed is None


def test_finding_carries_what_the_claim_says() -> None:
    found = only([claim(unit="nats", paper=0.3, source="Table 3", counted="pairs")], ask=table(1.0))
    assert (found.unit, found.paper, found.source, found.text) == ("nats", 0.3, "Table 3", "c")
    assert (found.counted, found.role) == ("pairs", "primary")
    assert (found.n_facts, found.n_seeds, found.level) == (40, 2, 0.95)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1.25 < found.high
