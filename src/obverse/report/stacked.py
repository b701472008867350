"""Panels that stood side by side, under one another: how a specification of Vega-Lite is rearranged.

What is not understood exactly is left as it is: a grid of panels by a field that a transform makes, by
numbers, or with heads of its own stays a grid.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

COMPOSED = ("hconcat", "vconcat", "concat")
BETWEEN = 24  # pixels
JOINED = "row and column"  # a column of data, of the panels of a grid
Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def stack(spec: Spec, room: float) -> None:
    """Rearrange a specification in place; `room` is the width in pixels that panels have."""
    datasets = spec.get("datasets", {})
    for part in list(parts(spec)):
        if "hconcat" in part:
            part["vconcat"] = part.pop("hconcat")
            _share_axes(part["vconcat"])
        elif "concat" in part:
            part["columns"] = 1
            _share_axes(part["concat"])
        elif "repeat" in part:
            _stack_repeated(part)
        elif "facet" in part:
            _stack_facets(part, part["facet"], _wide(part.get("spec", {})), _rows(part, datasets), room)
        elif {"row", "column", "facet"} & part.get("encoding", {}).keys():
            _stack_encoded(part, _rows(part, datasets), room)


def parts(spec: Spec) -> Iterator[Spec]:
    """Yield a specification and all that it is composed of."""
    yield spec
    below = [one for name in (*COMPOSED, "layer") for one in spec.get(name, ())]
    for one in [*below, *([spec["spec"]] if isinstance(spec.get("spec"), dict) else [])]:
        yield from parts(one)


def channels(spec: Spec, name: str) -> Iterator[Spec]:
    """Yield an encoding as each part of a specification has it."""
    for part in parts(spec):
        channel = part.get("encoding", {}).get(name)
        if isinstance(channel, dict):
            yield channel


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wide(panel: Mapping[str, Any]) -> float:
    return float(panel["width"]) if is_number(panel.get("width")) else float("inf")


def _columns(wide: float, room: float) -> int:
    return max(1, int((room + BETWEEN) / (wide + BETWEEN)))


def _rows(part: Spec, datasets: Mapping[str, Rows]) -> Rows:
    data = part.get("data") or {}
    found = data.get("values", datasets.get(data.get("name", ""), ()))
    return found if isinstance(found, list) else ()


def _stack_facets(part: Spec, facet: Spec, wide: float, rows: Rows, room: float) -> None:
    """Make a row of panels a list of as many columns as there is room for, and a grid as well."""
    row, column = facet.get("row"), facet.get("column")
    if row is not None and column is not None:
        whole = _joined(row, column, rows)
        if whole is None:
            return
        transform, part["facet"] = whole
        part["transform"] = [*part.get("transform", ()), transform]
    elif row is not None or column is not None:
        part["facet"] = row if column is None else column
    part["columns"] = _columns(wide, room)
    if part["columns"] == 1:  # under the last panel alone, an axis may be off the screen
        part.setdefault("resolve", {}).setdefault("axis", {}).setdefault("x", "independent")


def _stack_encoded(part: Spec, rows: Rows, room: float) -> None:
    """Do the same of facets that are encodings of a chart."""
    encoding = part["encoding"]
    facet = {name: encoding[name] for name in ("row", "column") if name in encoding}
    if not facet:
        encoding["facet"] = encoding["facet"] | {"columns": _columns(_wide(part), room)}
        return
    made: Spec = {}
    _stack_facets(made, facet, _wide(part), rows, room)
    if "facet" in made:
        part["encoding"] = {name: one for name, one in encoding.items() if name not in facet}
        part["encoding"]["facet"] = made["facet"] | {"columns": made["columns"]}
        if "transform" in made:
            part["transform"] = [*part.get("transform", ()), *made["transform"]]


def _stack_repeated(part: Spec) -> None:
    """Repeat downwards what was repeated to the side."""
    repeated = part["repeat"]
    if isinstance(repeated, list):
        part["columns"] = 1
    elif set(repeated) == {"column"}:
        part["repeat"] = {"row": repeated["column"]}
        part["spec"] = _downwards(part["spec"])


def _downwards(value: Any) -> Any:
    if value == {"repeat": "column"}:
        return {"repeat": "row"}
    if isinstance(value, dict):
        return {key: _downwards(one) for key, one in value.items()}
    return [_downwards(one) for one in value] if isinstance(value, list) else value


def _joined(row: Spec, column: Spec, rows: Rows) -> tuple[Spec, Spec] | None:
    """Return what makes one text of a panel's row and column, and the facet by it; None if these have
    more than names and an order of texts."""
    orders = [_order(one, rows) for one in (row, column)]
    if orders[0] is None or orders[1] is None or any(JOINED in one for one in rows[:1]):
        return None
    row_of, column_of = (f"datum[{json.dumps(one['field'])}]" for one in (row, column))
    titles = [one.get("title", one["field"]) for one in (row, column)]
    facet = {
        "field": JOINED, "type": "nominal",
        "title": " · ".join(str(title) for title in titles if title) or None,
        "sort": [f"{a} · {b}" for a in orders[0] for b in orders[1]],
        "header": {"labelExpr": "split(datum.label, ' · ')", "labelLineHeight": 14},
    }  # fmt: skip
    return {"calculate": f"{row_of} + ' · ' + {column_of}", "as": JOINED}, facet


def _order(channel: Spec, rows: Rows) -> list[str] | None:
    """Return the values of a facet's field in their order; None if it is no plain text of the data."""
    field, sort = channel.get("field"), channel.get("sort")
    if not isinstance(field, str) or not re.fullmatch(r"\w+", field):
        return None
    header = channel.get("header", {})
    if header is None or header.keys() - {"labels"}:
        return None
    if {"bin", "timeUnit", "aggregate"} & channel.keys():
        return None
    values = {one.get(field) for one in rows}
    if not values or not all(isinstance(value, str) for value in values):
        return None
    ordered = sorted(map(str, values), reverse=sort == "descending")
    if isinstance(sort, list):
        return [*(value for value in sort if value in values), *(v for v in ordered if v not in sort)]
    return ordered if sort in (None, "ascending", "descending") else None


def _share_axes(panels: Sequence[Spec]) -> None:
    """Give panels that stood beside the first, whose axis of values served them all, the same."""
    first: dict[tuple[Any, Any], Spec] = {}
    for panel in panels:
        for y in channels(panel, "y"):
            if "field" not in y:
                continue
            shown = first.setdefault((y["field"], y.get("aggregate")), y)
            if "title" in y and y["title"] is None and shown.get("title") is not None:
                y["title"] = shown["title"]
            hidden = "axis" in y and (y["axis"] is None or y["axis"].get("labels") is False)
            if hidden and shown.get("axis", {}) is not None:
                y["axis"] = shown.get("axis", {})
