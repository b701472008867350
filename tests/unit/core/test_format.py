"""One way to write numbers."""

import math

import pytest

from obverse.core.format import count, interval, number, p_value, percent, whole


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.12345, "0.123"),
        (-1.5, "\u22121.500"),
        (-0.0001, "0.000"),
        (None, "\u2013"),
        (math.nan, "\u2013"),
    ],
)
def test_number(value: float | None, written: str) -> None:
    assert number(value) == written


def test_others() -> None:
    assert number(-2.55, 1) == "\u22122.5"
    assert interval(-1, 2, 1) == "[\u22121.0, 2.0]"
    assert interval(None, float("nan")) == "[\u2013, \u2013]"
    assert interval(-1, None, 1) == "[\u22121.0, \u221e]"
    assert interval(float("nan"), 1.2, 1) == "[\u2212\u221e, 1.2]"
    assert percent(0.12345) == "12.3"
    assert percent(None) == "\u2013"
    assert [p_value(p) for p in (0.0, 0.00099, 0.001, 0.5, None)] == [
        "<0.001", "<0.001", "0.001", "0.500", "\u2013",
    ]  # fmt: skip
    assert [count(n, "seed") for n in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
    assert count(3000, "seed") == "3,000 seeds"
    assert [count(n, "nat") for n in (1.0, 0.1, 1.5)] == ["1 nat", "0.1 nats", "1.5 nats"]
    assert [whole(n) for n in (1234567, -1234, 999)] == ["1,234,567", "−1,234", "999"]
    assert whole(None) == "\u2013"
