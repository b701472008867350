"""What explains how a value differs between rows, where that is known."""

from collections.abc import Callable
from itertools import product

import numpy as np
import polars as pl
import pytest

from obverse.stats.anova import Effect, main_effects

AXES = ("topic", "wording", "length")
Change = Callable[[int, int, int], float]
COMPLETE = list(product(range(4), range(5), range(3, 6)))


def changes(change: Change, cells: list[tuple[int, int, int]], noise: float = 0.1) -> pl.DataFrame:
    draw = np.random.default_rng(1)
    return pl.DataFrame(
        [
            {
                "topic": f"p{p}", "wording": f"t{t}", "length": n,
                "change": change(p, t, n) + draw.normal(0, noise),
            }
            for p, t, n in cells
        ]
    )  # fmt: skip


def effects(rows: pl.DataFrame) -> list[Effect]:
    return main_effects(rows, "change", AXES)


@pytest.mark.parametrize("axis", range(3))
def test_axis_that_explains_the_change_is_found(axis: int) -> None:
    found = effects(changes(lambda *cell: 0.2 * cell[axis], COMPLETE))
    assert [test.axis for test in found] == list(AXES)
    assert [test.levels for test in found] == [4, 5, 3]
    assert [test.p < 0.05 for test in found] == [i == axis for i in range(3)]
    assert found[axis].share > 0.5 > max(t.share for i, t in enumerate(found) if i != axis)


def test_axis_is_not_credited_with_what_another_explains() -> None:
    """On a grid with gaps, where some topics come mostly with some wordings."""
    gaps = [cell for cell in COMPLETE if (cell[0] < 2) == (cell[1] < 2) or cell[2] == 3]
    table = changes(lambda p, t, n: float(p), gaps)
    alone = table.group_by("wording").agg(pl.col("change").mean())["change"]
    assert alone.max() - alone.min() > 0.5, "wordings would seem to matter"  # type: ignore[operator]
    topic, wording, length = effects(table)
    assert topic.p < 1e-6
    assert wording.p > 0.05
    assert length.p > 0.05
    assert wording.share < 0.01


def test_axis_without_levels_is_left_out() -> None:
    table = changes(lambda p, t, n: float(p), COMPLETE).with_columns(pl.lit("t").alias("wording"))
    assert [test.axis for test in effects(table)] == ["topic", "length"]


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_equal_values_are_explained_by_nothing(value: float) -> None:
    assert effects(changes(lambda *_: value, COMPLETE, noise=0)) == []
    rounded = changes(lambda p, t, n: value + 1e-15 * p, COMPLETE, noise=0)
    assert effects(rounded) == []


def test_too_few_rows_explain_nothing() -> None:
    assert effects(changes(lambda p, t, n: float(p), COMPLETE[:2])) == []
    square = [(0, 0, 3), (0, 1, 3), (1, 0, 3), (1, 1, 4)]
    assert effects(changes(lambda p, t, n: float(p), square)) == [], "as many columns as rows"


def test_change_without_any_noise() -> None:
    topic, wording, length = effects(changes(lambda p, t, n: 0.1 * p, COMPLETE, noise=0))
    assert topic.p == 0
    assert topic.share == pytest.approx(1)
    assert (wording.p, length.p) == (1, 1)


def test_no_axis_is_seldom_taken_for_one() -> None:
    draw = np.random.default_rng(0)
    table = changes(lambda *_: 0.0, COMPLETE)
    trials, wrong = 300, 0
    for _ in range(trials):
        noise = table.with_columns(pl.Series("change", draw.normal(0, 1, len(table))))
        wrong += any(test.p < 0.05 for test in effects(noise))
    assert 0 < wrong / trials <= 0.08
