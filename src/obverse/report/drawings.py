"""The files of a page's figures: SVG, and of it PNG and PDF where it has changed."""

import html
import math
import re
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from obverse.core.content import content_hash, file_hash
from obverse.core.errors import ObverseError
from obverse.core.format import harmless
from obverse.core.page import Figure
from obverse.report import narrow
from obverse.report.figures import STYLE
from obverse.report.lettering import fitted
from obverse.store import files
from obverse.store.program import program

INCHES, DOTS = 6.5, 300  # width of a page of text, and dots per inch of a PNG of that width
POINTS = 72  # an inch
KINDS = ("svg", "png", "pdf")
BREAKS = {0x2028: " ", 0x2029: " "}
MADE = ".cache/figures.json"  # of a study's directory: what the last page has drawn
# Numbers as `core.format` writes them: commas between thousands, a true minus sign.
LOCALE = {
    "decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""], "minus": "−",
}  # fmt: skip


class Drawings:
    """The figures of one page, in `folder`.

    What a page shows is always drawn of the data. PNG and PDF, which take far longer and which no page
    shows, are not drawn again where the list says that those that are there are of the same SVG and
    program. Whoever changes them and the list alike by hand deceives nobody who looks at the page.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._list = folder.parent / MADE
        self._before = self._known()
        self._program = program()
        self._made: dict[str, dict[str, Any]] = {}

    def save(self, name: str, figure: Figure) -> tuple[str, str]:
        """Write NAME.svg, NAME.png and NAME.pdf, and return the SVG, and that for narrow screens, which
        is "" where the one serves them as well."""
        spec = specification(figure.chart)
        plain = svg_of(spec)
        svg = finished(plain, name, figure.caption)
        drawn_of = content_hash([svg, self._program])
        known = self._before.get(name)
        files.write_text(self._path(name, "svg"), svg)
        if known is None or known["of"] != drawn_of or not self._as_left(name, known["files"]):
            files.write_bytes(self._path(name, "png"), png_of(plain))
            files.write_bytes(self._path(name, "pdf"), vl_convert.svg_to_pdf(plain))
        hashes = {kind: file_hash(self._path(name, kind)) for kind in KINDS}
        self._made[name] = {"of": drawn_of, "files": hashes}
        return svg, _narrow(name, figure, spec) if width_of(svg) > narrow.WIDE else ""

    def finish(self) -> None:
        """Remove figures of an earlier page that this one has not, as far as nobody changed them."""
        for name in self._before.keys() - self._made.keys():
            for kind, known in self._before[name]["files"].items():
                if self._as_left(name, {kind: known}):
                    self._path(name, kind).unlink()
        files.write_json(self._list, self._made)

    def _path(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{kind}"

    def _as_left(self, name: str, hashes: dict[str, str]) -> bool:
        paths = {kind: self._path(name, kind) for kind in hashes}
        return all(p.is_file() and file_hash(p) == hashes[kind] for kind, p in paths.items())

    def _known(self) -> dict[str, dict[str, Any]]:
        """Return what the list says; a list that is none is as good as none."""
        try:
            known = files.read_json(self._list) if self._list.is_file() else {}
            return {
                str(name): {
                    "of": str(one["of"]),
                    "files": {kind: str(one["files"][kind]) for kind in KINDS},
                }
                for name, one in known.items()
                if re.fullmatch(r"[\w.-]+", name)
            }
        except (ObverseError, KeyError, TypeError, AttributeError):
            return {}


def specification(chart: alt.TopLevelMixin) -> Any:
    """Return a chart in the common look, without what the drawing would die of: control characters, line
    breaks that JavaScript has beside the usual ones, and numbers that are none, which are missing."""
    with alt.data_transformers.disable_max_rows():
        spec = chart.to_dict()
    spec["config"] = spec.get("config", {}) | STYLE
    return _harmless(spec)


def svg_of(spec: Any) -> str:
    """Draw a specification."""
    svg: str = vl_convert.vegalite_to_svg(spec, format_locale=LOCALE)
    return svg


def _narrow(name: str, figure: Figure, spec: Any) -> str:
    """Return the SVG for narrow screens of a figure of this specification.

    It is "" if the figure cannot be drawn so, which costs nobody his page. Its name has a letter that
    names of figures have not.
    """
    try:
        own = figure.narrow
        svg = svg_of(narrow.narrow(spec) if own is None else specification(own))
        return finished(svg, f"{name}:narrow", figure.caption)
    except Exception:  # of a chart that somebody else has made, and of Vega
        return ""


def png_of(svg: str) -> bytes:
    """Return an SVG as pixels, such that it has 300 dots an inch where it is as wide as a page's text."""
    png: bytes = vl_convert.svg_to_png(svg, scale=INCHES * POINTS / width_of(svg), ppi=DOTS)
    return png


def width_of(svg: str) -> float:
    """Return the width that an SVG was drawn with, in pixels."""
    found = re.search(r'<svg[^>]*\bwidth="([\d.]+)"', svg)
    return max(1.0, float(found[1])) if found else INCHES * POINTS


def finished(svg: str, name: str, caption: str) -> str:
    """Return a figure's SVG as a page shows it: with a title and a description for screen readers, which
    read its marks one by one (an image they would not), texts of the width they were laid out with, and
    ids that no other figure of the page has."""
    first, dot, rest = caption.partition(". ")
    title, said = (
        html.escape(first.rstrip("."), quote=False),
        html.escape(rest if dot else "", quote=False),
    )
    head = f'<title id="{name}-title">{title}</title>'
    about = f"{name}-title"
    if said:
        head += f'<desc id="{name}-desc">{said}</desc>'
        about += f" {name}-desc"
    svg = _with_own_ids(fitted(svg), name)
    return re.sub(
        r"<svg([^>]*)>", rf'<svg\1 role="graphics-document" aria-labelledby="{about}">', svg, count=1
    ).replace(">", ">" + head, 1)


def _harmless(spec: Any) -> Any:
    if isinstance(spec, str):
        return harmless(spec).translate(BREAKS)
    if isinstance(spec, float) and not math.isfinite(spec):
        return None
    if isinstance(spec, list):
        return [_harmless(part) for part in spec]
    if isinstance(spec, dict):
        return {_harmless(key): _harmless(part) for key, part in spec.items()}
    return spec


def _with_own_ids(svg: str, name: str) -> str:
    """Return the SVG with ids (of clips and gradients) that no other figure of a page has, and that are
    the same whatever was drawn before it: Vega counts them on."""
    ids: dict[str, str] = {}

    def rename(tag: re.Match[str]) -> str:
        return re.sub(r'(\bid="|url\(#|href="#)([^")]+)', new, tag.group())

    def new(found: re.Match[str]) -> str:
        return found[1] + ids.setdefault(found[2], f"{name}-part{len(ids)}")

    return re.sub(r"<[^<>]*>", rename, svg)
