"""How much answers differ between instructions and sizes, on answers that are known."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.experiments.repetition import questions
from obverse.experiments.repetition.answers import (
    AXES,
    DIFFERENCES,
    UNITS,
    differences,
    induction_gains,
    item_changes,
    named,
    zero_shot,
)
from obverse.measures.ask import Ask
from obverse.stats.anova import main_effects
from obverse.stats.trend import change, points

COLUMNS = LEADING | questions.COLUMNS | dict(Ask.columns)


def item(
    fact: str, condition: str, rank: int | None, loss: float | None = 1.0, **more: Any
) -> dict[str, Any]:
    return {
        "subset": "suppression", "model": "m", "seed": 0, "shots": 0, "fact": fact,
        "sequence": fact, "condition": condition, "rank": rank, "loss": loss,
    } | more  # fmt: skip


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS)


def test_differences_are_of_the_same_item() -> None:
    found = differences(
        table(
            item("a", "against", 1, 0.5), item("b", "against", 2, 2.0), item("c", "against", 2),
            item("c", "follow", 2), item("b", "follow", 1, 0.25), item("a", "follow", 2, 3.0),
        ),
        "follow",
    )  # fmt: skip
    assert found.select("fact", *DIFFERENCES).rows() == [
        ("a", 1.0, -2.5, 1.0), ("b", -1.0, 1.75, 1.0), ("c", 0.0, 0.0, 0.0),
    ]  # fmt: skip


def test_items_are_held_against_the_sequence_that_they_show() -> None:
    """Without an instruction it was asked about once; there are as many facts as sequences."""
    found = differences(
        table(
            item("a", "against", 1, 0.5, sequence="x", template="t"),
            item("b", "against", 2, 2.0, sequence="x", template="u"),
            item("c", "against", 2, 1.0, sequence="y", template="t"),
            item("x", "none", 2, 1.5, sequence="x"), item("y", "none", 2, 0.25, sequence="y"),
        ),
        "none",
    )  # fmt: skip
    assert found.select("fact", "template", *DIFFERENCES).rows() == [
        ("x", "t", 1.0, -1.0, 1.0), ("x", "u", 0.0, 0.5, 0.0), ("y", "t", 0.0, 0.75, 0.0),
    ]  # fmt: skip


def test_moments_seeds_and_conditions_are_kept_apart() -> None:
    asked = table(
        item("a", "against", 1, tokens=5), item("a", "against", 2, tokens=None),
        item("a", "follow", 1, tokens=5), item("a", "follow", 1, tokens=None),
        item("a", "none", 2, tokens=5), item("a", "follow", 2, tokens=5, shots=1),
        item("a", "against", 2, tokens=5, seed=1),
    )  # fmt: skip
    assert differences(asked, "follow").select("tokens", "correct").rows() == [(5, 0.0), (None, -1.0)]
    assert differences(asked, "none").select("tokens", "correct").rows() == [(5, 1.0)]
    assert len(zero_shot(asked)) == 3


def test_what_was_not_measured_is_missing() -> None:
    unknown = table(item("a", "against", None, None), item("a", "follow", 1))
    assert differences(unknown, "follow").select(*DIFFERENCES).row(0) == (None, None, None)
    assert differences(unknown, "none").is_empty()
    answers = [
        item("a", condition, None, None, exact_match=right)
        for condition, right in (("against", True), ("follow", False))
    ]
    (row,) = differences(table(*answers), "follow").select(*DIFFERENCES).rows()
    assert row == pytest.approx((1.0, None, 1.0))


def test_what_is_no_item_without_examples_is_left_out() -> None:
    rows = table(
        item("a", "against", 1), item("b", "against", 2), item("c", "against", None, exact_match=True),
        item("a", "follow", 2), item("a", "against", 2, shots=2),
        {"subset": "induction", "copy": "first", "fact": "s", "seed": 0, "rank": 1},
    )  # fmt: skip
    assert zero_shot(rows).select("fact", "correct").rows() == [("a", 1.0), ("b", 0.0), ("c", 1.0)]
    assert zero_shot(rows, "follow").select("fact", "correct").rows() == [("a", 0.0)]


def test_induction_is_the_gain_of_the_second_copy() -> None:
    sizes = tuple(10**k for k in (6, 7, 8, 9, 10))
    rows = table(
        *(
            {
                "subset": "induction", "copy": copy, "model": f"m{size}", "parameters": size,
                "seed": 0, "step": 0, "fact": f"sequence-{n}", "target": " apple river stone cloud",
                "logprob": -20.0 + (4 * (0.5 * k + 0.01 * n) if copy == "second" else 0.0),
            }
            for k, size in enumerate(sizes)
            for n in range(6)
            for copy in ("first", "second")
        )
    )  # fmt: skip
    gains = induction_gains(rows)
    gained = change(gains, "parameters", "gain", UNITS)
    assert gained is not None
    assert gained.value == pytest.approx(0.5 * 4)  # nats a word, over four factors of ten
    first = points(gains, "parameters", "gain", UNITS)
    assert first is not None
    assert first["y"].min() == pytest.approx(0)


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


def test_change_is_from_the_smallest_to_the_largest() -> None:
    table = item_changes(observed(lambda p, t, n: p - 10.0 * t))
    assert table.columns == ["fact", "seed", *AXES, "change"]
    assert len(table) == 2 * len(COMPLETE)
    for row in table.iter_rows(named=True):
        p, t, n = map(int, row["fact"].split("/"))
        assert row["change"] == pytest.approx(p - 10 * t)
        assert (row["pattern"], row["template"], row["repetitions"]) == (f"p{p}", f"t{t}", n)


def test_items_of_no_grid_change_too_and_nothing_explains_it() -> None:
    table = observed(lambda p, t, n: p - 10.0 * t)
    own = table.with_columns(pl.lit(None, table.schema[axis]).alias(axis) for axis in AXES)
    assert item_changes(own)["change"].to_list() == item_changes(table)["change"].to_list()
    assert main_effects(item_changes(own), "change", AXES) == []


def test_one_size_changes_nothing() -> None:
    table = item_changes(observed(lambda *_: 1.0, sizes=(10,)))
    assert table.is_empty()
    assert table.columns == ["fact", "seed", *AXES, "change"]
    assert main_effects(table, "change", AXES) == []


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_equal_changes_are_explained_by_nothing(value: float) -> None:
    same = item_changes(observed(lambda *_: value))
    assert same["change"].to_list() == pytest.approx([value] * len(same))
    assert main_effects(same, "change", AXES) == []


def chat(*answers: tuple[bool, bool]) -> pl.DataFrame:
    """Return items whose answers are (right, names a class)."""
    return table(
        *(item(f"{n}", "against", None, None, exact_match=right, named=names)
          for n, (right, names) in enumerate(answers))
    )  # fmt: skip


def test_answers_that_name_no_class_are_no_wrong_choice() -> None:
    rows = chat(*[(True, True)] * 6, *[(False, True)] * 3, (False, False))
    assert zero_shot(rows)["correct"].to_list() == [1.0] * 6 + [0.0] * 3 + [None]
    assert named(rows).rows() == [("m", 10, 0.9, pytest.approx(6 / 9))]


def test_nothing_is_said_of_a_model_that_seldom_names_a_class() -> None:
    rows = chat((True, True), *[(False, False)] * 9)
    assert zero_shot(rows)["correct"].null_count() == 10
    assert change(zero_shot(rows), "parameters", "correct", UNITS, (0, 1)) is None


def test_scored_models_are_judged_by_their_scores() -> None:
    assert zero_shot(table(item("a", "against", 1), item("b", "against", 2)))["correct"].to_list() == [
        1,
        0,
    ]
