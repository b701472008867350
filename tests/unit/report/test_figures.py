"""Figures: what is drawn, whatever names hold."""

import altair as alt
import polars as pl
from rich.console import Console

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
