"""Figures: what is drawn, whatever names hold."""

import altair as alt
import polars as pl
import pytest
from rich.console import Console

from obverse.report.figures import whole_marks
from obverse.studies.progress import say
from tests.drawn import render


def test_control_characters_do_not_end_the_drawing() -> None:
    table = pl.DataFrame({"x": [1.0], "name": ["a\x1b[31mred\x00\x9b"]})
    svg, png = render(alt.Chart(table).mark_point().encode(x="x:Q", color="name:N"))
    assert "a\ufffd[31mred" in svg
    assert png[:4] == b"\x89PNG"


def test_terminal_is_given_no_orders() -> None:
    console = Console(record=True, width=80)
    with console.capture() as shown:
        say(console, "a\x1b]0;pwn\x07b\n[bold]c")
    assert shown.get() == "a\ufffd]0;pwn\ufffdb\n[bold]c\n"


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([0, 2], [0, 1, 2]),
        ([1, 4, 2], [1, 2, 3, 4]),
        ([0, 20], [0, 5, 10, 15, 20]),
        ([3, 3], [3]),
        ([0.5, 2.5], [1, 2]),
        ([-3, 10], [0, 5, 10]),
        ([], [0]),
        ([0, 4000], [0, 1000, 2000, 3000, 4000]),
    ],
)
def test_whole_numbers_are_marked(values: list[float], marks: list[int]) -> None:
    assert whole_marks(values) == marks
