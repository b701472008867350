"""The page of the experiment on images: pictures, accuracy by step and by number of aliases."""

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import polars as pl

from obverse.core.format import count, percent
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.digits.aliases import D1, D2, D5, D6, QA3
from obverse.experiments.digits.pictures import draw, handwriting
from obverse.report.figures import BLUE, GREY, ORANGE, PINK, SKY, STROKES, WHOLE
from obverse.report.lines import Look, lines
from obverse.report.marks import QUIET, intervals, of_seeds
from obverse.stats.summary import group_means, mean

if TYPE_CHECKING:
    from obverse.experiments.digits.images import Digits

COLOURS = {D1: SKY, D2: PINK, QA3: GREY, D5: BLUE, D6: ORANGE}
NOTE = (
    "X1: D1cons (true definitions, tag 1), D2incons (false ones, tag 2) and QA3 (not defined) are asked "
    "about in training, but for one cell of each alias, which is asked here. X2: D5cons (true, tag 1) "
    "and D6cons (true, tag 2) are defined and never asked about in training. All pictures are drawn "
    "anew, from digits that are not trained on."
)
QUESTION = (
    "Does a network that fills in hidden cells of pictures believe a source more that proved reliable? "
    "Aliases, drawn as digits, are defined with one of two tags; questions confirm what one tag says and "
    "contradict the other."
)
GLOSSARY = {
    **dict.fromkeys(
        (D1, "D1cons"), "Aliases with true definitions under tag 1, asked about in training."
    ),
    **dict.fromkeys(
        (D2, "D2incons"), "Aliases with false definitions under tag 2, asked about in training."
    ),
    QA3: "Aliases without a definition, asked about in training.",
    D5: "Aliases defined truly under tag 1, the reliable one, and never asked about in training.",
    D6: "Aliases defined truly under tag 2, the unreliable one, and never asked about in training.",
    "exact match": "Masked accuracy: 1 where the network fills in a hidden cell rightly, 0 where not.",
    "masked accuracy": "The share of hidden cells that the network fills in rightly.",
}
MOST = 6  # variants that the answer tells
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def page(experiment: "Digits", finished: Finished) -> Page:
    """Return the sections that stand beside the claims."""
    rows = finished.tables["cells"]
    parts: list[Text | Figure] = [Text(text=NOTE), _curves(rows)]
    if experiment.sizes:
        parts.append(_by_size(rows, experiment.sizes))
    sections = [Section(title="Masked accuracy", parts=parts)]
    pictures = _pictures(experiment, min(finished.study["seeds"]))
    if pictures is not None:
        sections.append(Section(title="What the network sees", parts=[pictures]))
    return Page(
        question=QUESTION,
        answer=_answer(rows.filter("final")),
        glossary=GLOSSARY,
        sections=sections,
        facts="aliases",
    )


def _answer(final: pl.DataFrame) -> str:
    """Say how often cells of X2 were filled in rightly, after reliable definitions and after others."""
    said: list[str] = []
    for (variant,), rows in final.group_by("variant", maintain_order=True):
        found = [mean(rows.filter(subset=subset), "exact_match") for subset in (D5, D6)]
        reliable, other = (percent(None if one is None else one.value) for one in found)
        if None in found:
            continue
        if said:
            said.append(f"{variant}: {reliable} % and {other} %")
        else:
            said.append(
                f"Of the cells of new aliases that were only defined, {reliable} % were filled in "
                f"rightly where the tag was the reliable one, {other} % where it was the other"
                f"{f' ({variant})' if variant else ''}"
            )
    if not said or len(said) > MOST:
        return ""
    guess = percent(float(final["chance"].to_numpy().mean()))
    names = "Figures call these aliases D5cons and D6cons."
    return f"{'; '.join(said)}. Guessing is right in {guess} %. {names}"


def _scale(subsets: list[str]) -> alt.Color:
    return alt.Color(
        "subset:N", title="subset", legend=STROKES,
        scale=alt.Scale(domain=subsets, range=[COLOURS[s] for s in subsets]),
    )  # fmt: skip


def _curves(rows: pl.DataFrame) -> Figure:
    keys = ["variant", "subset", "step"]
    look = Look(
        x=alt.X("step:Q", title="Training step", axis=alt.Axis(tickCount=4, labelExpr=WHOLE)),
        at="step",
        color=_scale(list(COLOURS)),
        series=["subset"],
        panels=["variant"],
        facts="aliases",
    )
    guess = float(rows["chance"].to_numpy().mean())
    layers = lines(
        group_means(rows, keys, "exact_match", bounds=(0, 1)), of_seeds(rows, keys, "exact_match"),
        "Masked accuracy (share)", look, bounds=(0, 1), levels=[guess],
    )  # fmt: skip
    variants = rows["variant"].unique(maintain_order=True).to_list()
    chart = layers.properties(width=260, height=170).facet(
        facet=alt.Facet("variant:N", title=None, sort=variants), columns=2
    )
    caption = (
        "Accuracy on the highlighted cell by training step. Dashed: guessing. Thin lines: each seed. "
        f"{_n(rows)}."
    )
    return Figure(name="curves", chart=chart, caption=caption)


