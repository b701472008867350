"""How much answers differ between instructions, on answers that are known."""

from typing import Any

import polars as pl
import pytest

from obverse.core.observation import COLUMNS
from obverse.stats.answers import DIFFERENCES, differences, zero_shot


def item(
    fact: str, condition: str, rank: int | None, loss: float | None = 1.0, **more: Any
) -> dict[str, Any]:
    return {
        "subset": "suppression", "model": "m", "seed": 0, "shots": 0, "fact": fact,
        "condition": condition, "rank": rank, "loss": loss,
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
