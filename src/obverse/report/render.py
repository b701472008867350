"""From values to HTML: whole pages, and the parts of a page."""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from obverse.core.errors import ObverseError
from obverse.core.format import MISSING, interval, number, p_value, percent, span, whole
from obverse.core.page import Cell, Column, Figure, Section, Table, Text
from obverse.report.claims_words import became
from obverse.report.drawings import Drawings, width_of
from obverse.report.glossary import Terms
from obverse.store.files import safe_name

LEAST = 0.8  # of the width a figure was drawn with: narrower, its letters are no longer read
FILTERS: dict[str, Callable[..., str]] = {
    "number": number, "percent": percent, "p_value": p_value, "whole": whole,
}  # fmt: skip


def fill(name: str, terms: Terms | None = None, scripts: Sequence[str] = (), **values: Any) -> str:
    """Return the page NAME.j2 with `values` filled in; all text in them is escaped.

    Args:
        name: of the page.
        terms: what marks terms and links papers; by default papers alone.
        scripts: names of files that stand beside it. The page lets the browser run these and no other,
            and load nothing.
        values: what is filled in, by name.
    """
    environment = Environment(
        loader=PackageLoader("obverse", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {
        "interval": interval,
        "span": span,
        "became": became,
        "terms": terms or Terms({}),
    }
    source = environment.loader
    assert source is not None
    style, *code = (Markup(source.get_source(environment, one)[0]) for one in ("page.css", *scripts))
    return environment.get_template(name).render(values, style=style, scripts=code, policy=_policy(code))


def _policy(scripts: Sequence[str]) -> Markup:
    """Return the content security policy of a page: nothing is loaded or sent, and only
    these scripts run."""
    hashes = [f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts]
    allowed = " ".join(hashes) or "'none'"
    loaded = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    sent = "base-uri 'none'; form-action 'none'"  # which default-src says nothing of
    # Hashes hold nothing that HTML reads otherwise.
    return Markup(f"{loaded}; {sent}; script-src {allowed}")


def section(drawings: Drawings, one: Section) -> dict[str, Any]:
    """Return a section as pages take it, its figures drawn."""
    return {"id": f"s-{anchor(one.title)}", "title": one.title, "parts": parts(drawings, one.parts)}


def anchor(title: str) -> str:
    """Return a title as the end of an address."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def parts(drawings: Drawings, some: Sequence[Text | Figure | Table]) -> list[dict[str, Any]]:
    """Return parts of a page as pages take them."""
    return [_part(drawings, part) for part in some]


def _part(drawings: Drawings, part: Text | Figure | Table) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"kind": "text", "text": part.text, "lead": part.lead}
    if isinstance(part, Figure):
        name = safe_name(part.name) or "figure"
        svg, narrow = drawings.save(name, part)
        return {
            "kind": "figure", "name": name, "caption": part.caption, "svg": Markup(svg),
            "narrow": Markup(narrow), "least": round(LEAST * width_of(narrow or svg)),
        }  # fmt: skip
    if isinstance(part, Table):
        rows = [
            [cell_text(value, column) for value, column in zip(row, part.columns, strict=True)]
            for row in part.rows
        ]
        return {"kind": "table", "table": part, "rows": rows}
    raise ObverseError(f"a part of a page is {type(part).__name__}; expected Text, Figure or Table")


def cell_text(value: Cell, column: Column) -> str:
    """Return a cell as text: numbers with the column's places, what is missing as a dash."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, column.places)
    return whole(value) if isinstance(value, int) and column.numeric else str(value)
