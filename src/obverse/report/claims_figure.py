"""The claims as a figure: what was measured, by each seed, and where the claim would hold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count, number, whole
from obverse.core.page import Figure
from obverse.report.figures import BLUE, GREEN, MOST_DOTS, ORANGE, reach, spread
from obverse.report.lettering import wrapped
from obverse.report.marks import QUIET, SAID

SIZE, LINES = 11, 3  # pixels of the letters of a claim, and its lines at most
SEED, MEAN, PAPER = "each seed", "mean, 95 % interval", "the paper"
KINDS = {  # shape, stroke, fill, size, and pixels below the middle of the row
    PAPER: ("diamond", ORANGE, "white", 75, -8),
    MEAN: ("circle", BLUE, BLUE, 62, 0),
    SEED: ("circle", "#26292c", "#26292c", 14, 7),
}
VERDICTS = {"holds": "#00704f", "fails": "#b3261e", "undecided": "#8a5a00", "explored": "#5a6068"}
Claims = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The width of a panel and of a claim's lines in pixels, and whether these stand above its row."""

    width: float
    line: float
    above: bool


BESIDE, ABOVE = _Layout(330, 240, False), _Layout(245, 300, True)


def claims_figures(claims: Claims) -> list[Figure]:
    """Return a figure for each model or family, with a panel for each unit."""
    measured = [claim for claim in claims if claim["measured"] is not None]
    models = list(dict.fromkeys(claim["model"] for claim in measured))
    return [
        _figure(f"claims-{n + 1}" if len(models) > 1 else "claims", model, measured)
        for n, model in enumerate(models)
    ]


def _figure(name: str, model: str, claims: Claims) -> Figure:
    mine = [claim for claim in claims if claim["model"] == model]
    units = list(dict.fromkeys(claim["unit"] for claim in mine))
    several = any(len(claim["by_seed"]) > 1 for claim in mine)
    many = any(len(claim["by_seed"]) > MOST_DOTS for claim in mine)
    paper = any(claim["paper"] is not None for claim in mine)
    cut = any(_row(c, 0, _domain([d for d in mine if d["unit"] == c["unit"]]), BESIDE)[side] is not None
              for c in mine for side in ("below", "above"))  # fmt: skip
    shown = [PAPER] * paper + [MEAN] + [SEED] * several
    of_units = {unit: [c for c in mine if c["unit"] == unit] for unit in units}
    counted = dict.fromkeys(c["counted"] for c in mine)
    n = ", ".join(
        f"{_range(c['n_facts'] for c in mine if c['counted'] == what)} {what}" for what in counted
    )
    trained = any(c["trained"] for c in mine)
    n_seeds = _range(c["n_seeds"] for c in mine)
    return Figure(
        name=name,
        chart=_panels(of_units, shown, BESIDE),
        narrow=_panels(of_units, shown, ABOVE),
        caption=(
            f"{model}: the claims. Large dots: the mean over all"
            f"{', with its 95 % interval' if any(c['low'] is not None for c in mine) else ''}"
            f"{' (an arrow where it goes on)' if cut else ''}"
            f"{'; small dots below: each seed alone' if several else ''}"
            f"{f' ({MOST_DOTS} of them, evenly)' if many else ''}"
            f"{'; diamond above: the paper' if paper else ''}. "
            "Shaded: where the claim would hold, its criterion being the line; a bar inside the "
            "shading is no verdict yet where several claims share the level. "
            f"n = {n}, "
            + (
                "asked as it is."
                if not trained
                else "one training."
                if n_seeds == "1"
                else f"{n_seeds} seeds."
            )
        ),
    )


def _range(values: Iterable[int]) -> str:
    all_ = sorted(set(values))
    return "–".join(map(whole, dict.fromkeys((all_[0], all_[-1]))))


def _panels(of_units: Mapping[str, Claims], shown: Sequence[str], layout: _Layout) -> alt.VConcatChart:
    """Return a panel for each unit, under one another."""
    panels = [
        _panel(claims, unit, shown, place == 0, layout)
        for place, (unit, claims) in enumerate(of_units.items())
    ]
    return alt.vconcat(*panels, spacing=18)


