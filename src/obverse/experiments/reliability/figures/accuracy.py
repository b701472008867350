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
    with_end,
    with_panel,
)
from obverse.report.figures import BLUE, ORANGE
from obverse.stats.contrast import by_seed, difference
from obverse.stats.summary import group_means

SHOWN = ("D1cons-QA1", "D2incons-QA2", "QA3", "QA4", "D5cons", "D6cons", "D8cons", "QA7")
FEW = 4  # panels in a column of a grid; of more variants the first are shown


def curves(rows: pl.DataFrame) -> Figure | None:
    """Exact match over all epochs (Figure 3): a panel a variant, one block for each kind of question."""
    asked = rows.filter(pl.col("direction").is_in(BELIEVED), pl.col("subset").is_in(SHOWN))
    if asked.is_empty():
        return None
    guess = asked.group_by("direction").agg(pl.col("chance").mean())
    keys = [*WHERE, "direction", "subset", "place"]
    table = group_means(asked, keys, "exact_match", bounds=(0, 1))
    table = with_end(with_panel(table, rows), rows).join(guess, on="direction", how="left")
    blocks = [
        _block(table.filter(pl.col("direction") == direction), ASKED[direction])
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
        f"dashed: of {later}. QA4 go by their own names; QA7 is not defined: what is guessed. Grey "
        f"line: a random value or entity, where their number is known. {counted(rows)}."
    )
    return Figure(name="curves", chart=alt.vconcat(*blocks), caption=caption)


def _block(table: pl.DataFrame, title: str) -> alt.FacetChart:
    guess = alt.Chart(table).mark_rule(strokeDash=[4, 3], color="#999").encode(y="chance:Q")
    panels = table["panel"].unique(maintain_order=True).to_list()
    return (
        alt.layer(*by_epoch(table, "Exact match (share)").layer, guess, data=table)
        .properties(width=230, height=170)
        .facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=PANELS_A_ROW)
        .properties(title=alt.Title(title, anchor="start"))
    )


def attributions(rows: pl.DataFrame) -> Figure | None:
    """Exact match over all epochs for each question about the entity (Figures 3b and 9)."""
    asked = rows.filter(pl.col("direction") == "attribution", pl.col("subset").is_in(SHOWN))
    kinds = sorted(asked["kind"].unique().to_list())
    if len(kinds) < 2:
        return None
    table = group_means(asked, [*WHERE, "kind", "subset", "place"], "exact_match", bounds=(0, 1))
    table = with_end(with_panel(table, rows), rows).with_columns(pl.col("kind").alias("part"))
    panels = table["panel"].unique(maintain_order=True).to_list()[:FEW]
    table = table.filter(pl.col("panel").is_in(panels))
    chart = grid(by_epoch(table, "Exact match (share)"), panels, kinds)
    caption = (
        "Entity attribution by question (as in Figure 9; “name” is Figure 3b): which entity an alias "
        f"stands for. Lines as above. {counted(rows)}."
    )
    return Figure(name="attributions", chart=chart, caption=caption)


def gaps(final: pl.DataFrame) -> Figure | None:
    """D5cons − D6cons at the end, for every model and variant."""
    table = _gaps(final)
    if table.is_empty():
        return None
    order = table["panel"].unique(maintain_order=True).to_list()
    base = alt.Chart(table).encode(
        y=alt.Y("panel:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        color=alt.Color(
            "asked:N", scale=alt.Scale(range=[BLUE, ORANGE]), title=None, sort=list(ASKED.values())
        ),
        yOffset=alt.YOffset("asked:N", sort=list(ASKED.values())),
    )
    x = alt.X("low:Q", title="D5cons − D6cons (exact match)", axis=alt.Axis(tickCount=6))
    seeds = pl.DataFrame(
        [
            {"panel": row["panel"], "asked": row["asked"], "seed value": value}
            for row in table.iter_rows(named=True)
            for value in row["seeds"]
        ]
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x="value:Q"),
        alt.Chart(seeds).mark_tick(thickness=1, size=9, opacity=0.6).encode(
            y=alt.Y("panel:N", sort=order, title=None), x="seed value:Q",
            yOffset=alt.YOffset("asked:N", sort=list(ASKED.values())),
            color=alt.Color("asked:N", sort=list(ASKED.values())),
        ),
        alt.Chart(table).mark_rule(color="#444", strokeDash=[2, 2]).encode(x=alt.datum(0)),
    ).properties(width=430, height=alt.Step(20))  # fmt: skip
    caption = (
        "What is internalised more because its source was reliable: exact match on D5cons minus "
        "D6cons at the end, with 95 % intervals over seeds (Student's t). Small strokes: the seeds. "
        f"{counted(final)}."
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
        about = {"model": model, "variant": variant, "value": estimate.value}
        about |= {"asked": ASKED[str(direction)], "seeds": list(by_seed(a, b, "exact_match").values())}
        found.append(about | ({} if low != low else {"low": low, "high": high}))
    table = pl.DataFrame(found, infer_schema_length=None)
    return table if table.is_empty() else with_panel(table, final)
