"""A claim that cannot be evaluated or written down is refused where it is made."""

import math
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from obverse.core.claim import Above, Claim, Within
from obverse.core.errors import ObverseError
from obverse.stats.verdict import evaluate

ROWS = {"ask": pl.DataFrame({"model": ["m"], "family": [None], "seed": [0]})}


def claim(**given: Any) -> Claim:
    return Claim(
        **{"id": "a", "text": "a", "estimate": lambda rows: None, "criterion": Above(0), **given}
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"criterion": 0.5}, "its criterion is 0.5; expected Above"),
        ({"criterion": Above(math.nan)}, "expected a finite number in it"),
        ({"criterion": Within("x")}, "expected a finite number in it"),  # type: ignore[arg-type]
        ({"role": "main"}, "role: expected one of primary, control, explored, got 'main'"),
        ({"by": "seed"}, "by: expected model or family"),
        ({"paper": math.nan}, "paper: expected a finite number"),
        ({"paper": "0.5"}, "paper: expected a finite number"),
        ({"criterion": Above}, "expected Above, Below or Within"),
        ({"criterion": Within(0)}, "expected a margin above 0"),
        ({"estimate": None}, "estimate: expected a function of the rows"),
        ({"needs": "other"}, "needs: expected a tuple of ids"),
        ({"needs": None}, "needs: expected a tuple of ids"),
        ({"text": None}, "text: expected text"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_training(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        claim(**given)


@pytest.mark.parametrize(
    ("given", "value", "said"),
    [
        ({"criterion": lambda rows: None}, 0.5, "its criterion is None; expected Above"),
        ({}, math.nan, "its estimate is nan; expected a finite number, or "),
    ],
)
def test_what_rows_give_and_is_no_criterion_or_number_is_refused(
    given: dict[str, Any], value: float, said: str
) -> None:
    estimate = SimpleNamespace(value=value, p_greater=None)
    with pytest.raises(ObverseError, match=said):
        evaluate([claim(estimate=lambda rows: estimate, **given)], ROWS)
