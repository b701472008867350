"""Accuracy by held-out prompt: how much the wording matters, and its distance from what was trained."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from obverse.core.format import percent
from obverse.core.page import Cell, Column, Figure, Table
from obverse.experiments.reversal.dataset import DIRECTIONS, ORDERS
from obverse.experiments.reversal.page_figures import by_column
from obverse.report.figures import BLUE, ORANGE
from obverse.report.marks import QUIET, SAID, cut_to, described, of_seeds
from obverse.stats.summary import group_means

BLANK = "…"
PROMPT = ["model", "order", "template"]


def table(tested: pl.DataFrame) -> Table:
    """Return exact match of each prompt in the direction that was trained and in the reverse."""
    means = {
        (r["model"], r["order"], r["template"], r["direction"]): r
        for r in group_means(tested, [*PROMPT, "direction"], "exact_match", bounds=(0, 1)).to_dicts()
    }
    rows: list[Sequence[Cell]] = []
    for (model, order, template), asked in _prompts(tested):
        own = [means.get((model, order, template, direction)) for direction in DIRECTIONS]
        rows.append(
            [
                model, order, wording(asked["prompt"].unique(maintain_order=True).to_list()),
                asked["distance"][0],
                *(None if r is None else _with_interval(r) for r in own),
                _each_seed(asked.filter(direction=DIRECTIONS[0])),
            ]
        )  # fmt: skip
    return Table(
        title="Exact match by held-out prompt",
        columns=[
            Column(title="model"), Column(title="order"), Column(title="prompt"),
            Column(title="distance", numeric=True, places=2),
            Column(title="same direction % [95 %]", numeric=True),
            Column(title="reverse % [95 %]", numeric=True),
            Column(title="same direction %, each seed", numeric=True),
        ],
        rows=rows,
        note="Facts that were trained in a prompt's order are asked in the same direction, facts trained "
        "in the other order alone in reverse. Distance from the nearest trained prompt: 0 is a trained "
        "prompt, 1 shares no word with one; the words right before the answer count twice. Intervals are "
        "over facts and seeds; those of the claims are over prompts too.",
    )  # fmt: skip


def figure(tested: pl.DataFrame, basis: str) -> Figure | None:
    """Draw the table over the distance; None for data whose distances are not known."""
    known = tested.drop_nulls("distance")
    if known.is_empty():
        return None
    keys = [*PROMPT, "distance", "direction"]
    data = group_means(known, keys, "exact_match", bounds=(0, 1))
    asked = ["order", "direction", "distance"]
    seeds = of_seeds(known, keys, "exact_match")
    table = pl.concat(
        [
            described(cut_to(data, [0, 1]), asked).with_columns(kind=pl.lit("mean")),
            described(seeds, asked).with_columns(kind=pl.lit("seed")),
        ],
        how="diagonal_relaxed",
    )
    both = alt.Scale(domain=list(DIRECTIONS), range=[BLUE, ORANGE])
    colour = alt.Color("direction:N", scale=both, legend=None)
    # Rings, so that both directions are seen where neither is answered.
    fill = alt.Fill(
        "direction:N", title="direction", scale=alt.Scale(domain=list(DIRECTIONS), range=[BLUE, "white"])
    )
    stroke = alt.Stroke("direction:N", title="direction", scale=both)
    x = alt.X(
        "distance:Q",
        title=["Distance from the nearest trained prompt", "(0: the same, 1: no word in common)"],
        scale=alt.Scale(zero=False, padding=12),
    )
    y = alt.Y("mean:Q", title="Exact match (share of questions)", scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(table).encode(x=x)
    of_mean = base.transform_filter("datum.kind == 'mean'")
    layers = alt.layer(
        of_mean.transform_filter("isValid(datum.low_shown)")
        .mark_rule(strokeWidth=1.6, **QUIET)
        .encode(y=alt.Y("low_shown:Q"), y2="high_shown:Q", color=colour),
        base.transform_filter("datum.kind == 'seed'")
        .mark_circle(size=14, opacity=0.5, xOffset=-6)
        .encode(y="mean:Q", color=colour, description=SAID),
        of_mean.mark_point(size=60, strokeWidth=2, opacity=1).encode(
            y=y, fill=fill, stroke=stroke, description=SAID
        ),
        data=table,
    ).properties(width=270, height=220)
    column = alt.Column("order:N", sort=list(ORDERS), title=None)
    caption = (
        "Exact match of each held-out prompt (a point; a ring in reverse) over its distance from the "
        "nearest trained prompt of the same order, as in the table. Small dots: each seed. "
        f"{basis}."
    )
    return Figure(name="prompts", caption=caption, chart=by_column(layers, data, column))


def wording(prompts: Sequence[str]) -> str:
    """Return what prompts about different people have in common, with `…` where they differ.

    One prompt alone is returned as it is.
    """
    if len(prompts) < 2:
        return prompts[0]
    split = [prompt.split(" ") for prompt in prompts]
    before = _common(split)
    after = _common([words[::-1][: len(words) - before] for words in split])
    first = split[0]
    end = first[len(first) - after :]
    # What directly follows the person, such as a comma, is no word of its own.
    mark = _common([list(words[len(words) - after - 1][::-1]) for words in split])
    last = first[len(first) - after - 1]
    return " ".join([*first[:before], BLANK + last[len(last) - mark :] if mark else BLANK, *end])


def _common(sequences: Sequence[Sequence[str]]) -> int:
    """Return the length of the longest opening that all sequences share."""
    length = 0
    for at in zip(*sequences, strict=False):
        if len(set(at)) > 1:
            break
        length += 1
    return length


def _prompts(tested: pl.DataFrame) -> list[tuple[tuple[str, str, int], pl.DataFrame]]:
    """Return the rows of each prompt, models in their order, prompts from near to far."""
    groups = tested.drop_nulls("exact_match").group_by(PROMPT, maintain_order=True)
    found = [((str(m), str(o), int(t)), rows) for (m, o, t), rows in groups]
    models = list(dict.fromkeys(model for (model, _, _), _ in found))
    return sorted(
        found, key=lambda f: (models.index(f[0][0]), ORDERS.index(f[0][1]), f[0][2])
    )  # fmt: skip


def _with_interval(row: dict[str, float]) -> str:
    return f"{percent(row['mean'])} [{percent(row['low'])}, {percent(row['high'])}]"


def _each_seed(rows: pl.DataFrame) -> str:
    of_seeds = rows.group_by("seed").agg(pl.col("exact_match").cast(pl.Float64).mean()).sort("seed")
    return ", ".join(percent(value, 0) for value in of_seeds["exact_match"])
