"""What the page of the study of sizes adds: experiment 1 over the number of parameters (Figure 4)."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import altair as alt
import polars as pl

from obverse.core.format import count, interval, number, percent, whole
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table
from obverse.experiments.reversal.claims import TESTED, WORDINGS
from obverse.experiments.reversal.published import TABLE_3
from obverse.experiments.reversal.size_claims import final, sizes
from obverse.report.figures import BLUE, GREY, ORANGE, STROKES, counts
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import Bounds, group_means, mean

DIRECTIONS = ("same", "reverse")


def size_page(page: Page, finished: Finished, margin: float) -> Page:
    """Put the sizes before what experiment 1 shows of each model; `margin` in nats, of its claims."""
    rows = finished.tables["ask"].drop_nulls(["family", "parameters"])
    if rows.is_empty() or rows["model"].n_unique() < 2:
        return page
    known = pl.concat(
        [sizes(final(rows, subset, direction)) for subset in TESTED for direction in DIRECTIONS]
    )
    parts: list[Figure | Table] = [_figure(known, margin), _table(known)]
    section = Section(title="Over sizes (the paper's Figure 4)", parts=parts)
    return replace(page, question="", answer=_answer(known), main="", sections=(section, *page.sections))


def _answer(rows: pl.DataFrame) -> str:
    """Say how often the smallest and the largest model were right, in both orders."""
    said, known = [], sorted(set(rows["parameters"]))
    for place, parameters in (("smallest", known[0]), ("largest", known[-1])):
        mine = rows.filter(parameters=parameters)
        same, reverse = (mean(mine.filter(direction=each), "exact_match") for each in DIRECTIONS)
        if same is None or reverse is None:
            return ""
        both = f"{percent(same.value)} % and {percent(reverse.value)} %"
        said.append(f"the {place} model ({whole(parameters)} parameters) was right in {both}")
    return f"Asked in the order that was told and in the reverse, {', '.join(said)}."


def _figure(rows: pl.DataFrame, margin: float) -> Figure:
    """Draw exact match, right − random, and both log-probabilities in the reverse."""
    accuracy = _panel(rows, "exact_match", "Exact match (share)", "direction", [BLUE, ORANGE], (0.0, 1.0),
                      levels=[float(rows["chance"].to_numpy().mean())])  # fmt: skip
    apart = _panel(
        rows, "difference", "Right − random (nats)", "direction", [BLUE, ORANGE], None, levels=[0.0],
        margins=[-margin, margin],
    )  # fmt: skip
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
        chart=alt.vconcat(accuracy, apart, figure_4).resolve_scale(color="independent"),
        caption="Exact match (above; dashed: chance) and right − random log-probability (middle; grey: "
        "no difference, green: the margin of the claims) against the number of parameters, embeddings "
        f"included. Below, the paper's Figure 4: the right and a random name after {TESTED[0]} "
        f"facts' reverse prompts. n = {count(seeds, 'seed')} a size; thin lines and dots are the seeds' "
        f"own values, {intervals(seeds, 'facts, seeds and prompts')}.",
    )


def _panel(
    rows: pl.DataFrame, metric: str, title: str, by: str, colours: Sequence[str], bounds: Bounds | None,
    levels: Sequence[float] = (), margins: Sequence[float] = (),
) -> alt.FacetChart:  # fmt: skip
    """Return means over the number of parameters, a panel for each subset, a colour for each of `by`."""
    keys = ["subset", by, "parameters"]
    means = group_means(rows, keys, metric, bounds=bounds, clusters=WORDINGS).sort(
        "parameters", maintain_order=True
    )
    names = rows[by].unique(maintain_order=True).to_list()
    look = Look(
        x=counts("parameters", "Parameters", rows["parameters"].to_list()),
        at="parameters",
        color=alt.Color(
            f"{by}:N", scale=alt.Scale(domain=names, range=list(colours)), title=by, legend=STROKES
        ),
        series=[by],
        panels=["subset"],
    )
    seeds = of_seeds(rows, keys, metric).sort("parameters", maintain_order=True)
    drawn: alt.FacetChart = (
        lines(means, seeds, title, look, bounds=bounds, levels=levels, margins=margins)
        .properties(width=250, height=150)
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
            r["model"], whole(r["parameters"]), r["subset"], r["direction"], percent(r["mean"]),
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