FIGURE_23 = {
    D1: "asked about: the cell left out", D2: "asked about: the cell left out",
    D5: "only defined", D6: "only defined",
}  # fmt: skip


def _by_size(rows: pl.DataFrame, sizes: tuple[int, ...]) -> Figure:
    """Draw the end of training over the number of aliases (Figure 23)."""
    last = rows.filter("final").with_columns(
        pl.col("variant").str.extract(r"^(\d+)").cast(pl.Int64).alias("aliases"),
        pl.when(pl.col("variant").str.contains(","))
        .then(pl.lit("uninformative tags"))
        .otherwise(pl.lit("reliable and unreliable tag"))
        .alias("tags"),
    )
    compared = last.filter(pl.col("subset").is_in(list(FIGURE_23))).with_columns(
        pl.col("subset").replace_strict(FIGURE_23).alias("panel")
    )
    by = ["tags", "panel", "subset", "aliases"]
    look = Look(
        x=alt.X(
            "aliases:Q", title="Aliases of each subset",
            scale=alt.Scale(type="log", nice=False, padding=16), axis=alt.Axis(values=list(sizes)),
        ),
        at="aliases", color=_scale(list(FIGURE_23)), series=["subset"], panels=["tags", "panel"],
        facts="aliases",
    )  # fmt: skip
    guess = float(rows["chance"].to_numpy().mean())
    chart = (
        lines(
            group_means(compared, by, "exact_match", bounds=(0, 1)).sort("aliases", maintain_order=True),
            of_seeds(compared, by, "exact_match").sort("aliases", maintain_order=True),
            "Masked accuracy (share)", look, bounds=(0, 1), levels=[guess],
        )
        .properties(width=240, height=150)
        .facet(column=alt.Column("panel:N", title=None), row=alt.Row("tags:N", title=None))
    )  # fmt: skip
    caption = (
        "Accuracy at the end by the number of aliases, as in Figure 23: D1cons and D2incons, D5cons and "
        "D6cons, and the same of the negative control, uninformative tags. Dashed: guessing. Thin lines "
        f"and small dots: each seed alone. {_n(last)}."
    )
    return Figure(name="by-size", chart=chart, caption=caption)


def _n(rows: pl.DataFrame) -> str:
    seeds = rows["seed"].n_unique()
    return f"n = {count(seeds, 'seed')}; {intervals(seeds, 'aliases and seeds')}"


def _pictures(experiment: "Digits", seed: int) -> Figure | None:
    """Draw a definition and a question of several subsets, as pixels."""
    if experiment.data is not None and not experiment.data.exists():
        return None
    grids = experiment.examples(seed)
    drawn = draw(grids, handwriting(experiment.data, "test"), np.random.default_rng(seed))
    cells = []
    for number, (grid, picture) in enumerate(zip(grids, drawn, strict=True)):
        due = " ".join("–" if t == grid.nothing else LETTERS[t % 26] for t in grid.targets)
        title = f"{number + 1}. {grid.labels['subset']}, {grid.labels['kind']}: {due}"
        for (y, x), value in np.ndenumerate(picture):
            cells.append({"title": title, "x": x, "y": y, "value": round(float(value), 2)})
    table = pl.DataFrame(cells)
    scale = alt.Scale(domain=[0, 1], range=["black", "white"])
    height, width = drawn.shape[1:]
    chart = (
        alt.Chart(table)
        .mark_rect(strokeWidth=0.7, **QUIET)  # in the pixel's own colour, so that no seams are seen
        .encode(
            x=alt.X("x:O", axis=None),
            y=alt.Y("y:O", axis=None),
            fill=alt.Fill("value:Q", legend=None, scale=scale),
            stroke=alt.Stroke("value:Q", legend=None, scale=scale),
        )
        .properties(width=150, height=150 * height / width)
        .facet(
            facet=alt.Facet("title:N", title=None, header=alt.Header(labelLimit=0, labelFontSize=10)),
            columns=3,
        )
    )
    caption = (
        f"Examples of seed {seed} (as in Figure 5): the tag of a definition is the bar pattern above it, "
        "the digit that a question is about has a white border. Behind the colon stands what is due for "
        "each cell, row by row; – is no answer. "
        f"n = {count(len(drawn), 'picture')}."
    )
    return Figure(name="pictures", chart=chart, caption=caption)
