"""Charts as files have them, for tests."""

from typing import Any

from obverse.report.drawings import png_of, specification, svg_of


def render(chart: Any) -> tuple[str, bytes]:
    """Return a chart as SVG and as PNG."""
    svg = svg_of(specification(chart))
    return svg, png_of(svg)


def layers(chart: Any) -> list[dict[str, Any]]:
    """Return the layers of a chart, whether it is one panel or many."""
    spec = specification(chart)
    found: list[dict[str, Any]] = spec.get("spec", spec)["layer"]
    return found


def rows(chart: Any, kind: str = "mean") -> list[dict[str, Any]]:
    """Return what is drawn of one kind: mean, seed, level, margin, chance or paper."""
    return [row for some in datasets(chart) for row in some if row.get("kind") == kind]


def datasets(chart: Any) -> list[list[dict[str, Any]]]:
    return list(specification(chart)["datasets"].values())


def axis(chart: Any, name: str = "x") -> Any:
    """Return the encoding of an axis."""
    return next(
        one["encoding"][name] for one in layers(chart) if "title" in one["encoding"].get(name, {})
    )


def panels(chart: Any) -> list[str]:
    """Return the titles of the panels in their order."""
    return list(dict.fromkeys(row["panel"] for row in rows(chart)))
