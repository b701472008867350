"""What explains how items change from the smallest to the largest model, where that is known."""

from collections.abc import Callable
from itertools import product

import numpy as np
import polars as pl
import pytest

from obverse.core.observation import COLUMNS
from obverse.stats.slices import AXES, axis_tests, item_changes

Change = Callable[[int, int, int], float]
COMPLETE = list(product(range(4), range(5), range(3, 6)))


def observed(change: Change, sizes: tuple[int, ...] = (10, 100, 1000), seeds: int = 2) -> pl.DataFrame:
    """Observe items whose loss changes so from the smallest to the largest model."""
    draw = np.random.default_rng(0)
    rows = []
    for p, t, n in COMPLETE:
        level = draw.normal()
        for seed, size in product(range(seeds), sizes):
            loss = level + seed + (change(p, t, n) if size == max(sizes) else 0.0)
            rows.append(
                {
                    "subset": "suppression", "condition": "against", "shots": 0, "parameters": size,
                    "seed": seed, "fact": f"{p}/{t}/{n}", "pattern": f"p{p}", "template": f"t{t}",
                    "repetitions": n, "loss": loss,
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def changes(change: Change, cells: list[tuple[int, int, int]], noise: float = 0.1) -> pl.DataFrame:
    draw = np.random.default_rng(1)
    return pl.DataFrame(
        [
            {
                "fact": f"{p}/{t}/{n}", "pattern": f"p{p}", "template": f"t{t}", "repetitions": n,
                "change": change(p, t, n) + draw.normal(0, noise),
            }
            for p, t, n in cells
        ]
    )  # fmt: skip


def test_change_is_from_the_smallest_to_the_largest() -> None:
    table = item_changes(observed(lambda p, t, n: p - 10.0 * t))
    assert table.columns == ["fact", *AXES, "change"]
    assert len(table) == len(COMPLETE)
    for row in table.iter_rows(named=True):
        p, t, n = map(int, row["fact"].split("/"))
        assert row["change"] == pytest.approx(p - 10 * t)
        assert (row["pattern"], row["template"], row["repetitions"]) == (f"p{p}", f"t{t}", n)


def test_items_of_no_grid_change_too_and_nothing_explains_it() -> None:
    table = observed(lambda p, t, n: p - 10.0 * t)
    own = table.with_columns(pl.lit(None, table.schema[axis]).alias(axis) for axis in AXES)
    assert item_changes(own)["change"].to_list() == item_changes(table)["change"].to_list()
    assert axis_tests(item_changes(own)) == []


def test_one_size_changes_nothing() -> None:
    table = item_changes(observed(lambda *_: 1.0, sizes=(10,)))
    assert table.is_empty()
    assert table.columns == ["fact", *AXES, "change"]
    assert axis_tests(table) == []


@pytest.mark.parametrize("axis", range(3))
def test_axis_that_explains_the_change_is_found(axis: int) -> None:
    found = axis_tests(changes(lambda *cell: 0.2 * cell[axis], COMPLETE))
    assert [test.axis for test in found] == list(AXES)
    assert [test.levels for test in found] == [4, 5, 3]
    assert [test.p < 0.05 for test in found] == [i == axis for i in range(3)]
    assert found[axis].share > 0.5 > max(t.share for i, t in enumerate(found) if i != axis)


def test_axis_is_not_credited_with_what_another_explains() -> None:
    """On a grid with gaps, where some patterns come mostly with some templates."""
    gaps = [cell for cell in COMPLETE if (cell[0] < 2) == (cell[1] < 2) or cell[2] == 3]
    table = changes(lambda p, t, n: float(p), gaps)
    alone = table.group_by("template").agg(pl.col("change").mean())["change"]
    assert alone.max() - alone.min() > 0.5, "templates would seem to matter"  # type: ignore[operator]
    pattern, template, repetitions = axis_tests(table)
    assert pattern.p < 1e-6
    assert template.p > 0.05
    assert repetitions.p > 0.05
    assert template.share < 0.01


def test_axis_without_levels_is_left_out() -> None:
    table = changes(lambda p, t, n: float(p), COMPLETE).with_columns(pl.lit("t").alias("template"))
    assert [test.axis for test in axis_tests(table)] == ["pattern", "repetitions"]


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_equal_changes_are_explained_by_nothing(value: float) -> None:
    same = item_changes(observed(lambda *_: value))
    assert same["change"].to_list() == pytest.approx([value] * len(COMPLETE))
    assert axis_tests(same) == []
    assert axis_tests(changes(lambda *_: value, COMPLETE, noise=0)) == []


def test_change_without_any_noise() -> None:
    pattern, template, repetitions = axis_tests(changes(lambda p, t, n: 0.1 * p, COMPLETE, noise=0))
    assert pattern.p == 0
    assert pattern.share == pytest.approx(1)
    assert (template.p, repetitions.p) == (1, 1)


def test_no_axis_is_seldom_taken_for_one() -> None:
    draw = np.random.default_rng(0)
    table = changes(lambda *_: 0.0, COMPLETE)
    trials, wrong = 300, 0
    for _ in range(trials):
        noise = table.with_columns(pl.Series("change", draw.normal(0, 1, len(table))))
        wrong += any(test.p < 0.05 for test in axis_tests(noise))
    assert 0 < wrong / trials <= 0.08
