"""Which rows a claim is measured on, as a whole and seed by seed."""

from pathlib import Path

import polars as pl
import pytest

from obverse.core.claim import Below
from obverse.core.errors import ObverseError
from obverse.stats.clustered import ClusteredMean
from obverse.stats.contrast import difference
from obverse.stats.share import in_most
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate
from tests.unit.stats.claiming import claim, only, score, table


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
