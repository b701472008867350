"""One look for all figures, and their files."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from obverse.core.format import harmless
from obverse.store import files

# Okabe and Ito's colours, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
AMBER, SKY, BLACK = "#E69F00", "#56B4E9", "#1d1d1f"
PALETTE = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY, BLACK)
SCALE = 2.0
MOST_DOTS = 200  # of single seeds in a row: more lie on one another, and a page grows with each
STROKES = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolOpacity=1, symbolSize=300)


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


def spread(values: Sequence[float]) -> list[float]:
    """Return at most MOST_DOTS of some values, evenly from the smallest to the largest."""
    ordered, n = sorted(values), len(values)
    if n <= MOST_DOTS:
        return list(values)
    return [ordered[i * (n - 1) // (MOST_DOTS - 1)] for i in range(MOST_DOTS)]


def spread_rows(seeds: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the rows of at most MOST_DOTS seeds in each group, evenly by their `value`."""
    if seeds.is_empty() or seeds.group_by(by).len()["len"].max() <= MOST_DOTS:  # type: ignore[operator]
        return seeds
    place, n = pl.int_range(pl.len()).over(by), pl.len().over(by)
    step = (place * MOST_DOTS) // n
    kept = (n <= MOST_DOTS) | (step != ((place - 1) * MOST_DOTS) // n) | (place == n - 1)
    return seeds.sort(*by, "value").filter(kept)


def colours(names: Sequence[str]) -> alt.Scale:
    """Return a colour for each of the names, at most as many as PALETTE has."""
    return alt.Scale(domain=list(names), range=list(PALETTE[: len(names)]))


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
        .configure_title(fontSize=12, fontWeight="bold", anchor="start")
    )  # fmt: skip


def render(chart: alt.TopLevelMixin) -> tuple[str, bytes]:
    """Return the chart as SVG text and as PNG."""
    with alt.data_transformers.disable_max_rows():
        spec = _harmless(styled(chart).to_dict())
    svg: str = vl_convert.vegalite_to_svg(spec)
    png: bytes = vl_convert.vegalite_to_png(spec, scale=SCALE)
    return svg, png


def _harmless(spec: Any) -> Any:
    """Return a specification without control characters, of which the drawing would die."""
    if isinstance(spec, str):
        return harmless(spec)
    if isinstance(spec, list):
        return [_harmless(part) for part in spec]
    if isinstance(spec, dict):
        return {_harmless(key): _harmless(part) for key, part in spec.items()}
    return spec


def save(folder: Path, name: str, chart: alt.TopLevelMixin) -> str:
    """Write NAME.svg and NAME.png to `folder`, and return the SVG."""
    svg, png = render(chart)
    svg = _with_own_ids(svg, name)
    files.write_text(folder / f"{name}.svg", svg)
    files.write_bytes(folder / f"{name}.png", png)
    return svg


def _with_own_ids(svg: str, name: str) -> str:
    """Return the SVG with ids (of clips and gradients) that no other figure of a page has, and that are
    the same whatever was drawn before it: Vega counts them on."""
    ids: dict[str, str] = {}

    def rename(tag: re.Match[str]) -> str:
        return re.sub(r'(\bid="|url\(#|href="#)([^")]+)', new, tag.group())

    def new(found: re.Match[str]) -> str:
        return found[1] + ids.setdefault(found[2], f"{name}-part{len(ids)}")

    return re.sub(r"<[^<>]*>", rename, svg)
