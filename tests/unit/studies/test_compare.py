"""Two studies, models or cells side by side."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import obverse
from obverse.core.errors import ObverseError
from tests.outside.counting import Capitals, Compared, TableSpec
from tests.unit.studies.test_result import EXECUTION, Here, run


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
    many = grid.run(tmp_path / "grid", execution=EXECUTION, executor=Here())
    plain = run(tmp_path / "plain", seeds=2)
    with pytest.raises(ObverseError, match=r"several values of facts; take one, as .*/grid\[facts=8\]"):
        obverse.compare(many, plain)
    [told, new] = obverse.compare(many, plain, where={"facts": "8"})
    assert (told.measured, new.measured) == (0.0, 0.0)
    again = grid.run(tmp_path / "again", execution=EXECUTION, executor=Here())
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
    study.run(tmp_path, execution=EXECUTION, executor=Here())
    [told, _] = obverse.compare(f"{tmp_path}:table", f"{tmp_path}:b:c")
    assert (told.measured, told.model) == (0.0, f"{tmp_path.name}:table − {tmp_path.name}:b:c")
    with pytest.raises(ObverseError, match="has 2 models; expected one of them"):
        obverse.compare(tmp_path, tmp_path)
    with pytest.raises(ObverseError, match="unknown model 'c'"):
        obverse.compare(f"{tmp_path}:c", tmp_path)


# Each side by itself --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> obverse.Result:
    made = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    return made.run(tmp_path_factory.mktemp("grid"), execution=EXECUTION, executor=Here())


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> obverse.Result:
    return run(tmp_path_factory.mktemp("variants"), Compared, seeds=2)


def changed(result: obverse.Result, **columns: pl.Expr) -> obverse.Result:
    table = result.tables["ask"].with_columns(**columns)
    return replace(result, tables={"ask": table})


def test_two_cells_of_a_grid(grid: obverse.Result) -> None:
    """Facts 6 and 7 are told among twelve, and not among eight."""
    found = obverse.compare(grid, grid, where_a={"facts": 12}, where_b={"facts": 8}, by=[])
    assert found[0].measured == 0.25
    assert found[0].model.endswith(":table, facts 12 − " + grid.out.name + ":table, facts 8")
    named = obverse.compare(f"{grid.out}[facts=12]", f"{grid.out}:table[facts=8, variant=missing]", by=[])
    assert named[0].measured == 0.25
    with pytest.raises(ObverseError, match=r"has several values of facts; take one, as .*\[facts=8\]"):
        obverse.compare(f"{grid.out}[facts=12]", grid)
    with pytest.raises(ObverseError, match="by: facts is taken at one value of one side"):
        obverse.compare(f"{grid.out}[facts=12]", f"{grid.out}[facts=8]", by=["facts"])


def test_two_variants_and_one_against_a_study_without(variants: obverse.Result, tmp_path: Path) -> None:
    one, other = {"variant": "many"}, {"variant": "few"}
    assert obverse.compare(variants, variants, where_a=one, where_b=other, by=[])[0].measured == 0.25
    plain = run(tmp_path, seeds=2)
    assert obverse.compare(variants, plain, where_a=one, by=[])[0].measured == 0.25
    with pytest.raises(ObverseError, match=r"no variant in common .*\[variant=few\] and .*=missing\]"):
        obverse.compare(variants, plain)
    with pytest.raises(ObverseError, match=r"has several values of variant; take one, as .*=few"):
        obverse.compare(variants, variants, where_a=one)


def test_labels_of_each_side(grid: obverse.Result, tmp_path: Path) -> None:
    """What is told among twelve facts is, in part, new among eight."""
    a = run(tmp_path, Capitals(facts=12), seeds=2)
    [finding] = obverse.compare(f"{a.out}[kind=told]", f"{grid.out}[facts=8,kind=new]")
    assert (finding.measured, finding.n_facts, finding.cell) == (1.0, 2, {})


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("[facts]", r"expected .COLUMN=VALUE,…., each column once"),
        ("[facts=8,facts=12]", "each column once"),
        ("[fact=city 1]", "fact is what is paired, and not of one side"),
        ("[fcts=8]", "unknown column 'fcts'; did you mean facts"),
        ("[facts=9]", "no rows where facts is '9'; there are: 8, 12"),
        (":tabel[facts=8]", "unknown model 'tabel'"),
    ],
)
def test_selection_that_cannot_be_is_refused(behind: str, said: str, grid: obverse.Result) -> None:
    with pytest.raises(ObverseError, match=said):
        obverse.compare(f"{grid.out}{behind}", grid)


def test_true_and_false_are_named_as_such_or_as_numbers(grid: obverse.Result, tmp_path: Path) -> None:
    odd = changed(grid, odd=pl.col("probe").str.ends_with("1"))
    for value in ("1", "true", True, 1):
        found = obverse.compare(
            odd, odd, where={"odd": value}, where_a={"facts": 8}, where_b={"facts": 12}
        )
        assert {f.n_facts for f in found} == {1}
    with pytest.raises(ObverseError, match="no rows where odd is 'yes'; there are: False, True"):
        obverse.compare(odd, odd, where={"odd": "yes"})


# What is said ---------------------------------------------------------------------------------------


def test_what_only_one_side_has_is_said(grid: obverse.Result, tmp_path: Path) -> None:
    plain = run(tmp_path, seeds=3)
    found = obverse.compare(f"{grid.out}[facts=12]", plain)
    assert found.remarks == (
        "Both have 2 of 2 and 3 seeds, 6 of 12 and 8 facts, 12 of 24 pairs.",
        "1 group without a seed and fact in common: kind new.",
    )
    known = pl.when((pl.col("seed") > 0) & (pl.col("fact") != "city 0")).then("exact_match")
    kind = pl.when(pl.col("fact") == "city 1").then(pl.lit("other")).otherwise("kind")
    nulls = changed(plain, exact_match=known, kind=kind)
    found = obverse.compare(nulls, f"{grid.out}[facts=8]")
    assert found.remarks == (
        "Both have 1 of 3 and 2 seeds, 6 of 8 facts, 6 of 24 and 16 pairs.",
        f"exact_match is missing in 10 of 24 rows of {tmp_path.name}:table, all of 1 seed and 1 fact.",
        f"1 group only in {tmp_path.name}:table: kind other.",
    )
    assert "exact_match is missing in 10" in repr(found)
    assert "exact_match is missing in 10" in found._repr_html_()


def test_groups_of_mixed_numbers_and_missing_ones_are_named(tmp_path: Path) -> None:
    """Labels are whole numbers here and fractions there, and some are missing."""
    shots = pl.when(pl.col("probe") != "city 7").then(pl.col("probe").str.tail(1).cast(pl.Int64) % 2)
    a = changed(run(tmp_path / "a"), shots=shots)
    b = changed(run(tmp_path / "b"), shots=shots.cast(float))
    for one in (a, b):
        one.study["experiment"]["columns"]["shots"] = "int"
    found = obverse.compare(a, b, by=["kind", "shots"])
    assert [f.claim for f in found] == [
        "kind told, shots 0", "kind told, shots 1", "kind new, shots 0", "kind new, shots missing",
    ]  # fmt: skip


def test_groups_of_the_same_values_in_other_columns_are_kept_apart(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b")
    two = {"left": pl.col("kind") + ", x", "right": pl.lit("y")}
    odd = pl.col("probe") == "city 0"
    two["left"] = pl.when(odd).then(pl.lit("x")).otherwise(pl.lit("x, y"))
    two["right"] = pl.when(odd).then(pl.lit("y, z")).otherwise(pl.lit("z"))
    found = obverse.compare(changed(a, **two), changed(b, **two), by=["left", "right"])
    assert [f.claim for f in found] == ["left x, right y, z", "left x, y, right z"]


def test_no_seeds_are_advised_where_nothing_differs(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b")
    assert [f.seeds_needed for f in obverse.compare(a, b)] == [None, None]
    with pytest.raises(ObverseError, match="a:table: is compared with itself"):
        obverse.compare(tmp_path / "a", a)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"margin": "0.1"}, "margin '0.1': expected a finite number above 0"),
        ({"margin": True}, "margin True: expected a finite number"),
        ({"margin": 0}, "margin 0: expected a finite number above 0"),
        ({"margin": float("inf")}, "margin inf: expected a finite number"),
        ({"margin": 1.0}, r"margin 1.0: shares never differ by more than 1"),
        ({"metric": 3}, "unknown number that both have '3'"),
        ({"measure": 3}, "unknown measure '3'"),
        ({"where": {3: 1}}, "where: expected values by column"),
        ({"where": "x"}, "where: expected values by column"),
        ({"where_a": ["x"]}, "where: expected values by column"),
        ({"by": ["logprob"]}, "by: logprob is a number that was measured, and cannot make groups"),
        ({"by": [3]}, "by: expected columns"),
        ({"by": ["model"]}, "by: model is what is paired or compared"),
    ],
)
def test_arguments_that_cannot_be_are_refused(given: Any, said: str, variants: obverse.Result) -> None:
    one, other = {"variant": "few"}, {"variant": "many"}
    sides = {} if "where_a" in given else {"where_a": one, "where_b": other}
    with pytest.raises(ObverseError, match=said):
        obverse.compare(variants, variants, **(sides | given))


def test_what_is_no_study_and_what_has_no_rows_is_refused(grid: obverse.Result) -> None:
    with pytest.raises(ObverseError, match=r"expected a study as .* got a DataFrame"):
        obverse.compare(grid.observations, grid)  # type: ignore[arg-type]
    empty = replace(grid, tables={"ask": grid.observations.clear()})
    with pytest.raises(ObverseError, match="its table 'ask' has no rows of a last moment"):
        obverse.compare(empty, grid)
    nan = changed(grid, logprob=pl.lit(float("nan")))
    with pytest.raises(ObverseError, match="logprob has values that are no finite number"):
        obverse.compare(nan, nan, metric="logprob", where_a={"facts": 8}, where_b={"facts": 12})
    null = pl.lit(None, pl.Float64)
    none = changed(grid, exact_match=null, chance=null, prefix_match=null)
    with pytest.raises(ObverseError, match="no number was measured in both"):
        obverse.compare(none, grid)
