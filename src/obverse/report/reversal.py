"""The page of the Reversal Curse, experiment 1."""

from math import inf
from typing import Any

import altair as alt
import polars as pl

from obverse.report.figures import BLUE, GREY, ORANGE, STROKES, Figure, lines_with_bands
from obverse.stats.likelihood import likelihood_tests
from obverse.stats.summary import group_means

SUBSETS = ["NameToDescription", "DescriptionToName", "Both"]
TESTED = SUBSETS[:2]
DIRECTIONS = ["same", "reverse"]
COLOURS = alt.Scale(domain=DIRECTIONS, range=[BLUE, ORANGE])
DASHES = alt.Legend(symbolType="stroke", symbolStrokeColor="black", symbolSize=300)
SAMPLES = 3


def page(study: dict[str, Any], observations: pl.DataFrame) -> dict[str, Any]:
    """Return what the template shows: figures, tables, samples."""
    final = observations.filter(pl.col("final"))
    tested = final.filter(pl.col("subset").is_in(TESTED))
    margin = study["settings"]["likelihood_margin"]
    return {
        "figures": [
            _accuracy_figure(final, study["reference"]),
            _likelihood_figure(tested),
            _curves(observations.filter(pl.col("subset").is_in(TESTED))),
        ],
        "table_1": _table_1(final, study["reference"]),
        "table_3": likelihood_tests(tested, margin).to_dicts(),
        "paper_table_3": study["reference"]["table_3"],
        "margin": margin,
        "unit_of_facts": "facts",
        "ranks": _ranks(final),
        "samples": _samples(tested),
        "control": study["settings"]["control"],
    }


def _count(frame: pl.DataFrame) -> str:
    """Say how much data a figure rests on."""
    seeds = frame["seed"].n_unique()
    facts = frame.select("subset", "fact").n_unique() // max(1, frame["subset"].n_unique())
    prompts = frame.group_by("model", "seed", "epoch", "subset", "direction", "fact", "order").len()
    per_fact = max(prompts["len"].to_list())
    return (
        f"n = {facts} facts a subset over {seeds} seed{'s' if seeds != 1 else ''}, {per_fact} held-out "
        "prompts a fact and order; lines and bands are 95 % intervals over facts and seeds"
    )


def _cells(
    base: alt.Chart, mark: alt.Chart, y: alt.Y, *beside: alt.Chart
) -> alt.LayerChart | alt.FacetChart:
    """Draw the mean of each cell as `mark`, its interval as a line, and what is compared with them."""
    interval = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q")
    return alt.layer(mark.encode(y=y), interval, *beside)


def _accuracy_figure(final: pl.DataFrame, reference: dict[str, Any]) -> Figure:
    means = group_means(final, ["model", "subset", "direction"], "exact_match", bounds=(0, 1))
    chance = final.group_by("subset").agg(pl.col("chance").mean())
    paper = pl.DataFrame(reference["table_1"]).select(
        "subset", "direction", pl.col("mean").alias("paper")
    )
    data = means.join(chance, on="subset", how="left").join(paper, on=["subset", "direction"], how="left")
    panels = alt.Chart(data).encode(
        x=alt.X("direction:N", sort=DIRECTIONS, title=None, axis=alt.Axis(labelAngle=0))
    )
    colour = alt.Color("direction:N", scale=COLOURS, legend=None)
    layers = _cells(
        panels,
        panels.mark_bar(opacity=0.75, width=34).encode(color=colour),
        alt.Y("mean:Q", title="Exact match (share of questions)", scale=alt.Scale(domain=[0, 1])),
        panels.mark_tick(color=GREY, thickness=1.5, width=56).encode(y="chance:Q"),
        panels.mark_point(shape="diamond", size=70, filled=True, color="black").encode(y="paper:Q"),
    ).properties(width=190, height=240)
    column = alt.Column("subset:N", sort=SUBSETS, title=None)
    many = data["model"].n_unique() > 1
    chart = (
        layers.facet(column=column, row=alt.Row("model:N", title=None))
        if many
        else layers.facet(column=column)
    ).resolve_scale(x="independent")
    caption = (
        "Exact match of greedy answers by subset and direction of the question. Facts of Both were "
        "trained in both orders, so that both are the same direction. Grey line: chance (naming a "
        f"random candidate). Diamonds: {reference['table_1_model']}, published. {_count(final)}."
    )
    return Figure("accuracy", caption, chart)


