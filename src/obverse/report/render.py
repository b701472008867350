"""From values to HTML: whole pages, and the parts of a page."""

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from obverse.core.errors import ObverseError
from obverse.core.format import MISSING, interval, number, p_value, percent, span, whole
from obverse.core.page import Cell, Column, Figure, Section, Table, Text
from obverse.report.drawings import Drawings
from obverse.store.files import safe_name

FILTERS: dict[str, Callable[..., str]] = {
    "number": number, "percent": percent, "p_value": p_value, "whole": whole,
}  # fmt: skip


def fill(name: str, **values: Any) -> str:
    """Return the page NAME.j2 with `values` filled in; all text in them is escaped."""
    environment = Environment(
        loader=PackageLoader("obverse", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {"interval": interval, "span": span}
    source = environment.loader
    assert source is not None
    style = Markup(source.get_source(environment, "page.css")[0])
    return environment.get_template(name).render(values, style=style)


def section(drawings: Drawings, one: Section) -> dict[str, Any]:
    """Return a section as pages take it, its figures drawn."""
    return {"title": one.title, "parts": parts(drawings, one.parts)}


def parts(drawings: Drawings, some: Sequence[Text | Figure | Table]) -> list[dict[str, Any]]:
    """Return parts of a page as pages take them."""
    return [_part(drawings, part) for part in some]


def _part(drawings: Drawings, part: Text | Figure | Table) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"kind": "text", "text": part.text, "lead": part.lead}
    if isinstance(part, Figure):
        name = safe_name(part.name) or "figure"
        svg = drawings.save(name, part)
        return {"kind": "figure", "name": name, "caption": part.caption, "svg": Markup(svg)}
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
