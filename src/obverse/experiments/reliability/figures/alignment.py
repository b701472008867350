"""The sections on gradient alignment: Figures 6, 24, 25 and 26, and what alignment says of what is
learnt."""

from collections.abc import Mapping
from dataclasses import replace

import altair as alt
import polars as pl

from obverse.core.format import count, number
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table, Text
from obverse.experiments.reliability.alignment_claims import (
    CONSISTENT,
    CONTRADICTED,
    TRAINED,
    UNRELIABLE,
    cell,
)
from obverse.experiments.reliability.claims import BASE, after_stage_1, at_the_end
from obverse.experiments.reliability.figures.drawing import (
    COLOURS,
    SINCE,
    with_panel,
    with_place,
)
from obverse.report.figures import DASHES, STROKES, epoch_axis
from obverse.report.lines import Look, lines
from obverse.report.marks import SAID, described, intervals, of_seeds
from obverse.stats.summary import group_means

METRICS = {
    "cosine": "cosine", "inner": "inner product", "squared_distance": "squared distance",
}  # fmt: skip
SIGNED = ("cosine", "inner")
NORMS = {"norm": "norm, definitions", "norm_other": "norm, questions"}
NOTE = (
    "Each definition's gradient is compared with that of every question about an alias of its subset, "
    "over all trained parameters: with questions about its own alias (own pairs, as in the paper), and "
    "about other aliases, the baseline that the paper lacks. Definitions and questions of D5cons and "
    "D6cons are never trained in Stage 1."
)


def alignment_page(page: Page, finished: Finished) -> Page:
    """Return the page of implicit meta-learning, alignment first."""
    if "gradients" not in finished.tables:
        return page
    rows = with_place(finished.tables["gradients"]).filter(pl.col("space") == "gradient")
    of_x2 = _curves(rows, (CONSISTENT, UNRELIABLE), METRICS, "alignment", "Figures 6 and 24")
    sections = [
        Section(title="Gradient alignment while X1 is trained", parts=[Text(text=NOTE), of_x2]),
        Section(
            title="The same of X1, and norms",
            parts=[
                _curves(rows, (TRAINED, CONTRADICTED), METRICS, "alignment-x1", "Figure 26"),
                _curves(
                    rows.filter(pl.col("partner") == "own"),
                    (CONSISTENT, UNRELIABLE),
                    NORMS,
                    "norms",
                    "Figure 25",
                ),
                _table(rows),
            ],
        ),
        Section(title="Does alignment predict?", parts=_predicted(finished.tables)),
    ]
    drawn = [section for section in sections if section.parts]
    return replace(page, answer=_answer(rows), main="", sections=[*drawn, *page.sections])


def _answer(rows: pl.DataFrame) -> str:
    """Say how well definitions of X2 are aligned with questions about their aliases."""
    said = []
    own = after_stage_1(rows).filter(partner="own")
    for (variant,), some in own.group_by("variant", maintain_order=True):
        found = [_mean(some.filter(subset=subset), "cosine") for subset in (CONSISTENT, UNRELIABLE)]
        if None not in found:
            said.append(f"{' and '.join(map(number, found))} ({variant})")
    if not said:
        return ""
    return (
        "After Stage 1, the gradients of a definition and of the questions about its alias had a cosine, "
        f"under the reliable tag (D5cons) and under the other (D6cons), of {'; '.join(said)}."
    )


