"""From claims and tables to findings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Above, Below, Claim, Estimate, Finding, Within
from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING
from obverse.stats.clustered import ClusteredMean
from obverse.stats.contrast import difference
from obverse.stats.share import Share, in_most
from obverse.stats.summary import mean
from obverse.stats.tests import ALPHA
from obverse.stats.verdict import evaluate


def table(level: float, model: str = "m", seeds: tuple[int, ...] = (0, 1), **more: Any) -> pl.DataFrame:
    """Return scores of 40 facts around a level, half a unit higher with each seed."""
    draw = np.random.default_rng(0)
    rows = [
        {"model": model, "seed": seed, "fact": f"f{n}", "score": level + 0.5 * i + draw.normal(0, 0.1)}
        | more
        for i, seed in enumerate(seeds)
        for n in range(40)
    ]
    return pl.DataFrame(rows, schema=LEADING | {"score": float, "chance": float})


def score(rows: pl.DataFrame) -> ClusteredMean | None:
    return mean(rows, "score")


def claim(id: str = "c", **more: Any) -> Claim:
    given: dict[str, Any] = {"text": id, "estimate": score, "criterion": Above(0.0)}
    return Claim(id=id, **(given | more))


def only(claims: list[Claim], **tables: pl.DataFrame) -> Finding:
    (found,) = evaluate(claims, tables)
    return found


def test_holds_fails_and_undecided() -> None:
    one = table(1.0, seeds=(0,))
    assert only([claim()], ask=one).verdict == "holds"
    assert only([claim(criterion=Below(0.0))], ask=one).verdict == "fails"
    assert only([claim(criterion=Above(1.0))], ask=one).verdict == "undecided"
    assert only([claim(criterion=Within(2.0))], ask=one).verdict == "holds"


class Fixed:
    """An estimate whose p-values are given."""

    value, se, n_facts, n_seeds = 0.5, 0.1, 10, 3

    def __init__(self, p: float, opposite: float = 0.9) -> None:
        self.p, self.opposite = p, opposite

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        return 0.5 - level, 0.5 + level

    def p_greater(self, threshold: float) -> float:
        return self.p

    def p_less(self, threshold: float) -> float:
        return self.opposite


def fixed(id: str, p: float, opposite: float = 0.9, **more: Any) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate:
        return Fixed(p, opposite)

    return claim(id, estimate=estimate, **more)


def verdicts(*claims: Claim, **more: Any) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(claims, {"ask": table(1.0)}, **more)}


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


def test_criterion_may_depend_on_the_rows() -> None:
    def below_chance(rows: pl.DataFrame) -> Below:
        return Below(float(rows["chance"].to_numpy().mean()))

    rows = pl.concat([table(0.3, "m", (0,), chance=0.5), table(0.3, "k", (0,), chance=0.25)])
    m, k = evaluate([claim(criterion=below_chance)], {"ask": rows})
    assert (m.criterion, m.verdict) == ("< 0.500", "holds")
    assert (k.criterion, k.verdict) == ("< 0.250", "fails")


def test_claim_is_evaluated_on_the_table_that_it_is_of() -> None:
    asked, read = table(1.0), table(-1.0)
    found = evaluate([claim("a"), claim("b", of="perplexity")], {"ask": asked, "perplexity": read})
    assert found[0].measured == pytest.approx(1.25, abs=0.1)
    assert found[1].measured == pytest.approx(-0.75, abs=0.1)


def test_claim_may_take_the_rows_of_several_measures() -> None:
    """Each model's rows of both tables, and each seed's of both for the seed's own value."""

    def both(first: pl.DataFrame, second: pl.DataFrame) -> ClusteredMean | None:
        assert set(first["model"]) == set(second["model"]) == {"m"}
        assert set(first["seed"]) == set(second["seed"])
        joined = first.join(second, on=("seed", "fact"), suffix="_2")
        return mean(joined.with_columns(score=pl.col("score_2") - pl.col("score")), "score")

    asked = pl.concat([table(1.0), table(9.0, model="other")])
    beside = claim(estimate=both, of="ask", beside=("hidden",))
    found = evaluate([beside], {"ask": asked, "hidden": table(4.0)})
    assert [f.model for f in found] == ["m", "other"]
    assert found[0].measured == pytest.approx(3.0)
    assert found[0].by_seed == pytest.approx({"0": 3.0, "1": 3.0})
    assert found[1].criterion == "not measured", "the other model has no rows in the second table"
    assert only([beside], ask=table(1.0)).criterion == "not measured"


def test_table_that_is_not_there_counts_as_not_measured() -> None:
    found = evaluate([claim("a"), claim("b", of="hidden")], {"ask": table(1.0)})
    assert found[0].verdict in ("holds", "undecided")
    assert (found[1].measured, found[1].p, found[1].verdict) == (None, None, "undecided")
    assert (found[1].criterion, found[1].by_seed) == ("not measured", {})
    assert found[1].model == "m"
    assert evaluate([claim("b", of="hidden")], {}) == []


def test_model_without_rows_in_the_table_counts_as_not_measured() -> None:
    """And its claim is not asked of an empty table, which it need not know what to do with."""

    def strict(rows: pl.DataFrame) -> ClusteredMean | None:
        assert len(rows)
        return score(rows)

    tables = {"ask": table(1.0, "m"), "perplexity": table(1.0, "k")}
    found = evaluate([claim(estimate=strict)], tables)
    assert [(f.model, f.measured is None) for f in found] == [("m", False), ("k", True)]


