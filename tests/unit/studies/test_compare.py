"""Two studies, models or cells side by side."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

import obverse
from obverse.core.errors import ObverseError
from tests.outside.counting import Capitals, Compared, TableSpec
from tests.outside.inline import Inline
from tests.unit.studies.test_result import EXECUTION, run


def test_differences_are_paired_by_seed_and_fact(tmp_path: Path) -> None:
    """Of 8 facts 6 are told, of 12 facts 10: the fact is told in both, in neither, or in one."""
    small, large = run(tmp_path / "a"), run(tmp_path / "b", Capitals(facts=12))
    found = obverse.compare(large, small, by=[])
    [finding] = found
    known = {
        n: result.observations.filter("final").select("seed", "fact", "exact_match")
        for n, result in (("a", small), ("b", large))
    }
    both = known["b"].join(known["a"], on=["seed", "fact"], suffix="_a")
    differences = both["exact_match"].cast(int) - both["exact_match_a"].cast(int)
    assert len(both) == 24
    assert finding.measured == pytest.approx(differences.mean())
    assert finding.text == "exact_match 1.000 − 0.750, 8 facts"
    assert finding.whom == "b:table − a:table"
    assert obverse.compare(small, large, by=[])[0].measured == pytest.approx(-0.25)


def test_facts_that_each_seed_has_for_itself_leave_students_t(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds=5), run(tmp_path / "b", seeds=5)
    rng = np.random.default_rng(0)

    def noisy(result: obverse.Result, shift: float) -> obverse.Result:
        table = result.tables["ask"]
        table = table.with_columns(
            logprob=pl.Series(rng.normal(shift, 1, len(table))),
            fact=pl.col("fact") + pl.col("seed").cast(pl.String),
        )
        return obverse.Result(
            out=result.out, tables={"ask": table}, claims=result.claims, study=result.study,
            records=result.records,
        )  # fmt: skip

    one, other = noisy(a, 0.5), noisy(b, 0.0)
    [finding] = obverse.compare(one, other, metric="logprob", by=[])
    finals = [r.observations.filter("final").group_by("seed").agg(pl.col("logprob").mean()).sort("seed")
              for r in (one, other)]  # fmt: skip
    paired = stats.ttest_rel(finals[0]["logprob"], finals[1]["logprob"])
    assert (finding.low, finding.high) == pytest.approx(tuple(paired.confidence_interval()))


def test_alike_is_claimed_within_a_margin(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b")
    found = obverse.compare(a, b, margin=0.1)
    assert {f.criterion for f in found} == {"within ±0.1"}
    assert [f.cell for f in found] == [{"kind": "told"}, {"kind": "new"}], "as means are taken"
    assert found.to_frame()["kind"].to_list() == ["told", "new"]
    assert "kind new: exact_match" in repr(found)


def test_rows_can_be_chosen(tmp_path: Path) -> None:
    a = run(tmp_path / "a", Compared)
    b = run(tmp_path / "b", Compared)
    found = obverse.compare(a, b, where={"variant": "few"}, by=["kind"])
    assert [(f.claim, f.measured) for f in found] == [("kind told", 0.0), ("kind new", 0.0)]
    with pytest.raises(ObverseError, match=r"variant is 'none'; there are: few, many; of one side alone"):
        obverse.compare(a, b, where={"variant": "none"})
    with pytest.raises(ObverseError, match="unknown column 'kinds'"):
        obverse.compare(a, a, by=["kinds"])
    with pytest.raises(ObverseError, match="unknown number that both have 'kind'"):
        obverse.compare(a, a, metric="kind")


def test_studies_that_share_no_seed_or_fact_are_refused(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds="0-1"), run(tmp_path / "b", seeds="2-3")
    with pytest.raises(ObverseError, match="no seed in common"):
        obverse.compare(a, b)
    table = a.tables["ask"].with_columns(fact=pl.lit("other"))
    strange = obverse.Result(
        out=a.out, tables={"ask": table}, claims=a.claims, study=a.study, records=a.records
    )
    with pytest.raises(ObverseError, match="no fact in common"):
        obverse.compare(a, strange)


def test_cells_of_a_grid_are_not_averaged_in_silence(tmp_path: Path) -> None:
    grid = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    many = grid.run(tmp_path / "grid", execution=EXECUTION, executor=Inline())
    plain = run(tmp_path / "plain", seeds=2)
    with pytest.raises(ObverseError, match=r"several values of facts; take one, as .*/grid\[facts=8\]"):
        obverse.compare(many, plain)
    [told, new] = obverse.compare(many, plain, where={"facts": "8"})
    assert (told.measured, new.measured) == (0.0, 0.0)
    again = grid.run(tmp_path / "again", execution=EXECUTION, executor=Inline())
    found = obverse.compare(many, again)
    assert [tuple(f.cell.values()) for f in found] == [
        ("told", 8), ("new", 8), ("told", 12), ("new", 12),
    ], "each cell with its own"  # fmt: skip


def test_looks_of_a_study_count(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", looks=5), run(tmp_path / "b")
    assert obverse.compare(a, b, by=[])[0].tested_at == pytest.approx(0.025 / 5)


def test_model_asked_as_it_is_is_held_against_every_seed(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds=4), run(tmp_path / "b", seeds=1)
    fixed = replace(b, study={**b.study, "as_it_is": ["table"]})
    [finding] = obverse.compare(a, fixed, by=[])
    assert (finding.n_seeds, finding.trained) == (4, True)


@pytest.mark.parametrize("metric", ["step", "seed", "final"])
def test_bookkeeping_is_no_metric(metric: str, tmp_path: Path) -> None:
    a = run(tmp_path)
    with pytest.raises(ObverseError, match=f"unknown number that both have '{metric}'"):
        obverse.compare(a, a, metric=metric)
    with pytest.raises(ObverseError, match="by: fact is what is paired"):
        obverse.compare(a, a, by=["fact"])
    with pytest.raises(ObverseError, match="expected columns, each once, got 'kind'"):
        obverse.compare(a, a, by="kind")


def test_one_of_several_models_is_named(tmp_path: Path) -> None:
    study = obverse.study(Capitals, models=[TableSpec(), TableSpec(name="b:c", seconds=1e-6)], seeds=2)
    study.run(tmp_path, execution=EXECUTION, executor=Inline())
    [told, _] = obverse.compare(f"{tmp_path}:table", f"{tmp_path}:b:c")
    assert (told.measured, told.model) == (0.0, f"{tmp_path.name}:table − {tmp_path.name}:b:c")
    with pytest.raises(ObverseError, match="has 2 models; expected one of them"):
        obverse.compare(tmp_path, tmp_path)
    with pytest.raises(ObverseError, match="unknown model 'c'"):
        obverse.compare(f"{tmp_path}:c", tmp_path)