def _panel(
    claims: Claims, unit: str, shown: Sequence[str], first: bool, layout: _Layout
) -> alt.LayerChart:
    domain = _domain(claims)
    # Where a claim stands above its row, every second place is its own.
    places = [2 * n + 1 if layout.above else n for n in range(len(claims))]
    rows = [_row(claim, n, domain, layout) for n, claim in zip(places, claims, strict=True)]
    table = pl.DataFrame(rows, infer_schema_length=None)
    points = pl.DataFrame(
        [point for n, claim in zip(places, claims, strict=True) for point in _points(n, claim)],
        infer_schema_length=None,
    )
    y = alt.Y(
        "place:O", title=None, scale=alt.Scale(domain=list(range(places[-1] + 1))),
        axis=alt.Axis(labels=False, grid=True, ticks=False, domain=False, values=places),
    )  # fmt: skip
    x = alt.Scale(domain=domain, nice=False, zero=False)
    base = alt.Chart(table).encode(y=y)
    zone = base.mark_bar(color=GREEN, opacity=0.12, height={"band": 0.86}, **QUIET)
    edge = base.mark_tick(color=GREEN, thickness=1.5, height={"band": 0.86}, **QUIET)
    arrow: dict[str, Any] = {"color": BLUE, "filled": True, "size": 45, "opacity": 1, **QUIET}
    layers = [
        zone.encode(
            x=alt.X("from:Q", title=_title(unit, layout), scale=x, axis=alt.Axis(tickCount=6)), x2="to:Q"
        ),
        edge.encode(x="at:Q"),
        edge.encode(x="at2:Q"),
        base.mark_rule(color=BLUE, strokeWidth=1.6, **QUIET).encode(x="low:Q", x2="high:Q"),
        base.mark_point(shape="triangle-left", **arrow).encode(x="below:Q"),
        base.mark_point(shape="triangle-right", **arrow).encode(x="above:Q"),
        *_kinds(points, y, shown, first),
        *_texts(table, y, layout),
    ]
    step = max(30, 13 * max(row["lines"] for row in rows) + (0 if layout.above else 8))
    return alt.LayerChart(layer=layers).properties(width=layout.width, height=alt.Step(step))


def _title(unit: str, layout: _Layout) -> str | list[str]:
    lines = wrapped(unit or "value", SIZE + 1, layout.line, LINES)
    return lines if len(lines) > 1 else lines[0]


def _kinds(points: pl.DataFrame, y: alt.Y, shown: Sequence[str], legend: bool) -> list[alt.Chart]:
    """Return the points of each kind on a height of its own, with a legend over the first panel alone."""

    def scale(place: int) -> alt.Scale:
        return alt.Scale(domain=list(shown), range=[KINDS[kind][place] for kind in shown])

    more: dict[str, Any] = {"title": None, "legend": alt.Legend(orient="top") if legend else None}
    look = {
        "shape": alt.Shape("what:N", scale=scale(0), **more),
        "stroke": alt.Stroke("what:N", scale=scale(1), **more),
        "fill": alt.Fill("what:N", scale=scale(2), **more),
    }
    return [
        alt.Chart(points.filter(what=kind))
        .mark_point(opacity=1, strokeWidth=1.6, size=KINDS[kind][3], yOffset=KINDS[kind][4])
        .encode(x="x:Q", y=y, description=SAID, **look)
        for kind in shown
    ]


def _texts(table: pl.DataFrame, y: alt.Y, layout: _Layout) -> list[alt.Chart]:
    """Return the claims on the left of their rows or above them, and the verdicts on the right."""
    claims = [
        alt.Chart(table.filter(pl.col("lines") == lines).with_columns(pl.col("place") - layout.above))
        .mark_text(align="left" if layout.above else "right", baseline="middle",
                   dx=0 if layout.above else -10, dy=13 * line - 6.5 * (lines - 1), fontSize=SIZE,
                   **QUIET)
        .encode(x=alt.value(0), y=y, text=f"line{line}:N")
        for lines in table["lines"].unique().sort()
        for line in range(lines)
    ]  # fmt: skip
    verdicts = [
        alt.Chart(table.filter(pl.col("verdict") == verdict))
        .mark_text(align="left", baseline="middle", dx=10, fontSize=SIZE, fontWeight="bold", color=colour,
                   **QUIET)
        .encode(x=alt.value(layout.width), y=y, text="verdict:N")
        for verdict, colour in VERDICTS.items()
        if verdict in table["verdict"]
    ]  # fmt: skip
    return claims + verdicts


