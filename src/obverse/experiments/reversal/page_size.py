"""What the page of the study of sizes adds: experiment 1 over the number of parameters (Figure 4)."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import altair as alt
import polars as pl

from obverse.core.format import count, interval, number, percent
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table
from obverse.experiments.reversal.claims import TESTED, WORDINGS
from obverse.experiments.reversal.published import TABLE_3
from obverse.experiments.reversal.size_claims import final, sizes
from obverse.report.figures import BLUE, GREY, ORANGE, STROKES
from obverse.stats.summary import Bounds, group_means

DIRECTIONS = ("same", "reverse")


def size_page(page: Page, finished: Finished) -> Page:
    """Put the sizes before what experiment 1 shows of each model."""
    rows = finished.tables["ask"].drop_nulls(["family", "parameters"])
    if rows.is_empty() or rows["model"].n_unique() < 2:
        return page
    known = pl.concat(
        [sizes(final(rows, subset, direction)) for subset in TESTED for direction in DIRECTIONS]
    )
    section = Section(title="Over sizes (the paper's Figure 4)", parts=[_figure(known), _table(known)])
    return replace(page, question="", main="", sections=(section, *page.sections))


def _figure(rows: pl.DataFrame) -> Figure:
    """Draw exact match, right − random, and both log-probabilities in the reverse."""
    accuracy = _panel(rows, "exact_match", "Exact match (share)", "direction", [BLUE, ORANGE], (0.0, 1.0),
                      chance=float(rows["chance"].to_numpy().mean()))  # fmt: skip
    apart = _panel(
        rows, "difference", "Right − random (nats)", "direction", [BLUE, ORANGE], None, chance=0.0
    )
    reverse = rows.filter(subset=TESTED[0], direction="reverse")
    both = pl.concat(
        [
            reverse.with_columns(pl.col(column).alias("value"), pl.lit(answer).alias("answer"))
            for column, answer in (("logprob", "right"), ("logprob_control", "random"))
        ]
    )
    figure_4 = _panel(both, "value", "Mean log-probability (nats)", "answer", [BLUE, GREY], (-inf, 0.0))
    seeds = rows["seed"].n_unique()
    return Figure(
        name="sizes",
        chart=alt.vconcat(alt.hconcat(accuracy, apart), figure_4).resolve_scale(color="independent"),
        caption="Exact match (above, left; dashed: chance) and right − random log-probability "
        "(above, right; dashed: no difference) against the number of parameters, embeddings "
        f"included. Below, the paper's Figure 4: the right and a random name after {TESTED[0]} "
        f"facts' reverse prompts. n = {count(seeds, 'seed')} a size; lines are 95 % intervals "
        "over facts, seeds and prompts, dots the seeds' own values.",
    )


def _panel(
    rows: pl.DataFrame, metric: str, title: str, by: str, colours: Sequence[str], bounds: Bounds | None,
    chance: float | None = None,
) -> alt.FacetChart:  # fmt: skip
    """Return means over the number of parameters, a panel for each subset, a colour for each of `by`."""
    keys = ["subset", by, "parameters"]
    means = group_means(rows, keys, metric, bounds=bounds, clusters=WORDINGS)
    seeds = rows.group_by([*keys, "seed"], maintain_order=True).agg(
        pl.col(metric).cast(pl.Float64).mean().alias("mean")
    )
    data = pl.concat([means, seeds], how="diagonal_relaxed")
    names = rows[by].unique(maintain_order=True).to_list()
    marks = sorted(rows["parameters"].unique())
    base = alt.Chart(data).encode(
        x=alt.X(
            "parameters:Q", title="Parameters", scale=alt.Scale(type="log", nice=False, padding=15),
            axis=alt.Axis(values=marks, format=".2s"),
        ),
        color=alt.Color(
            f"{by}:N", scale=alt.Scale(domain=names, range=list(colours)), title=by, legend=STROKES
        ),
    )  # fmt: skip
    of_means = base.transform_filter("datum.seed === null")
    layers = [
        of_means.mark_line(point=alt.OverlayMarkDef(size=45)).encode(
            y=alt.Y("mean:Q", title=title, scale=alt.Scale(zero=bounds == (0.0, 1.0)))
        ),
        of_means.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.transform_filter("datum.seed !== null")
        .mark_circle(size=20, opacity=0.45)
        .encode(y="mean:Q"),
    ]
    if chance is not None:
        layers.append(
            alt.Chart(data).mark_rule(strokeDash=[4, 3], color="#999").encode(y=alt.datum(chance))
        )
    drawn: alt.FacetChart = (
        alt.layer(*layers)
        .properties(width=190, height=170)
        .facet(column=alt.Column("subset:N", sort=list(TESTED), title=None))
    )
    return drawn


def _table(rows: pl.DataFrame) -> Table:
    """Return what each size does in each cell, and the paper's Table 3 by size in the note."""
    keys = ["model", "parameters", "subset", "direction"]
    accuracy = group_means(rows, keys, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    pairs = rows.with_columns(pl.col("pair").alias("fact"))
    apart = group_means(pairs, keys, "difference", clusters=WORDINGS)
    joined = accuracy.join(apart, on=keys, suffix="_nats", maintain_order="left")
    ordered = joined.sort("parameters", pl.col("subset") != TESTED[0], pl.col("direction") == "reverse")
    table: list[Sequence[Cell]] = [
        [
            r["model"], f"{r['parameters']:,}", r["subset"], r["direction"], percent(r["mean"]),
            f"[{percent(r['low'])}, {percent(r['high'])}]", number(r["mean_nats"], 2),
            interval(r["low_nats"], r["high_nats"], 2),
        ]
        for r in ordered.to_dicts()
    ]  # fmt: skip
    titles = ("exact match %", "95 % interval", "right − random, nats", "95 % interval")
    return Table(
        columns=[
            Column(title="model"), Column(title="parameters", numeric=True), Column(title="subset"),
            Column(title="direction"), *(Column(title=t, numeric=True) for t in titles),
        ],
        rows=table,
        note=f"{TESTED[0]}, reverse, in the paper's Table 3, right − random (nats, mean over "
        f"three seeds): {_published()}.",
    )  # fmt: skip


def _published() -> str:
    by_model: dict[str, list[float]] = {}
    for row in TABLE_3:
        by_model.setdefault(row.model, []).append(row.correct - row.random)
    return ", ".join(f"{model} {number(sum(d) / len(d), 2)}" for model, d in by_model.items())
