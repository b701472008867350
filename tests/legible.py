"""What makes a figure fit for print and for readers who hear it: tests ask it of every experiment's."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from obverse.core.page import Figure, Page, Section
from obverse.report.drawings import specification, svg_of
from obverse.report.lettering import width

SMALLEST = 10  # pixels of a letter
APART = 3.0  # pixels between two labels of an axis
ROOM = 3.0  # pixels that a text may stand over the edge by the rounding of widths
SVG = "{http://www.w3.org/2000/svg}"


def problems(page: Page | Sequence[Section | None]) -> list[str]:
    """Return what is wrong with the figures of a page or of sections; there has to be one."""
    sections = page.sections if isinstance(page, Page) else page
    figures = [part for one in sections if one for part in one.parts if isinstance(part, Figure)]
    assert figures, "no figure to look at"
    return [f"{one.name}: {problem}" for one in figures for problem in _of_figure(one)]


def _of_figure(figure: Figure) -> Iterator[str]:
    if not re.search(r"\bn = .*\d", figure.caption):
        yield f"no n in the caption {figure.caption!r}"
    spec = specification(figure.chart)
    for unit in _units(spec):
        yield from _of_marks(unit)
    yield from _of_texts(svg_of(spec))


def _units(spec: Any) -> Iterator[dict[str, Any]]:
    """Return every mark with its encodings."""
    if "mark" in spec:
        yield spec
    for key in ("layer", "concat", "hconcat", "vconcat"):
        for part in spec.get(key, ()):
            yield from _units(part)
    if "spec" in spec:
        yield from _units(spec["spec"])


def _of_marks(unit: dict[str, Any]) -> Iterator[str]:
    mark, encoding = unit["mark"], unit["encoding"]
    if mark.get("aria", True) and "description" not in encoding:
        yield f"a {mark['type']} says nothing: {sorted(encoding)}"
    if not mark.get("aria", True) or mark["type"] == "text":
        return
    for name in ("x", "y"):
        axis = encoding.get(name, {})
        own = axis.get("type") == "quantitative" and axis.get("axis", {}) is not None
        if own and "scale" in axis and not axis.get("title") and axis.get("title", "") is not None:
            yield f"a {mark['type']} has no title on {name}"


def _of_texts(svg: str) -> Iterator[str]:
    root = ElementTree.fromstring(svg)
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    for text, size, (left, right), (top, bottom) in _texts(root, 0.0, 0.0):
        if size < SMALLEST:
            yield f"{text!r} has letters of {size:g} pixels"
        if min(left, top) < -ROOM or right > wide + ROOM or bottom > high + ROOM:
            yield f"{text!r} stands beyond the edge: {left:.0f} to {right:.0f} of {wide:.0f}"
    for axis in root.iter(f"{SVG}g"):
        if "role-axis-label" in axis.get("class", ""):
            yield from _of_axis([label for label in axis if label.get("opacity") != "0"])


def _of_axis(labels: Sequence[ElementTree.Element]) -> Iterator[str]:
    """Say which labels in a line come too close to one another, or say the same."""
    lines = [list(_texts(label, 0.0, 0.0)) for label in labels]
    for one, other in pairwise(filter(None, lines)):
        right, left = max(line[2][1] for line in one), min(line[2][0] for line in other)
        beside = one[0][3] == other[0][3] and one[0][2] < other[0][2]
        (said, *_), (next_, *_) = one[0], other[0]
        if beside and left - right < APART:
            yield f"{said!r} and {next_!r} are {left - right:.1f} pixels apart"
        if said == next_ and re.fullmatch(r"[−\d.,]+", said):
            yield f"an axis has {said!r} twice"


Span = tuple[float, float]


def _texts(element: ElementTree.Element, x: float, y: float) -> Iterator[tuple[str, float, Span, Span]]:
    """Return every text, its size, and where it begins and ends on both axes."""
    transform = element.get("transform", "")
    if moved := re.match(r"translate\(([-\d.e]+),\s*([-\d.e]+)\)", transform):
        x, y = x + float(moved[1]), y + float(moved[2])
    turned = re.search(r"rotate\(([-\d.]+)", transform)
    if element.tag == f"{SVG}text":
        size = float(element.get("font-size", "11px").removesuffix("px"))
        bold = element.get("font-weight") == "bold"
        share = {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", ""), 0.0)
        for line in element.itertext():
            long = width(line, size, bold)
            along = (-share * long, (1 - share) * long)
            angle = float(turned[1]) if turned else 0.0
            if abs(angle) == 90:
                ends = sorted(y - end for end in along) if angle < 0 else sorted(y + end for end in along)
                yield line, size, (x, x), (ends[0], ends[1])
            elif not angle:
                yield line, size, (x + along[0], x + along[1]), (y, y)
    for child in element:
        yield from _texts(child, x, y)