def test_family_takes_all_its_models() -> None:
    rows = pl.concat([table(0.0, "m", family="f"), table(1.0, "k", family="f"), table(9.0, "alone")])
    found = only([claim(by="family")], ask=rows)
    assert found.model == "f"
    assert found.measured == pytest.approx(0.75, abs=0.1)


def test_each_seeds_own_value_stands_beside() -> None:
    rows = table(1.0, seeds=(11, 3))
    found = only([claim()], ask=rows)
    assert list(found.by_seed) == ["3", "11"]
    for seed, value in found.by_seed.items():
        alone = score(rows.filter(seed=int(seed)))
        assert alone is not None
        assert value == alone.value
    assert found.by_seed["3"] - found.by_seed["11"] == pytest.approx(0.5, abs=0.1)
    lone = only([claim()], ask=table(1.0, seeds=(5,)))
    assert lone.by_seed == {"5": lone.measured}


@pytest.mark.parametrize("how", ["none", "raises", "nan"])
def test_seed_that_has_no_value_alone_is_missing(how: str) -> None:
    """A comparison may lack a side in one seed; the claim stands, and the seed has no value."""

    def estimate(rows: pl.DataFrame) -> ClusteredMean | None:
        found = score(rows)
        if rows["seed"].unique().to_list() != [1] or found is None:
            return found
        if how == "raises":
            raise ZeroDivisionError
        return None if how == "none" else ClusteredMean(float("nan"), 1, 1, 1, 1, 1)

    found = only([claim(estimate=estimate)], ask=table(1.0))
    assert list(found.by_seed) == ["0"]
    assert found.measured == pytest.approx(1.25, abs=0.1)


def test_claim_that_cannot_be_evaluated_at_all_is_not_hushed_up() -> None:
    def broken(rows: pl.DataFrame) -> ClusteredMean | None:
        raise ZeroDivisionError

    with pytest.raises(ObverseError, match="the claim 'c': ZeroDivisionError"):
        evaluate([claim(estimate=broken)], {"ask": table(1.0)})


CHAIN = (
    fixed("claim", 0.001, needs=("middle",)),
    fixed("middle", 0.001, needs=("learnt",)),
)


@pytest.mark.parametrize("p", [0.001, 0.5])
def test_what_a_claim_needs_holds_it_back_from_claim_to_claim(p: float) -> None:
    found = verdicts(*CHAIN, fixed("learnt", p, role="control"))
    assert {f.verdict for f in found.values()} == ({"holds"} if p < 0.025 else {"undecided"})
    if p > 0.025:
        assert found["middle"].note == "it would hold, and is held back, since learnt is undecided"
        assert found["claim"].note == "it would hold, and is held back, since middle is undecided"
        assert found["claim"].p == 0.001


def test_needs_hold_back_both_verdicts() -> None:
    found = verdicts(fixed("a", 0.9, 0.001, needs=("b",)), fixed("b", 0.9, 0.001))
    assert (found["a"].verdict, found["b"].verdict) == ("undecided", "fails")
    assert found["a"].note == "it would fail, and is held back, since b fails"
    assert found["a"].seeds_needed is None


def test_control_that_was_not_measured_holds_back() -> None:
    missing = claim("b", of="hidden", role="control")
    found = verdicts(fixed("a", 0.001, needs=("b",)), missing)
    assert found["a"].note == "it would hold, and is held back, since b is not measured"


def test_needs_that_make_no_sense_are_refused() -> None:
    for claims, message in (
        ([fixed("a", 0.1, needs=("c",))], "'a' needs 'c', which is no claim"),
        ([fixed("a", 0.1, needs=("b",)), fixed("b", 0.1, needs=("a",))], "in a circle: "),
        (
            [fixed("a", 0.1, needs=("b",)), fixed("b", 0.1, role="explored")],
            "'b', which is only explored",
        ),
        ([fixed("a", 0.1, needs=("b",), by="family"), fixed("b", 0.1)], "'b', which is by model"),
        ([fixed("a", 0.1), fixed("a", 0.2)], "two claims have the id 'a'"),
    ):
        with pytest.raises(ObverseError, match=message):
            verdicts(*claims)


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


def test_claims_of_a_large_table_on_disk_give_what_those_of_a_small_one_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        "ask": pl.concat([table(0.1, model, seeds=(3, 0, 1, 2)) for model in "mn"]),
        "other": table(0.2, "m", seeds=(1, 2, 5)),
    }
    for name, rows in tables.items():
        rows.write_parquet(tmp_path / name, row_group_size=30)

    def apart(rows: pl.DataFrame, *others: pl.DataFrame) -> ClusteredMean | None:
        return difference(rows, others[0] if others else rows.filter(fact="f3"), "score")

    claims = [
        claim(),
        claim("d", estimate=apart, needs=("c",)),
        claim("b", estimate=apart, beside=("other",), role="control"),
        in_most(claim("e")),
        claim("t", estimate=lambda rows: mean(rows.drop_nulls("fact").with_columns(t=1), "t")),
    ]
    wanted = evaluate(claims, tables)
    assert {len(finding.by_seed) for finding in wanted} == {4, 2, 0}
    monkeypatch.setattr("obverse.core.rows.LARGE", 1)
    monkeypatch.setattr("obverse.stats.measured.TOGETHER", 90)
    assert evaluate(claims, {name: pl.scan_parquet(tmp_path / name) for name in tables}) == wanted
