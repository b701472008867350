"""Each side of a comparison by itself, and what both have in common."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import obverse
from obverse.core.errors import ObverseError
from tests.outside.counting import Capitals
from tests.unit.studies.test_result import run


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
