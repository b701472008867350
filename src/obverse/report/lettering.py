"""How wide text is, so that figures hold their words whatever font a browser has.

Figures are laid out with Liberation Sans, whose letters are as wide as those of Arial and Helvetica. A
browser that has none of the three takes another font, often a wider one, and its words would run into
symbols and out of the picture. So the SVG says of each text how wide it is, and browsers fit it in.
"""

import html
import re
from collections.abc import Iterator

# Of Helvetica, in thousandths of the size, from the space to the tilde (Adobe's font metrics, core 14).
_ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, *[556] * 10, 278,
    278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333,
    556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_WIDTHS = {chr(32 + place): width for place, width in enumerate(_ASCII)}
_WIDTHS |= {"−": 584, "–": 556, "±": 549, "·": 333, "…": 1000, "→": 1000, "“": 333, "”": 333, "Δ": 668}
_WIDTHS |= {"α": 578, "≤": 549}
_OTHER, _BOLD = 600, 1.075  # letters that are not in the table; bold small letters are this much wider
SHORTEST = 4  # letters: of fewer the difference is a pixel or two


def width(text: str, size: float, bold: bool = False) -> float:
    """Return how many pixels a line of text takes at a size of so many pixels."""
    widths = (
        _WIDTHS.get(letter, _OTHER) * (_BOLD if bold and letter.islower() else 1) for letter in text
    )
    return sum(widths) * size / 1000


def wrapped(text: str, size: float, most: float, lines: int) -> list[str]:
    """Break a text at spaces into at most so many lines of `most` pixels; what is cut ends in "…"."""
    words, made = text.split(), [""]
    while words:
        longer = f"{made[-1]} {words[0]}".strip()
        if width(longer, size) <= most or not made[-1]:
            made[-1] = longer
            words.pop(0)
        elif len(made) < lines:
            made.append("")
        else:
            made[-1] = _cut(f"{made[-1]} …", size, most)
            break
    return [_cut(line, size, most) for line in made]


def _cut(line: str, size: float, most: float) -> str:
    """Return a line as it is, or its beginning with "…" where it is too long."""
    if width(line, size) <= most:
        return line
    while line and width(line + "…", size) > most:
        line = line[:-1]
    return line.rstrip(" …") + " …"


def fitted(svg: str) -> str:
    """Return an SVG whose texts say how wide they are."""
    return re.sub(r"<text\b([^>]*)>(.*?)</text>", _with_width, svg, flags=re.DOTALL)


def _with_width(found: re.Match[str]) -> str:
    attributes, content = found.groups()
    size, bold = _size(attributes), 'font-weight="bold"' in attributes
    if "<" not in content:
        return f"<text{attributes}{_said(content, size, bold)}>{content}</text>"
    lines = re.sub(
        r"<tspan([^>]*)>([^<]*)</tspan>",
        lambda line: f"<tspan{line[1]}{_said(line[2], size, bold)}>{line[2]}</tspan>",
        content,
    )
    return f"<text{attributes}>{lines}</text>"


def _size(attributes: str) -> float:
    size = re.search(r'font-size="([\d.]+)px"', attributes)
    return float(size[1]) if size else 11.0


def _said(content: str, size: float, bold: bool) -> str:
    text = html.unescape(content)
    if len(text) < SHORTEST:
        return ""
    return f' textLength="{width(text, size, bold):.1f}" lengthAdjust="spacingAndGlyphs"'


def texts(svg: str) -> Iterator[tuple[str, float]]:
    """Return every line of text in an SVG and its size."""
    for attributes, content in re.findall(r"<text\b([^>]*)>(.*?)</text>", svg, flags=re.DOTALL):
        for line in re.split(r"<[^>]*>", content):
            if line:
                yield html.unescape(line), _size(attributes)
