"""The claims as a figure: what was measured, by each seed, and where the claim would hold."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import number
from obverse.core.page import Figure
from obverse.report.figures import BLUE, GREEN, MOST_DOTS, ORANGE, spread

LINE = 44  # letters of a claim on one line, of at most three
WIDTH = 430
SEED, MEAN, PAPER = "each seed", "mean, 95 % interval", "the paper"
KINDS = {  # shape, colour, size
    MEAN: ("circle", BLUE, 70),
    SEED: ("circle", "#26292c", 20),
    PAPER: ("diamond", ORANGE, 150),
}
VERDICTS = {"holds": "#00704f", "fails": "#b3261e", "undecided": "#8a5a00", "explored": "#5a6068"}
Claims = Sequence[Mapping[str, Any]]


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
    cut = any(_row(c, 0, _domain([d for d in mine if d["unit"] == c["unit"]]))[side] is not None
              for c in mine for side in ("below", "above"))  # fmt: skip
    shown = [MEAN] + [SEED] * several + [PAPER] * paper
    panels = [
        _panel([c for c in mine if c["unit"] == unit], unit, shown, unit == units[0]) for unit in units
    ]
    counted = dict.fromkeys(c["counted"] for c in mine)
    n = ", ".join(
        f"{_range(c['n_facts'] for c in mine if c['counted'] == what)} {what}" for what in counted
    )
    trained = any(c["trained"] for c in mine)
    n_seeds = _range(c["n_seeds"] for c in mine)
    return Figure(
        name=name,
        chart=alt.vconcat(*panels, spacing=18),
        caption=(
            f"{model}: the claims. Large dots: the mean over all"
            f"{', with its 95 % interval' if any(c['low'] is not None for c in mine) else ''}"
            f"{' (an arrow where it goes on)' if cut else ''}"
            f"{'; small dots: each seed alone' if several else ''}"
            f"{f' ({MOST_DOTS} of them, evenly)' if many else ''}"
            f"{'; diamond: the paper' if paper else ''}. "
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
    return number(all_[0], 0) if len(all_) == 1 else f"{all_[0]}–{all_[-1]}"


def _panel(claims: Claims, unit: str, shown: Sequence[str], first: bool) -> alt.LayerChart:
    domain = _domain(claims)
    rows = [_row(claim, n, domain) for n, claim in enumerate(claims)]
    table = pl.DataFrame(rows, infer_schema_length=None)
    points = pl.DataFrame(
        [point for n, claim in enumerate(claims) for point in _points(n, claim)],
        infer_schema_length=None,
    )
    y = alt.Y("place:O", title=None, axis=alt.Axis(labels=False, grid=True, ticks=False, domain=False))
    x = alt.Scale(domain=domain, nice=False, zero=False)
    base = alt.Chart(table).encode(y=y)
    zone = base.mark_bar(color=GREEN, opacity=0.12, height={"band": 0.86})
    edge = base.mark_tick(color=GREEN, thickness=1.5, height={"band": 0.86})
    arrow: dict[str, Any] = {"color": BLUE, "filled": True, "size": 45, "opacity": 1}
    layers = [
        zone.encode(x=alt.X("from:Q", title=unit or "value", scale=x), x2="to:Q"),
        edge.encode(x="at:Q"),
        edge.encode(x="at2:Q"),
        base.mark_rule(color=BLUE, strokeWidth=1.6).encode(x="low:Q", x2="high:Q"),
        base.mark_point(shape="triangle-left", **arrow).encode(x="below:Q"),
        base.mark_point(shape="triangle-right", **arrow).encode(x="above:Q"),
        alt.Chart(points).mark_point(filled=True, opacity=1).encode(x="x:Q", y=y, **_look(shown, first)),
        *_texts(table, y),
    ]
    lines = max(row["lines"] for row in rows)
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=alt.Step(max(24, 13 * lines + 8)))


def _look(shown: Sequence[str], legend: bool) -> dict[str, Any]:
    """Return how the kinds of points differ, with a legend over the first panel alone."""

    def scale(place: int) -> alt.Scale:
        return alt.Scale(domain=list(shown), range=[KINDS[kind][place] for kind in shown])

    more: dict[str, Any] = {"title": None, "legend": alt.Legend(orient="top") if legend else None}
    return {
        "shape": alt.Shape("what:N", scale=scale(0), **more),
        "color": alt.Color("what:N", scale=scale(1), **more),
        "size": alt.Size("size:Q", scale=None, legend=None),
    }


def _texts(table: pl.DataFrame, y: alt.Y) -> list[alt.Chart]:
    """Return the claims on the left, their lines centred on the row, and the verdicts on the right."""
    claims = [
        alt.Chart(table.filter(pl.col("lines") == lines))
        .mark_text(align="right", baseline="middle", dx=-10, dy=-6.5 * (lines - 1), lineBreak="\n",
                   lineHeight=13, fontSize=11)
        .encode(x=alt.value(0), y=y, text="claim:N")
        for lines in table["lines"].unique().sort()
    ]  # fmt: skip
    verdicts = [
        alt.Chart(table.filter(pl.col("verdict") == verdict))
        .mark_text(align="left", baseline="middle", dx=10, fontSize=11, fontWeight="bold", color=colour)
        .encode(x=alt.value(WIDTH), y=y, text="verdict:N")
        for verdict, colour in VERDICTS.items()
        if verdict in table["verdict"]
    ]
    return claims + verdicts


def _row(claim: Mapping[str, Any], place: int, domain: list[float]) -> dict[str, Any]:
    control = "control: " if claim["role"] == "control" else ""
    text = textwrap.wrap(control + claim["text"], LINE, max_lines=3, placeholder=" …") or ["–"]
    low, high = claim["low"], claim["high"]
    start, end, first, second = _zone(claim["criterion"], domain)
    return {
        "place": place,
        "claim": "\n".join(text),
        "lines": len(text),
        "verdict": claim["verdict"],
        "low": None if low is None else max(low, domain[0]),
        "high": None if high is None else min(high, domain[1]),
        "below": domain[0] if low is not None and low < domain[0] else None,
        "above": domain[1] if high is not None and high > domain[1] else None,
        "from": start, "to": end, "at": first, "at2": second,
    }  # fmt: skip


def _points(place: int, claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = [] if claim["paper"] is None else [(PAPER, claim["paper"])]
    values += [(MEAN, claim["measured"])]  # what is drawn later lies on top
    if len(claim["by_seed"]) > 1:
        values += [(SEED, value) for value in spread(list(claim["by_seed"].values()))]
    return [
        {"place": place, "what": what, "size": KINDS[what][2], "x": float(value)}
        for what, value in values
    ]


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
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    ends = [v for c in claims for v in (c["low"], c["high"]) if v is not None and isfinite(v)]
    near = [min(max(v, low - span), high + span) for v in ends]
    pad = 0.06 * span
    return [min([low, *near]) - pad, max([high, *near]) + pad]
