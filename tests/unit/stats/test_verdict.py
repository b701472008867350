"""From claims and tables to findings."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Above, Below, Claim, Finding, Within
from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING
from obverse.stats.clustered import ClusteredMean
from obverse.stats.summary import mean
from obverse.stats.tests import holm
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


def test_p_values_are_corrected_over_claims_and_models() -> None:
    tables = pl.concat([table(0.2, "m"), table(0.01, "k")])
    claims = [claim("a"), claim("b", criterion=Above(0.2))]
    found = evaluate(claims, {"ask": tables})
    assert [(f.claim, f.model) for f in found] == [("a", "m"), ("b", "m"), ("a", "k"), ("b", "k")]
    raw = []
    for model in ("m", "k"):
        estimate = score(tables.filter(model=model))
        assert estimate is not None
        raw += [estimate.p_greater(0.0), estimate.p_greater(0.2)]
    assert [f.p for f in found] == pytest.approx(holm(raw))


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


@pytest.mark.parametrize(
    ("level", "verdict", "note"),
    [(1.0, "holds", ""), (0.0, "undecided", "its control does not hold: learnt")],
)
def test_claim_is_held_back_without_its_control(level: float, verdict: str, note: str) -> None:
    nothing = claim("nothing", criterion=Within(3.0), needs=("learnt",))
    control = claim("learnt", criterion=Above(0.5))
    found, _ = evaluate([nothing, control], {"ask": table(level, seeds=(0,))})
    assert (found.verdict, found.note) == (verdict, note)


def test_undecided_claim_says_how_many_seeds_it_takes() -> None:
    found = only([claim(criterion=Above(1.0))], ask=table(1.0))
    assert found.verdict == "undecided"
    assert found.seeds_needed is not None
    assert found.seeds_needed > 2
    assert only([claim()], ask=table(1.0, seeds=(0,))).seeds_needed is None


def test_finding_carries_what_the_claim_says() -> None:
    found = only([claim(unit="nats", paper=0.3, source="Table 3")], ask=table(1.0))
    assert (found.unit, found.paper, found.source, found.text) == ("nats", 0.3, "Table 3", "c")
    assert (found.n_facts, found.n_seeds, found.level) == (40, 2, 0.95)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1.25 < found.high
