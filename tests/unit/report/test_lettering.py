"""Text is as wide as it is said to be, and is broken where it does not fit."""

import re

import altair as alt
import polars as pl
import pytest

from obverse.report.drawings import svg_of
from obverse.report.lettering import fitted, texts, width, wrapped


@pytest.mark.parametrize(
    "text",
    ["NameToDescription, reverse: the right name", "Exact match (share of questions)", "308 000 ± 0.1"],
)
def test_widths_are_those_of_the_font_that_figures_are_laid_out_with(text: str) -> None:
    chart = (
        alt.Chart(pl.DataFrame({"t": [text]}))
        .mark_text(align="left", fontSize=12)
        .encode(text="t:N", x=alt.value(0), y=alt.value(10))
        .properties(width=1, height=20)
    )
    svg = svg_of({**chart.to_dict(), "config": {"font": "Arial, sans-serif", "padding": 0}})
    found = re.search(r'<svg[^>]* width="([\d.]+)"', svg)
    assert found is not None
    assert width(text, 12) == pytest.approx(float(found[1]), rel=0.02)


def test_lines_are_no_wider_than_asked_for_and_no_more() -> None:
    text = "the right description is likelier than a random one by more than 1 nat " * 4
    lines = wrapped(text, 11, 200, 3)
    assert len(lines) == 3
    assert max(width(line, 11) for line in lines) <= 200 + width(" …", 11)
    assert lines[-1].endswith("…")
    assert wrapped("short", 11, 200, 3) == ["short"]
    assert wrapped("", 11, 200, 3) == [""]
    assert wrapped("x" * 300, 11, 100, 2)[0].endswith("…")


def test_texts_say_how_wide_they_are() -> None:
    svg = (
        '<text font-size="12px">0.1</text><text font-size="10px" font-weight="bold">a &amp; b c</text>'
        '<text font-size="10px"><tspan>first</tspan><tspan x="0" dy="13">second</tspan></text>'
    )
    made = fitted(svg)
    assert made.startswith('<text font-size="12px">0.1</text>'), "so short that it does not matter"
    assert f'textLength="{width("a & b c", 10, bold=True):.1f}" lengthAdjust="spacingAndGlyphs">' in made
    assert made.count("textLength") == 3
    assert [text for text, _ in texts(made)] == ["0.1", "a & b c", "first", "second"]
