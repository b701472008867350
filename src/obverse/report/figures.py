"""One look for all figures, and their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl
import vl_convert

# Okabe and Ito's colours, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
SCALE = 2.0
STROKES = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolOpacity=1, symbolSize=300)


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, the name of its files, and the caption that belongs under it."""

    name: str
    caption: str
    chart: alt.TopLevelMixin


def lines_with_bands(
    table: pl.DataFrame, title: str, lines: Sequence[Any] = (), zero: bool = True, **shared: Any
) -> alt.LayerChart | alt.FacetChart:
    """Draw `mean` as lines, in bands from `low` to `high`.

    Args:
        title: of the y axis, which includes 0 if `zero`.
        lines: encodings of the lines alone; `shared` are those of lines and bands.
    """
    base = alt.Chart(table).encode(**shared)
    y = alt.Y("low:Q", title=title, scale=alt.Scale(zero=zero))
    return alt.layer(
        base.mark_area(opacity=0.13).encode(y=y, y2="high:Q"),
        base.mark_line(point=alt.OverlayMarkDef(size=30)).encode(*lines, y="mean:Q"),
    )


def styled(chart: Any) -> Any:
    """Apply the common look."""
    return (
        chart.configure(font="Helvetica, Arial, sans-serif", background="white")
        .configure_view(stroke=None)
        .configure_axis(
            grid=True, gridColor="#ececec", domainColor="#888", tickColor="#888",
            labelFontSize=11, titleFontSize=12, titleFontWeight="normal", labelLimit=220,
        )
        .configure_legend(labelFontSize=11, titleFontSize=12, titleFontWeight="normal", labelLimit=300)
        .configure_header(labelFontSize=12, titleFontSize=12, labelFontWeight="bold", labelLimit=300)
    )  # fmt: skip


def render(chart: alt.TopLevelMixin) -> tuple[str, bytes]:
    """Return the chart as SVG text and as PNG."""
    spec = styled(chart).to_dict()
    svg: str = vl_convert.vegalite_to_svg(spec)
    png: bytes = vl_convert.vegalite_to_png(spec, scale=SCALE)
    return svg, png