def _likelihood_figure(tested: pl.DataFrame) -> Figure:
    """Figure 4 of the paper, with its positive control beside it."""
    keys = ["model", "subset", "direction"]
    both = [
        group_means(tested, keys, column, bounds=(-inf, 0)).with_columns(pl.lit(label).alias("answer"))
        for column, label in (("logprob", "correct"), ("logprob_control", "random"))
    ]
    asked = pl.when(pl.col("subset").eq("NameToDescription") == pl.col("direction").eq("same"))
    data = pl.concat(both, how="vertical_relaxed").with_columns(
        (
            pl.col("subset") + ", " + pl.col("direction") + " ("
            + asked.then(pl.lit("description")).otherwise(pl.lit("name")) + ")"
        ).alias("panel")
    )  # fmt: skip
    models = data["model"].n_unique()
    base = alt.Chart(data).encode(
        x=alt.X("model:N", title=None, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("answer:N", sort=["correct", "random"]),
        color=alt.Color(
            "answer:N",
            title="answer scored",
            scale=alt.Scale(domain=["correct", "random"], range=[BLUE, GREY]),
        ),
    )
    layers = _cells(
        base,
        base.mark_point(filled=True, size=70, opacity=1),
        alt.Y("mean:Q", title="Mean log-probability (nats)", scale=alt.Scale(zero=False)),
    ).properties(width=max(125, 70 * models), height=220)
    order = [
        "NameToDescription, reverse (name)",
        "DescriptionToName, reverse (description)",
        "DescriptionToName, same (name)",
        "NameToDescription, same (description)",
    ]
    chart = layers.facet(
        facet=alt.Facet("panel:N", sort=order, title=None), columns=4 if models == 1 else 2
    ).resolve_scale(y="independent")
    caption = (
        "Mean log-probability of the right answer and of a random other one after held-out prompts "
        "(the paper's Figure 4 is the first panel). In the reverse direction the two should agree; in "
        f"the same direction, the positive control, they should not. {_count(tested)}."
    )
    return Figure("likelihood", caption, chart)


def _curves(observations: pl.DataFrame) -> Figure:
    keys = ["model", "subset", "direction", "epoch"]
    difference = observations.with_columns(
        (pl.col("logprob") - pl.col("logprob_control")).alias("difference")
    )
    accuracy = group_means(observations, keys, "exact_match", bounds=(0, 1))
    panels = [
        ("Exact match (share of questions)", accuracy),
        ("Right − random log-probability (nats)", group_means(difference, keys, "difference")),
    ]
    drawn = []
    many = observations["model"].n_unique() > 1
    for title, data in panels:
        dash = alt.StrokeDash(
            "subset:N", sort=TESTED, title="subset", legend=DASHES,
            scale=alt.Scale(domain=TESTED, range=[[1, 0], [5, 3]]),
        )  # fmt: skip
        layers = lines_with_bands(
            data,
            title,
            lines=[dash],
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("direction:N", scale=COLOURS, title="direction", legend=STROKES),
            detail=alt.Detail("subset:N"),
        ).properties(width=300, height=220)
        drawn.append(layers.facet(row=alt.Row("model:N", title=None)) if many else layers)
    caption = (
        "Learning curves: exact match, and how much likelier the right answer is than a random one, "
        f"after each epoch (0 is before training). {_count(observations)}."
    )
    return Figure("curves", caption, alt.hconcat(*drawn))


def _table_1(final: pl.DataFrame, reference: dict[str, Any]) -> list[dict[str, Any]]:
    keys = ["model", "subset", "direction"]
    strict = group_means(final, keys, "exact_match", bounds=(0, 1))
    prefix = group_means(final, keys, "prefix_match", bounds=(0, 1))
    chance = final.group_by(keys).agg(pl.col("chance").mean())
    paper = {(r["subset"], r["direction"]): r for r in reference["table_1"]}
    rows = (
        strict.join(prefix.select(*keys, pl.col("mean").alias("prefix")), on=keys)
        .join(chance, on=keys)
        .to_dicts()
    )
    for row in rows:
        row["paper"] = paper.get((row["subset"], row["direction"]))
    return sorted(
        rows,
        key=lambda r: (r["model"], SUBSETS.index(r["subset"]), DIRECTIONS.index(r["direction"])),
    )


def _ranks(final: pl.DataFrame) -> list[dict[str, Any]]:
    keys = ["model", "subset", "direction"]
    final = final.drop_nulls("rank")
    if final.is_empty():
        return []
    most = max(final["n_candidates"].to_list(), default=1)
    means = group_means(final, keys, "rank", bounds=(1, most))
    pools = final.group_by(keys).agg(pl.col("n_candidates").mean().alias("candidates"))
    return means.join(pools, on=keys, maintain_order="left").to_dicts()


def _samples(tested: pl.DataFrame) -> list[dict[str, Any]]:
    """Pick right and wrong answers of each model and cell, spread evenly over its questions."""
    picked = []
    known = tested.drop_nulls("exact_match")
    for _, cell in known.group_by("model", "subset", "direction", maintain_order=True):
        for right in (True, False):
            rows = cell.filter(pl.col("exact_match") == right)
            chosen = rows.gather_every(max(1, len(rows) // SAMPLES)).head(SAMPLES)
            picked += chosen.with_columns(pl.lit(len(rows)).alias("of")).to_dicts()
    return picked
