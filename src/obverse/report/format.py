"""How numbers are written on a page."""

import math
from collections.abc import Callable
from typing import Any

MISSING = "–"


def number(value: float | None, places: int = 3) -> str:
    """Write a number with a true minus sign, and zero with none; a missing one as a dash."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:z.{places}f}".replace("-", "−")


def percent(value: float | None, places: int = 1) -> str:
    return MISSING if value is None or math.isnan(value) else f"{100 * value:.{places}f}"


def p_value(value: float | None) -> str:
    if value is None or math.isnan(value):
        return MISSING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def whole(value: float | None) -> str:
    """Write a whole number with thin spaces between thousands."""
    return MISSING if value is None else f"{value:,}".replace(",", " ")


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "p_value": p_value,
    "whole": whole,
}
