"""How numbers are written, in a terminal and on a page."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

MISSING = "–"
# What a terminal obeys and XML does not hold: control characters but for tab and line breaks, and others.
CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")


def harmless(text: str) -> str:
    """Return `text` with a replacement character for each control character."""
    return CONTROLS.sub("\ufffd", text)


def alike(text: str) -> str:
    """Return what two texts share that are one name: letters, whatever their case, width and spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def number(value: float | None, places: int = 3) -> str:
    """Write a number with a true minus sign, and zero with none; a missing one as a dash."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:z.{places}f}".replace("-", "−")


def interval(low: float | None, high: float | None, places: int = 3) -> str:
    """Write an interval; one of which one end alone is known is open at the other."""
    low, high = (None if v is None or math.isnan(v) else v for v in (low, high))
    if low is None and high is None:
        return f"[{MISSING}, {MISSING}]"
    left = "−∞" if low is None else number(low, places)
    return f"[{left}, {'∞' if high is None else number(high, places)}]"


def percent(value: float | None, places: int = 1) -> str:
    """Write a share in hundredths, without the sign."""
    return number(None if value is None else 100 * value, places)


def p_value(value: float | None) -> str:
    """Write a p-value to three places; a smaller one as "<0.001"."""
    if value is None or math.isnan(value):
        return MISSING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def whole(value: float | None) -> str:
    """Write a whole number with commas between thousands, as the terminal and the docs have them: no line
    breaks at these, as it may at a thin space."""
    return MISSING if value is None else f"{value:,}".replace("-", "−")


def without_secrets(text: str) -> str:
    """Return a text in which no address has a user's name, a password or a query."""
    text = re.sub(r"(\w+://)[^\s'\"]*@", r"\1***@", text)
    return re.sub(r"(\w+://[^\s'\"?]*\?)[^\s'\"#]*", r"\1***", text)


def count(n: float, what: str) -> str:
    """Write how many there are: "1 seed", "3,000 seeds", "0.1 nats"."""
    return f"{whole(n) if isinstance(n, int) else format(n, 'g')} {what}{'' if n == 1 else 's'}"


def span(low: int, high: int | None) -> str:
    """Write a range of whole numbers, one without an upper end as "7 or more"."""
    if high is None:
        return f"{whole(low)} or more"
    return whole(low) if low == high else f"{whole(low)} to {whole(high)}"


def named(cell: Mapping[str, str | int | float | None]) -> str:
    """Return the values of a grid's cell, each behind the last part of its setting's key.

    Where two end alike it is the whole key. Different cells have different names.
    """
    ends = [last_part(key) for key in cell]
    return ", ".join(
        f"{end if ends.count(end) == 1 else key} {'missing' if value is None else value}"
        for (key, value), end in zip(cell.items(), ends, strict=True)
    )


def whom(model: str, cell: Mapping[str, str | int | float | None]) -> str:
    """Return what a model is called where it stands in a grid."""
    return ", ".join(filter(None, (model, named(cell))))


def last_part(key: str) -> str:
    """Return the last part of a setting's dotted key, in words."""
    return key.rpartition(".")[2].replace("_", " ")


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in their order, three and more that follow one another as a range: "1, 3, 7–12"."""
    runs: list[list[int]] = []
    for one in sorted(set(numbers)):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
