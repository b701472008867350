"""Figures for narrow screens: panels under one another, each no wider than the screen."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from obverse.report.lettering import width, wrapped
from obverse.report.stacked import Spec, channels, is_number, parts, stack

WIDE = 340  # pixels, of which an axis, its numbers and its title take AXIS
AXIS = 62
SYMBOL = 42  # of a legend, with the room between columns
TICK = 20  # of an axis of names, with what is free beside it
NAMES, ABOVE = 110, 18  # names of rows that are longer stand above their rows, which takes so many pixels
SIZE, TITLE, LINES = 11, 12, 3  # pixels of labels and titles, and lines of a title at most
GRADIENT = 220  # pixels of a legend of colours at most


def narrow(spec: Mapping[str, Any]) -> Spec:
    """Return a specification of Vega-Lite for a screen of WIDE pixels.

    What stood side by side is stacked, panels that are wider are made as narrow, titles are broken into
    lines, and legends take the columns that there is room for.
    """
    data = {"datasets": spec["datasets"]} if "datasets" in spec else {}  # large, and not changed
    made = deepcopy({key: part for key, part in spec.items() if key not in data}) | data
    stack(made, WIDE - AXIS)
    for part in parts(made):
        _squeeze(part)
        _fit_names(part)
        _break_titles(part)
        for legend, names in _legends(part):
            _fit_legend(legend, names)
    config = made.setdefault("config", {})
    own = config.get("legend", {})
    config["legend"] = own | {
        "columns": 1,
        "layout": {"top": {"direction": "vertical", "anchor": "start"}},
    }
    return made


def _squeeze(part: Spec) -> None:
    """Make a panel as narrow as the screen, with whatever is placed by pixels of its width."""
    wide, most = part.get("width"), WIDE - AXIS
    if not is_number(wide) or wide <= most:
        return
    part["width"], share = most, most / wide
    for channel in channels(part, "xOffset"):
        scale = channel.get("scale")
        if isinstance(scale, dict) and isinstance(scale.get("range"), list):
            scale["range"] = [end * share if is_number(end) else end for end in scale["range"]]
    for name in ("x", "x2"):
        for channel in channels(part, name):
            if is_number(channel.get("value")):
                channel["value"] *= share


def _fit_names(part: Spec) -> None:
    """Leave room for the names of rows; long ones stand above their rows, in a panel of full width."""
    height, wide = part.get("height"), part.get("width")
    rows = [y for y in channels(part, "y") if y.get("type") in ("nominal", "ordinal")]
    names: list[object] = next((y["sort"] for y in rows if isinstance(y.get("sort"), list)), [])
    longest = max((width(str(name), SIZE) for name in names), default=0)
    step: object = height.get("step") if isinstance(height, dict) else height
    if not is_number(wide) or not is_number(step) or longest + TICK + wide <= WIDE:
        return
    if not all(_plain(y.get("axis", {})) for y in rows) or any(_is_rect(one) for one in parts(part)):
        return
    if longest <= NAMES:
        part["width"] = WIDE - TICK - longest
        return
    if not isinstance(height, dict):
        step /= len(names)
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


def _plain(axis: Mapping[str, Any] | None) -> bool:
    """Return whether an axis writes names, as they are and on the left."""
    return axis is not None and axis.get("labels", True) and not {"labelExpr", "orient"} & axis.keys()


def _is_rect(part: Spec) -> bool:
    mark = part.get("mark")
    return (mark.get("type") if isinstance(mark, dict) else mark) == "rect"


def _break_titles(part: Spec) -> None:
    """Break long titles, of a panel and of its x axis, into lines."""
    if isinstance(part.get("title"), str):
        part["title"] = _broken(part["title"], WIDE - 20)
    x = part.get("encoding", {}).get("x")
    if isinstance(x, dict) and isinstance(x.get("title"), str):
        x["title"] = _broken(x["title"], WIDE - 100)


def _broken(title: str, most: float) -> str | list[str]:
    lines = wrapped(title, TITLE, most, LINES)
    return lines if len(lines) > 1 else title


def _legends(part: Spec) -> Iterator[tuple[Spec, list[str]]]:
    """Yield the legends that a part draws, with the names in them."""
    for channel in part.get("encoding", {}).values():
        if isinstance(channel, dict) and isinstance(channel.get("legend"), dict):
            domain = (channel.get("scale") or {}).get("domain")
            yield channel["legend"], [str(name) for name in domain] if isinstance(domain, list) else []


def _fit_legend(legend: Spec, names: Sequence[str]) -> None:
    size: object = legend.get("labelFontSize")
    longest = max((width(name, size if is_number(size) else SIZE) for name in names), default=WIDE)
    legend["columns"] = max(1, int(WIDE / (longest + SYMBOL)))
    if legend.get("orient") in ("left", "right"):
        legend["orient"] = "top"
    for key, most in (("gradientLength", GRADIENT), ("labelLimit", WIDE - SYMBOL)):
        if is_number(legend.get(key)):
            legend[key] = min(legend[key], most)
