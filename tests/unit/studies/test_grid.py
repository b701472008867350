"""A study at every combination of some settings' values."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.report.build import build
from obverse.report.read import read
from obverse.run.task import Execution
from obverse.studies.grid import column_type
from obverse.studies.study import Study
from tests.outside.counting import Capitals, Compared, TableSpec
from tests.outside.inline import Inline

EXECUTION = Execution(device="cpu", workers=1)


def study(kind: type[Capitals] = Capitals, **more: Any) -> Study:
    return obverse.study(kind, models=[TableSpec()], seeds=2, **more)


def run(of: Study, out: Path, *, replace: bool = False) -> tuple[obverse.Result, list[str]]:
    here = Inline()
    return of.run(out, execution=EXECUTION, executor=here, replace=replace), here.done


def test_every_combination_is_run_and_stands_in_typed_columns(tmp_path: Path) -> None:
    result, done = run(study().grid({"facts": [8, "12"], "model.seconds": [0, 1e-6]}), tmp_path)
    assert done == [
        f"table, seed {seed}, facts {facts}, seconds {seconds}"
        for facts in (8, 12) for seconds in ("0.0", "1e-06") for seed in (0, 1)
    ]  # fmt: skip
    for table in result.tables.values():
        assert table.schema["facts"] == pl.Int64
        assert table.schema["model.seconds"] == pl.Float64
    asked = result.observations.filter("final", kind="told")
    counted = asked.group_by("facts", "model.seconds", "seed").len().sort("facts")
    assert counted["len"].to_list() == [6] * 4 + [10] * 4
    assert json.loads((tmp_path / "study.json").read_text())["grid"] == {
        "facts": [8, 12], "model.seconds": [0.0, 1e-6],
    }  # fmt: skip


def test_claims_stand_for_each_cell(tmp_path: Path) -> None:
    """They hold at a threshold that is met in every cell, each by its own rows."""
    result, _ = run(study().grid({"facts": [8, 12, 16]}), tmp_path)
    assert [(f.claim, f.whom, f.cell["facts"]) for f in result.claims] == [
        (claim, f"table, facts {n}", n) for n in (8, 12, 16) for claim in ("told", "entries")
    ]
    entries = {f.cell["facts"]: f.measured for f in result.claims if f.claim == "entries"}
    assert entries == {8: 6.0, 12: 10.0, 16: 14.0}
    assert {f.family for f in result.claims} == {6}, "all cells share the level"
    assert "table, facts 12, 2 seeds" in repr(result.claims)


def test_cells_that_look_alike_are_kept_apart(tmp_path: Path) -> None:
    """Thresholds of a claim do not make runs, so that seconds have to differ in the ninth digit."""
    result, _ = run(study().grid({"model.seconds": [1e-6, 1.00000001e-6]}), tmp_path)
    assert len(result.claims) == 4
    assert len({f.whom for f in result.claims}) == 2
    assert len(read(tmp_path).tables["ask"]["model"].unique()) == 2


def test_page_draws_a_curve_and_keeps_cells_apart(tmp_path: Path) -> None:
    run(study().grid({"facts": [8, 12, 16]}), tmp_path)
    page = build(tmp_path).read_text(encoding="utf-8")
    assert "Over facts" in page
    assert "table, facts 16" in page
    assert (tmp_path / "figures" / "grid-ask.svg").is_file()


def test_wider_grid_runs_only_what_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(run(study(), tmp_path)[1]) == 2
    _, done = run(study().grid({"facts": [8, 12]}), tmp_path, replace=True)
    assert done == ["table, seed 0, facts 12", "table, seed 1, facts 12"]
    assert "run anew" not in capsys.readouterr().err
    _, done = run(study().grid({"facts": [12, 16, 8]}), tmp_path)
    assert done == ["table, seed 0, facts 16", "table, seed 1, facts 16"]
    assert run(study(), tmp_path, replace=True)[1] == []


def test_variants_are_compared_in_every_cell(tmp_path: Path) -> None:
    result, done = run(study(Compared).grid({"model.seconds": [0, 1e-6]}), tmp_path)
    assert len(done) == 8
    assert result.observations["variant"].unique().sort().to_list() == ["few", "many"]


def test_preset_brings_its_grid() -> None:
    sweep = obverse.study("reversal-sweep")
    assert list(sweep.axes) == ["recipe.learning_rate", "recipe.batch_size"]
    assert len(sweep.plans()) == 9
    wider = obverse.study("reversal-sweep", grid={"recipe.batch_size": [8]})
    assert {key: list(values) for key, values in wider.axes.items()} == {
        "recipe.learning_rate": [1e-3, 3e-3, 6e-3], "recipe.batch_size": [8],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"fact": [1]}, "unknown setting 'fact'; did you mean facts"),
        ({"facts": ["many"]}, "the grid: facts: expected a whole number"),
        ({"facts": [8, "8"]}, "facts: the grid has 8 twice"),
        ({"facts": []}, "expected one value or more"),
        ({"facts": "8"}, "expected one value or more"),
        ({"facts": [True]}, "the grid: facts: expected a number, got true"),
        ({"model.layers": [2]}, "unknown setting 'model.layers'"),
        ({"model.seconds": ["long"]}, "the grid: model.seconds: expected a number"),
        (
            {"facts": range(8, 600)},
            "the grid makes 1,184 runs .592 cells × 1 variant × 1 model × 2 seeds",
        ),
        ([], "grid: expected settings and their values, as .*, got .."),
        ({3: [1]}, "grid: expected settings and their values"),
    ],
)
def test_grid_that_cannot_be_is_refused(axes: Any, said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        study().grid(axes)


def test_grid_and_setting_of_the_same_key_are_refused() -> None:
    with pytest.raises(ObverseError, match="is set to 9 and an axis of the grid"):
        study(settings={"facts": 9}).grid({"facts": [8]})
    with pytest.raises(ObverseError, match="facts: is an axis of the grid"):
        study().grid({"facts": [8]}).with_settings({"facts": 9})


def test_models_that_an_axis_makes_equal_are_refused() -> None:
    two = obverse.study(Capitals, models=[TableSpec(), TableSpec(name="slow", seconds=1)], seeds=1)
    with pytest.raises(ObverseError, match=r"with seconds 0.5 table, slow are one and the same model"):
        two.grid({"model.seconds": [0.5]})


def test_model_without_a_name_yet_is_told_by_its_path(tmp_path: Path) -> None:
    made = Study(experiment=Capitals(), models=(obverse.Checkpoint(path="some/where"),), seeds=(0,))
    with pytest.raises(ObverseError, match=r"model.layers belongs to a model made here; some/where has"):
        made.grid({"model.layers": [2]})


def test_no_run_at_most_is_no_thousand() -> None:
    with pytest.raises(ObverseError, match="the grid makes 2 runs"):
        study(grid={"facts": [8]}, most=0)


def test_many_runs_are_made_if_they_are_meant() -> None:
    assert len(study().grid({"facts": range(8, 600)}, most=1184).plans()) == 592


def test_cells_that_share_a_run_are_refused(tmp_path: Path) -> None:
    """The threshold matters only after the runs, and one variant has facts of its own."""
    with pytest.raises(
        ObverseError, match=r"threshold 0.6 are .* run: threshold changes .*--set.*result.evaluate"
    ):
        run(study().grid({"threshold": [0.5, 0.6]}), tmp_path)
    with pytest.raises(
        ObverseError, match=r"many, .* facts 9 and .* facts 10 are one and the same run: facts changes"
    ):
        run(study(Compared).grid({"facts": [9, 10]}), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}


class Labelled(Capitals):
    kind: str = "x"


class Measured(Capitals):
    entries: int = 3


@pytest.mark.parametrize(
    ("kind", "axis", "said"),
    [
        (Labelled, {"kind": ["a", "b"]}, "kind: the tables have a column of this name"),
        (Measured, {"entries": [1, 2]}, "entries: a measure has a column of this name"),
    ],
)
def test_axis_that_is_a_column_already_is_refused(
    kind: type[Capitals], axis: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ObverseError, match=said):
        run(study(kind).grid(axis), tmp_path)


def test_columns_have_the_type_of_their_values() -> None:
    assert column_type((1, 2)) is int
    assert column_type((1, 2.5)) is float
    assert column_type((True, False)) is bool
    assert column_type(("a", 1)) is str
