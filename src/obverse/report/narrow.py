"""Figures for narrow screens: panels under one another, and legends in fewer columns."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from obverse.report.lettering import width

WIDE = 340  # pixels, of which an axis, its numbers and its title take AXIS
AXIS, BETWEEN = 62, 24
SYMBOL = 42  # of a legend, with the room between columns
TICK = 20  # of an axis of names, with what is free beside it
NAMES, ABOVE = 110, 18  # names of rows that are longer stand above their rows, which takes so many pixels
COMPOSED = ("hconcat", "vconcat", "concat")
Spec = dict[str, Any]


def narrow(spec: Mapping[str, Any]) -> Spec:
    """Return a specification of Vega-Lite for a screen of WIDE pixels.

    What stood side by side is stacked, panels that are wider are made as narrow, and legends take the
    columns that there is room for.
    """
    made = deepcopy(dict(spec))
    _stack(made)
    for part in _parts(made):
        _squeeze(part)
        _fit_names(part)
    for part in _parts(made):
        for legend, names in _legends(part):
            legend["columns"] = _columns(names, float(legend.get("labelFontSize", 11)))
    config = made.setdefault("config", {})
    own = config.get("legend", {})
    config["legend"] = own | {
        "columns": 1,
        "layout": {"top": {"direction": "vertical", "anchor": "start"}},
    }
    return made


def _parts(spec: Spec) -> Iterator[Spec]:
    """Yield a specification and all that it is composed of."""
    yield spec
    below = [one for name in (*COMPOSED, "layer") for one in spec.get(name, ())]
    for one in [*below, *([spec["spec"]] if isinstance(spec.get("spec"), dict) else [])]:
        yield from _parts(one)


def _stack(spec: Spec) -> None:
    for part in list(_parts(spec)):
        if "hconcat" in part:
            part["vconcat"] = part.pop("hconcat")
            _name_axes(part["vconcat"])
        elif "concat" in part:
            part["columns"] = 1
            _name_axes(part["concat"])
        elif "facet" in part:
            _stack_facets(part)


def _stack_facets(part: Spec) -> None:
    """Make a grid of panels, or a row of them, a list that is as wide as there is room for."""
    facet, inner = part["facet"], part["spec"].get("width")
    column, row = facet.get("column"), facet.get("row")
    each = float(inner) if isinstance(inner, int | float) else WIDE
    part["columns"] = max(1, int((WIDE - AXIS + BETWEEN) / (each + BETWEEN)))
    if row is not None and column is not None:
        # Both values as one: "row · column", in the order of the rows.
        names = [f"datum[{str(one['field'])!r}]" for one in (row, column)]
        joined = {"calculate": f"{names[0]} + ' · ' + {names[1]}", "as": "_panel"}
        part["transform"] = [*part.get("transform", ()), joined]
        lines = {"labelExpr": "split(datum.label, ' · ')", "labelLineHeight": 14}
        part["facet"] = {"field": "_panel", "type": "nominal", "title": None, "header": lines}
        if isinstance(row.get("sort"), list) and isinstance(column.get("sort"), list):
            part["facet"]["sort"] = [f"{a} · {b}" for a in row["sort"] for b in column["sort"]]
    elif row is not None or column is not None:
        part["facet"] = row if column is None else column


def _name_axes(panels: Sequence[Spec]) -> None:
    """Give panels that stood beside the first, whose axis of values served them all, the same."""
    first: dict[str, Spec] = {}
    for panel in panels:
        for y in _channels(panel, "y"):
            if "field" not in y:
                continue
            shown = first.setdefault(y["field"], y)
            if y.get("title") is None:
                y["title"] = shown.get("title")
            if (y.get("axis") or {}).get("labels") is False:
                y["axis"] = shown.get("axis") or {}


def _channels(spec: Spec, name: str) -> Iterator[Spec]:
    for part in _parts(spec):
        channel = part.get("encoding", {}).get(name)
        if isinstance(channel, dict):
            yield channel


def _squeeze(part: Spec) -> None:
    """Make a panel as narrow as the screen, with whatever is placed by pixels of its width."""
    wide, most = part.get("width"), WIDE - AXIS
    if not isinstance(wide, int | float) or wide <= most:
        return
    part["width"] = most
    for channel in _channels(part, "xOffset"):
        scale = channel.get("scale")
        if isinstance(scale, dict) and isinstance(scale.get("range"), list):
            scale["range"] = [end * most / wide for end in scale["range"]]


def _fit_names(part: Spec) -> None:
    """Leave room for the names of rows; long ones stand above their rows, in a panel of full width."""
    height, wide = part.get("height"), part.get("width")
    rows = [y for y in _channels(part, "y") if y.get("type") in ("nominal", "ordinal")]
    names: list[object] = next((y["sort"] for y in rows if isinstance(y.get("sort"), list)), [])
    longest = max((width(str(name), 11) for name in names), default=0)
    if height is None or not isinstance(wide, int | float) or longest + TICK + wide <= WIDE:
        return
    if longest <= NAMES:
        part["width"] = WIDE - TICK - longest
        return
    step = height["step"] if isinstance(height, dict) else height / len(names)
    part["height"] = {"step": step + ABOVE, "for": "position"}
    part["width"] = WIDE - AXIS / 2 - 4
    padding = ABOVE / (step + ABOVE)
    for y in rows:
        y["scale"] = (y.get("scale") or {}) | {
            "type": "band", "paddingInner": padding, "paddingOuter": padding,
        }  # fmt: skip
        y["axis"] = (y.get("axis") or {}) | {
            "labelAlign": "left", "labelPadding": -4, "labelOffset": -(step + ABOVE) / 2 + 2,
            "labelLimit": WIDE - AXIS / 2, "ticks": False,
        }  # fmt: skip


def _legends(part: Spec) -> Iterator[tuple[Spec, list[str]]]:
    """Yield the legends that a part draws, with the names in them."""
    for channel in part.get("encoding", {}).values():
        if isinstance(channel, dict) and isinstance(channel.get("legend"), dict):
            domain = (channel.get("scale") or {}).get("domain")
            yield channel["legend"], [str(name) for name in domain] if isinstance(domain, list) else []


def _columns(names: Sequence[str], size: float) -> int:
    longest = max((width(name, size) for name in names), default=WIDE)
    return max(1, int(WIDE / (longest + SYMBOL)))
