"""What explains how a value differs between rows, where that is known."""

from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np
import polars as pl
import pytest

from obverse.stats.anova import Effect, main_effects

AXES = ("topic", "wording", "length")
Change = Callable[[int, int, int], float]
COMPLETE = list(product(range(4), range(5), range(3, 6)))


def changes(
    change: Change, cells: list[tuple[int, int, int]], noise: float = 0.1, seed: int = 1
) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
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


def over_seeds(
    change: Callable[[int, int, int, int], float], seeds: int = 4, noise: float = 0.1
) -> pl.DataFrame:
    parts = []
    for seed in range(seeds):
        table = changes(partial(change, seed), COMPLETE, noise, seed)
        parts.append(table.with_columns(pl.lit(seed).alias("seed")))
    return pl.concat(parts)


def test_what_seeds_do_in_ways_of_their_own_is_no_effect() -> None:
    """Each seed has its own favourite topics; averaged over seeds they would explain nearly all."""
    draw = np.random.default_rng(0)
    own = draw.normal(0, 1, (3, 4))
    table = over_seeds(lambda s, p, t, n: own[s, p], seeds=3)
    averaged = table.group_by(AXES, maintain_order=True).agg(pl.col("change").mean())
    naive = effects(averaged)[0]
    assert naive.over == "items"
    assert naive.share > 0.9
    assert naive.p < 0.001
    topic = effects(table)[0]
    assert topic.over == "seeds"
    assert topic.p > 0.05
    assert topic.own > 0.3


def test_what_all_seeds_do_is_an_effect() -> None:
    draw = np.random.default_rng(0)
    own = draw.normal(0, 0.1, (4, 4))
    topic, wording, _ = effects(over_seeds(lambda s, p, t, n: p + own[s, p]))
    assert topic.p < 0.01
    assert topic.share > 0.9 > 0.1 > topic.own
    assert wording.p > 0.05


def test_seeds_that_agree_in_every_value_are_no_trainings() -> None:
    one = changes(lambda p, t, n: 0.2 * p, COMPLETE)
    twice = pl.concat([one.with_columns(pl.lit(seed).alias("seed")) for seed in (0, 1)])
    assert effects(twice) == effects(one)


def test_axis_that_a_seed_cannot_tell_has_no_test() -> None:
    table = over_seeds(lambda s, p, t, n: float(p))
    lacking = table.filter((pl.col("seed") > 0) | (pl.col("topic") != "p1"))
    topic, wording, _ = effects(lacking)
    assert np.isnan(topic.p)
    assert not np.isnan(wording.p)


def test_no_axis_is_seldom_taken_for_one_over_seeds() -> None:
    """Each seed differs between topics in a way of its own; 5 % over three axes, all tests together."""
    draw = np.random.default_rng(0)
    table = over_seeds(lambda *_: 0.0, seeds=4)
    trials, wrong = 60, 0
    for _ in range(trials):
        own = draw.normal(0, 0.5, (4, 4, 5))
        of = [own[s, int(p[1]), int(t[1])] for s, p, t in table.select("seed", "topic", "wording").rows()]
        values = pl.Series("change", draw.normal(0, 1, len(table)) + np.array(of))
        wrong += any(test.p < 0.05 for test in effects(table.with_columns(values)))
    assert wrong / trials <= 0.11


def test_rows_with_a_missing_value_or_label_are_left_out() -> None:
    rows = pl.DataFrame(
        {
            "seed": [0] * 6 + [1] * 6,
            "a": ["x", "y", "x", "y", "x", None] * 2,
            "y": [1.0, 4.0, 2.0, 3.0, None, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0],
        }
    )
    assert main_effects(rows, "y", ["a"]) == main_effects(rows.drop_nulls(), "y", ["a"]) != []
