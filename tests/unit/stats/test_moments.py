"""The last moment of a model, where some moments are revisions and the finished model has no tokens."""

from typing import Any

import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.stats.moments import is_last


def last(*rows: dict[str, Any]) -> list[str]:
    """Return the names of the models whose rows are of a last moment."""
    return pl.DataFrame(rows, schema=dict(LEADING)).filter(is_last())["model"].to_list()


def moment(
    model: str, tokens: int | None, size: int | None = 10, family: str | None = "f"
) -> dict[str, Any]:
    return {"model": model, "tokens": tokens, "parameters": size, "family": family}


def test_finished_model_comes_after_its_own_steps() -> None:
    steps = [moment("m@step0", 0), moment("m@step9", 9)]
    assert last(*steps) == ["m@step9"]
    assert last(moment("m", None), *steps) == ["m"]
    assert last(*steps, moment("m", None)) == ["m"]


def test_each_size_and_family_has_its_own_last_moment() -> None:
    rows = [
        moment("small", 5, 10), moment("small@1", 1, 10), moment("large@3", 3, 20),
        moment("other@2", 2, 10, "g"),
    ]  # fmt: skip
    assert last(*rows) == ["small", "large@3", "other@2"]


@pytest.mark.parametrize("size", [10, None])
def test_models_without_a_family_are_not_moments_of_one_another(size: int | None) -> None:
    rows = [moment("a", 5, size, None), moment("b", None, size, None), moment("a", 1, size, None)]
    assert last(*rows) == ["a", "b"]


def test_models_alone_are_at_their_last_moment() -> None:
    assert last(moment("a", None, None), moment("b", None, None)) == ["a", "b"]