def _curves(
    rows: pl.DataFrame, subsets: tuple[str, str], metrics: Mapping[str, str], name: str, source: str
) -> Figure:
    """Draw two subsets' gradients over the epochs of Stage 1: a column a number, a row a variant."""
    some = with_panel(rows.filter(pl.col("subset").is_in(subsets)), rows).with_columns(
        pl.format("{} pairs", "partner").alias("partner")
    )
    panels = some["panel"].unique(maintain_order=True).to_list()
    look = Look(
        x=epoch_axis(some["place"], SINCE), at="place", series=["subset", "partner"], panels=["panel"],
        facts="aliases",
        color=alt.Color(
            "subset:N", title="subset", legend=STROKES,
            scale=alt.Scale(domain=list(subsets), range=[COLOURS[s] for s in subsets]),
        ),
        dash=alt.StrokeDash(
            "partner:N", title="questions about", legend=DASHES,
            scale=alt.Scale(domain=["own pairs", "other pairs"], range=[[1, 0], [4, 3]]),
        ),
    )  # fmt: skip
    keys = ["panel", "subset", "partner", "place"]
    columns: list[alt.FacetChart] = []
    for metric, title in metrics.items():  # of different units: each column has a scale of its own
        layers = lines(group_means(some, keys, metric), of_seeds(some, keys, metric), title, look,
                       levels=[0.0] if metric in SIGNED else ())  # fmt: skip
        header = alt.Header(labels=not columns)
        row = alt.Row("panel:N", sort=panels, title=None, header=header)
        columns.append(layers.properties(width=480 // len(metrics), height=140).facet(row=row))
    chart = alt.hconcat(*columns, spacing=14)
    seeds = some["seed"].n_unique()
    both = some["partner"].n_unique() > 1
    solid = " Solid: own pairs; dashed: questions about other aliases." if both else ""
    caption = (
        f"Definitions' and questions' gradients: {', '.join(metrics.values())} (as in {source}), "
        "over all trained parameters, by epoch of Stage 1; "
        f"{' and '.join(subsets)}.{solid} Thin lines: each seed. {_n(some)}; "
        f"{intervals(seeds, 'aliases and seeds')}."
    )
    return Figure(name=name, chart=chart, caption=caption)


def _n(rows: pl.DataFrame) -> str:
    seeds = rows["seed"].n_unique()
    each = rows.select("seed", "variant", "subset", "fact").n_unique()
    groups = max(1, rows.select("seed", "variant", "subset").n_unique())
    return f"n = {count(seeds, 'seed')}, {each // groups} aliases a subset in each"


def _table(rows: pl.DataFrame) -> Table:
    """Return the numbers after Stage 1."""
    last = after_stage_1(rows)
    lines: list[list[Cell]] = []
    metrics = (*METRICS, *NORMS)
    for key, group in last.group_by("variant", "subset", "partner", maintain_order=True):
        lines.append([*map(str, key), *(_mean(group, metric) for metric in metrics)])
    titles = (*METRICS.values(), *NORMS.values())
    return Table(
        title="After Stage 1, before X2 is told",
        columns=[
            *(Column(title=title) for title in ("variant", "subset", "pairs")),
            *(Column(title=title, numeric=True) for title in titles),
        ],
        rows=lines,
        folded=True,
    )


def _mean(rows: pl.DataFrame, metric: str) -> float | None:
    value = rows[metric].mean()
    return value if isinstance(value, float) else None


def _predicted(tables: Mapping[str, pl.DataFrame]) -> list[Figure]:
    """Draw each alias: alignment before Stage 2, and how well it is known at the end."""
    known = (
        at_the_end(tables["ask"])
        .filter(pl.col("direction") == "question", pl.col("branch") == 0, pl.col("variant") == BASE)
        .group_by("seed", "subset", "fact")
        .agg(pl.col("logprob").mean().alias("known"))
    )
    before = after_stage_1(tables["gradients"]).filter(pl.col("partner") == "own")
    both = pl.concat(
        cell(before, BASE, subset).join(known, on=["seed", "subset", "fact"], maintain_order="left")
        for subset in (CONSISTENT, UNRELIABLE)
    )
    if both.is_empty():
        return []
    points = both.select("subset", "seed", "fact", "cosine", "known")
    chart = (
        alt.Chart(described(points, ["subset", "fact"], value="known"))
        .mark_circle(size=14, opacity=0.45)
        .encode(
            x=alt.X("cosine:Q", title="Cosine of own pairs after Stage 1"),
            y=alt.Y(
                "known:Q", title="Log-probability of right answers (nats)", scale=alt.Scale(zero=False)
            ),
            description=SAID,
            color=alt.Color(
                "subset:N", legend=None,
                scale=alt.Scale(
                    domain=[CONSISTENT, UNRELIABLE], range=[COLOURS[s] for s in (CONSISTENT, UNRELIABLE)]
                ),
            ),
        )
        .properties(width=260, height=220)
        .facet(column=alt.Column("subset:N", title=None))
    )  # fmt: skip
    caption = (
        "Each point is an alias: how well the gradient of its definition is aligned with those of "
        "questions about it, before the definition is told, and the mean log-probability of right "
        f"answers about it at the end. {_n(both)}."
    )
    return [Figure(name="prediction", chart=chart, caption=caption)]
