"""The figures of exact match: by epoch (Figure 3), by attribution question (Figure 9), and the gaps."""

from typing import Any

import altair as alt
import polars as pl

from obverse.core.page import Figure
from obverse.experiments.reliability.figures.drawing import (
    ASKED,
    BELIEVED,
    PANELS_A_ROW,
    WHERE,
    by_epoch,
    counted,
    grid,
    how_many,
    with_end,
    with_panel,
)
from obverse.report.figures import BLACK, BLUE, GREEN, ORANGE, reach
from obverse.report.marks import QUIET, SAID, described
from obverse.stats.contrast import by_seed, difference

SHOWN = (
    "D1cons-QA1", "D2incons-QA2", "D9incons-QA9", "D10cons-QA10", "QA3", "QA4", "D5cons", "D6cons",
    "D8cons", "QA7",
)  # fmt: skip
FEW = 4  # panels in a column of a grid; of more variants the first are shown


def curves(rows: pl.DataFrame) -> Figure | None:
    """Exact match over all epochs (Figure 3): a panel a variant, one block for each kind of question."""
    asked = rows.filter(pl.col("direction").is_in(BELIEVED), pl.col("subset").is_in(SHOWN))
    if asked.is_empty():
        return None
    table = with_end(with_panel(asked, rows), rows)
    blocks = [
        _block(table.filter(direction=direction), ASKED[direction])
        for direction in BELIEVED
        if direction in set(table["direction"])
    ]
    later = (
        "X2, whose definitions are trained after it, and which are never asked about in training"
        if not rows["trunk"].all()
        else "X2, which are never asked about in training"
    )
    caption = (
        "Exact match by epoch (as in Figure 3). Dotted line: end of Stage 1. Solid: subsets of X1; "
        f"dashed: of {later}. QA4 go by their own names; QA7 is not defined: what is guessed. "
        "Thin lines: each seed. Grey line: a random value or entity, where their number is known. "
        f"{counted(rows)}."
    )
    return Figure(name="curves", chart=alt.vconcat(*blocks), caption=caption)


def _block(asked: pl.DataFrame, title: str) -> alt.FacetChart:
    panels = asked["panel"].unique(maintain_order=True).to_list()
    guess = asked["chance"].mean()
    levels = [guess] if isinstance(guess, float) else []
    chart = by_epoch(asked, "exact_match", "Exact match (share)", ["panel"], (0, 1), levels)
    a_row = min(len(panels), PANELS_A_ROW)
    return (
        chart.properties(width=560 // a_row, height=170)
        .facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=a_row)
        .properties(title=alt.Title(title, anchor="start"))
    )


def attributions(rows: pl.DataFrame) -> Figure | None:
    """Exact match over all epochs for each question about the entity (Figures 3b and 9)."""
    asked = rows.filter(pl.col("direction") == "attribution", pl.col("subset").is_in(SHOWN))
    kinds = sorted(asked["kind"].unique().to_list())
    if len(kinds) < 2:
        return None
    table = with_end(with_panel(asked, rows), rows).with_columns(pl.col("kind").alias("part"))
    panels = table["panel"].unique(maintain_order=True).to_list()[:FEW]
    table = table.filter(pl.col("panel").is_in(panels))
    chart = grid(
        by_epoch(table, "exact_match", "Exact match (share)", ["panel", "part"], (0, 1)),
        panels,
        kinds,
        width=500 // len(kinds),
    )
    caption = (
        "Entity attribution by epoch: how often the model says rightly which entity an alias stands for, "
        "with a panel for each way to ask (the paper’s Figure 9; its Figure 3b has “name” alone). "
        f"Colours, dashes and thin lines are those of the figure before. {counted(rows)}."
    )
    return Figure(name="attributions", chart=chart, caption=caption)


def gaps(final: pl.DataFrame, margin: float) -> Figure | None:
    """D5cons − D6cons at the end, for every model and variant; `margin` is the claims'."""
    table = _gaps(final)
    if table.is_empty():
        return None
    order = table["panel"].unique(maintain_order=True).to_list()
    kinds = list(ASKED.values())
    seeds = table.explode("seeds").select("panel", "asked", pl.col("seeds").struct.unnest())
    ends = reach(
        [*seeds["mean"], 0.0, -margin, margin],
        [v for v in (*table["low"], *table["high"]) if v is not None],
    )
    scale = alt.Scale(domain=ends, nice=False, zero=False)
    title = "D5cons − D6cons (exact match, share of questions)"
    shared: dict[str, Any] = {
        "y": alt.Y("panel:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        "yOffset": alt.YOffset("asked:N", sort=kinds),
        "color": alt.Color(
            "asked:N", scale=alt.Scale(domain=kinds[:2], range=[BLUE, ORANGE]), title=None
        ),
    }
    shown = described(table, ["panel", "asked"], "aliases").with_columns(
        pl.col("low", "high").cast(pl.Float64).clip(*ends)
    )
    base = alt.Chart(shown).encode(**shared)
    at = alt.Chart(pl.DataFrame({"at": [-margin, margin]}))
    chart = alt.layer(
        at.mark_rule(color=GREEN, strokeDash=[6, 3], **QUIET).encode(x="at:Q"),
        alt.Chart(pl.DataFrame({"at": [0]})).mark_rule(color="#444", strokeDash=[2, 2], **QUIET).encode(
            x="at:Q"
        ),
        base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, **QUIET).encode(
            x=alt.X("low:Q", title=title, scale=scale), x2="high:Q"
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=alt.X("mean:Q", title=title, scale=scale), description=SAID
        ),
        alt.Chart(described(seeds, ["panel", "asked"])).mark_tick(thickness=1.2, size=10).encode(
            **shared | {"color": alt.value(BLACK)}, x="mean:Q", description=SAID
        ),
    ).properties(width=430, height=alt.Step(22))  # fmt: skip
    caption = (
        "What is internalised more because its source was reliable: exact match on D5cons minus "
        "D6cons at the end, with 95 % intervals over seeds (Student's t), as far as the axis goes. Small "
        "strokes: the seeds. Green: the margin within which the negative control has to be. "
        f"{how_many(final)}."
    )
    return Figure(name="gaps", chart=chart, caption=caption)


def _gaps(final: pl.DataFrame) -> pl.DataFrame:
    found: list[dict[str, Any]] = []
    asked = final.filter(pl.col("direction").is_in(BELIEVED))
    for (model, variant, direction), group in asked.group_by(*WHERE, "direction", maintain_order=True):
        a, b = (group.filter(pl.col("subset") == s) for s in ("D5cons", "D6cons"))
        estimate = difference(a, b, "exact_match")
        if estimate is None:
            continue
        low, high = estimate.interval()
        known = low == low  # of one seed there is no interval
        found.append(
            {
                "model": model, "variant": variant, "asked": ASKED[str(direction)],
                "mean": estimate.value, "low": low if known else None, "high": high if known else None,
                "n_seeds": estimate.n_seeds,
                "seeds": [
                    {"seed": seed, "mean": value} for seed, value in by_seed(a, b, "exact_match").items()
                ],
            }
        )  # fmt: skip
    table = pl.DataFrame(found, infer_schema_length=None)
    return table if table.is_empty() else with_panel(table, final)