def _row(claim: Mapping[str, Any], place: int, domain: list[float], layout: _Layout) -> dict[str, Any]:
    control = "control: " if claim["role"] == "control" else ""
    text = wrapped(control + claim["text"], SIZE, layout.line, LINES)
    low, high = claim["low"], claim["high"]
    start, end, first, second = _zone(claim["criterion"], domain)
    return {
        "place": place,
        **{f"line{n}": line for n, line in enumerate([*text, "", ""][:LINES])},
        "lines": len(text),
        "verdict": claim["verdict"],
        "low": None if low is None else max(low, domain[0]),
        "high": None if high is None else min(high, domain[1]),
        "below": domain[0] if low is not None and low < domain[0] else None,
        "above": domain[1] if high is not None and high > domain[1] else None,
        "from": start, "to": end, "at": first, "at2": second,
    }  # fmt: skip


def _points(place: int, claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = [] if claim["paper"] is None else [(PAPER, claim["paper"], f"the paper, {claim['source']}")]
    values += [(MEAN, claim["measured"], "")]
    if len(claim["by_seed"]) > 1:
        of_seeds = [(float(value), str(seed)) for seed, value in claim["by_seed"].items()]
        values += [(SEED, value, f"seed {seed}") for value, seed in spread(of_seeds)]
    return [
        {"place": place, "what": what, "x": float(value), "said": _said(claim, what, float(value), whose)}
        for what, value, whose in values
    ]


def _said(claim: Mapping[str, Any], what: str, value: float, whose: str) -> str:
    if what != MEAN:
        return f"{claim['text']}, {whose}: {number(value)}"
    text = f"{claim['text']}: {number(value)} {claim['unit']}"
    if claim["low"] is not None and claim["high"] is not None:
        text += f", 95 % interval {number(claim['low'])} to {number(claim['high'])}"
    text += f", criterion {claim['criterion']}" if claim["criterion"] else ""
    n = f"{whole(claim['n_facts'])} {claim['counted']}, {count(claim['n_seeds'], 'seed')}"
    return f"{text}, n = {n}: {claim['verdict']}"


def _bounds_of(criterion: str) -> tuple[float, float] | None:
    """Return between which numbers the criterion "> a", "< a" or "within ±a" lets a claim hold."""
    found = re.fullmatch(r"([<>]|within ±)\s*([-−+0-9.e]+)", criterion.strip())
    if found is None:
        return None
    try:
        value = float(found[2].replace("−", "-"))
    except ValueError:
        return None
    inf = float("inf")
    return {"<": (-inf, value), ">": (value, inf)}.get(found[1], (-value, value))


def _zone(
    criterion: str, domain: list[float]
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return where the shading starts and ends, and where its one or two lines stand."""
    bounds = _bounds_of(criterion)
    if bounds is None:
        return None, None, None, None
    low, high = bounds
    lines = [b if isfinite(b) else None for b in bounds]
    return max(low, domain[0]), min(high, domain[1]), lines[0], lines[1]


def _domain(claims: Claims) -> list[float]:
    """Return the ends of an x axis: of all values, and of intervals unless they dwarf the values."""
    values = [
        float(v)
        for c in claims
        for v in (c["measured"], c["paper"], *c["by_seed"].values(), *(_bounds_of(c["criterion"]) or ()))
        if v is not None and isfinite(v)
    ]
    ends = [float(v) for c in claims for v in (c["low"], c["high"]) if v is not None and isfinite(v)]
    return reach(values, ends)
