"""Curves over moments: where the moments stand, and what is drawn."""

from typing import Any

from obverse.core.page import Figure
from obverse.report import moments
from obverse.report.read import read
from tests import drawn
from tests.drawn import render
from tests.left_behind import Leave, asked


def curves(leave: Leave, rows: list[dict[str, Any]], **changes: Any) -> list[Figure]:
    section = moments.section(read(leave(rows, **changes)), "facts")
    return [] if section is None else [part for part in section.parts if isinstance(part, Figure)]


def line(figure: Figure) -> list[dict[str, Any]]:
    return drawn.rows(figure.chart)


def axis(figure: Figure) -> Any:
    return drawn.axis(figure.chart)


def test_curves_are_over_epochs(leave: Leave) -> None:
    (figure,) = curves(leave, asked())
    assert axis(figure)["title"] == "Epochs"
    left = [(row["x"], row["mean"]) for row in line(figure) if row["series"] == "left"]
    assert left == [(0, 0), (1, 0.375), (2, 0.875)]
    assert "thin lines: each seed alone" in figure.caption
    assert "dashed: chance" in figure.caption
    render(figure.chart)


def test_one_moment_gives_no_curve(leave: Leave) -> None:
    assert curves(leave, asked(epochs=(2,))) == []


def test_moments_within_an_epoch_stand_by_tokens_on_a_log_scale(leave: Leave) -> None:
    rows = [
        row | {"epoch": 0, "step": 2 ** row["epoch"], "tokens": 10 ** row["epoch"]} for row in asked()
    ]
    (figure,) = curves(leave, rows)
    assert axis(figure)["title"] == "Training tokens"
    assert axis(figure)["scale"]["type"] == "log"
    assert sorted({row["x"] for row in line(figure)}) == [1, 10, 100]


def test_moments_that_lie_further_and_further_apart_stand_by_tokens(leave: Leave) -> None:
    rows = [row | {"tokens": 10 ** row["epoch"]} for row in asked(epochs=(0, 1, 2, 3))]
    (figure,) = curves(leave, rows)
    assert axis(figure)["title"] == "Training tokens"


def test_start_has_no_place_on_a_log_scale_and_that_is_said(leave: Leave) -> None:
    rows = [row | {"epoch": 0} for row in asked()]
    (figure,) = curves(leave, rows)
    assert sorted({row["x"] for row in line(figure)}) == [100, 200]
    assert "before any training has no place" in figure.caption


def test_without_tokens_moments_stand_by_steps(leave: Leave) -> None:
    rows = [row | {"epoch": 0, "tokens": None} for row in asked()]
    (figure,) = curves(leave, rows)
    assert axis(figure)["title"] == "Steps"


def test_stages_follow_one_another(leave: Leave) -> None:
    first = [row | {"stage": "Stage 1", "final": False} for row in asked()]
    second = [
        row | {"stage": "Stage 2", "tokens": row["tokens"] + 200} for row in asked() if row["epoch"] > 0
    ]
    (figure,) = curves(leave, first + second)
    assert axis(figure)["title"] == "Epochs since the start"
    assert sorted({row["x"] for row in line(figure)}) == [0, 1, 2, 3, 4]
    starts = [{"stage": "Stage 1", "x": 0.0}, {"stage": "Stage 2", "x": 2.0}]
    assert starts in drawn.datasets(figure.chart)
    render(figure.chart)


def test_first_stage_that_was_not_followed_takes_no_room(leave: Leave) -> None:
    quiet = [row | {"stage": "Stage 0", "final": False} for row in asked(epochs=(0, 90))]
    later = [row | {"stage": "Stage 1"} for row in asked(epochs=(1, 2, 3))]
    (figure,) = curves(leave, quiet + later)
    assert axis(figure)["title"] == "Epochs since the end of Stage 0"
    assert sorted({row["x"] for row in line(figure)}) == [0, 1, 2, 3]
    # At 0 stands the end of Stage 0, where the left side is known, and not its start.
    assert next(row["mean"] for row in line(figure) if row["x"] == 0 and row["series"] == "left") == 0.875


def test_checkpoints_are_moments_of_one_model(leave: Leave) -> None:
    rows = [
        row | {"model": f"m@{row['tokens']}", "run": f"m@{row['tokens']}-{row['seed']}", "family": "f",
               "epoch": 0, "step": 0}
        for row in asked(epochs=(1, 2, 4))
    ]  # fmt: skip
    (figure,) = curves(leave, rows)
    assert axis(figure)["title"] == "Training tokens"
    assert drawn.panels(figure.chart) == [""]
    assert sorted({row["x"] for row in line(figure)}) == [100, 200, 400]


def test_models_and_variants_have_panels_on_the_same_axes(leave: Leave) -> None:
    rows = [
        row | {"model": model, "variant": variant, "run": f"{model}{variant}{row['seed']}"}
        for row in asked() for model in ("m", "n") for variant in ("a", "b")
    ]  # fmt: skip
    (figure,) = curves(leave, rows, variants={"a": {}, "b": {}})
    assert drawn.panels(figure.chart) == ["m · a", "m · b", "n · a", "n · b"]
    assert drawn.axis(figure.chart, "y")["scale"]["domain"] == [-0.025, 1.025]


def test_too_many_panels_are_cut_and_said_to_be(leave: Leave) -> None:
    rows = [row | {"model": f"m{n}", "run": f"{n}-{row['seed']}"} for row in asked() for n in range(20)]
    (figure,) = curves(leave, rows)
    assert len(drawn.panels(figure.chart)) == 18
    assert "The first 18 of 20 panels." in figure.caption


def test_label_with_more_values_than_panels_is_averaged_over_and_said_to_be(leave: Leave) -> None:
    rows = [row | {"side": f"side {n}"} for row in asked() for n in range(25)]
    (figure,) = curves(leave, rows)
    assert {row["series"] for row in line(figure)} == {"all"}
    assert "Averaged over side." in figure.caption


def test_missing_moment_is_a_gap_and_not_zero(leave: Leave) -> None:
    rows = [row | ({"exact_match": None} if row["epoch"] == 1 else {}) for row in asked()]
    (figure,) = curves(leave, rows)
    assert sorted({row["x"] for row in line(figure)}) == [0, 2]
