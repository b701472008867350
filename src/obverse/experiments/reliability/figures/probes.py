"""The heat map of what linear probes read at each layer and token (Figure 7)."""

from dataclasses import replace

import altair as alt
import polars as pl

from obverse.core.format import count, percent
from obverse.core.page import Figure, Finished, Page, Section, Text
from obverse.experiments.reliability.probes_claims import DEFINED, TAG, TASKS
from obverse.report.figures import BLUE, ORANGE
from obverse.report.marks import QUIET, SAID, described

NOTE = (
    "At each layer and token of a question that was not trained, a linear probe reads whether the alias "
    "had a definition (D1cons and D2incons against QA3), or by which tag it was defined (D1cons against "
    "D2incons). Aliases of the test part are not in the training part, classes are of equal size, and "
    "the baseline is the same with classes shuffled. Layer 0 is the embeddings."
)


def probes_page(page: Page, finished: Finished) -> Page:
    """Return the page of implicit meta-learning, probes first."""
    if "hidden" not in finished.tables:
        return page
    rows = finished.tables["hidden"]
    places = rows.group_by("task", "variant", "layer", "position", maintain_order=True).agg(
        pl.col("accuracy", "baseline").mean(), pl.col("seed").n_unique().alias("n_seeds")
    )
    figure = _heat_map(rows, places)
    probed = Section(title="What can be read off a question", parts=[Text(text=NOTE), figure])
    return replace(page, answer=_answer(places), main="", sections=[probed, *page.sections])


def _answer(places: pl.DataFrame) -> str:
    """Say what is read where a probe reads most, of each word order."""
    best = places.group_by("variant", "task", maintain_order=True).agg(pl.col("accuracy").max())
    read = {(variant, task): value for variant, task, value in best.iter_rows()}
    said = [
        f"{percent(read[variant, DEFINED])} % and {percent(read[variant, TAG])} % ({variant})"
        for variant in best["variant"].unique(maintain_order=True)
        if (variant, DEFINED) in read and (variant, TAG) in read
    ]
    if not said:
        return ""
    return (
        "At the layer and token where it is right most often, a linear probe tells whether an alias was "
        f"defined, and by which tag, in {'; '.join(said)}. Guessing is right in 50 %."
    )


def _heat_map(rows: pl.DataFrame, places: pl.DataFrame) -> Figure:
    """Draw the accuracy of each place, the mean over seeds: a column a variant, a row a task."""
    table = described(places, ["task", "variant", "layer", "position"], value="accuracy")
    table = table.with_columns(
        pl.col("accuracy").round(2).map_elements(lambda v: f"{v:.2f}", pl.String).alias("text")
    )
    base = alt.Chart(table).encode(
        x=alt.X("position:O", title="Token of the question", axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("layer:O", title="Layer", sort="descending", axis=alt.Axis(grid=False)),
    )
    cells = base.mark_rect().encode(
        description=SAID,
        color=alt.Color(
            "accuracy:Q", title="accuracy (share of aliases)",
            scale=alt.Scale(domain=[0.4, 0.5, 1.0], range=[ORANGE, "#ffffff", BLUE], interpolate="lab"),
        )
    )  # fmt: skip
    numbers = base.mark_text(fontSize=11, **QUIET).encode(
        text="text:N",
        color=alt.condition("datum.accuracy > 0.85", alt.value("white"), alt.value("#1d1d1f")),
    )
    variants = table["variant"].unique(maintain_order=True).to_list()
    chart = (
        alt.layer(cells, numbers, data=table)
        .properties(width=150, height=120)
        .facet(
            row=alt.Row("task:N", sort=list(TASKS), title=None),
            column=alt.Column("variant:N", sort=variants, title=None),
        )
    )
    seeds = rows["seed"].n_unique()
    baseline = float(rows["baseline"].to_numpy().mean())
    aliases = rows.select("seed", "variant", "task", "fact").n_unique()
    each = aliases // max(1, rows.select("seed", "variant", "task").n_unique())
    caption = (
        "Accuracy of a linear probe (as in Figure 7), the mean over seeds; guessing gives 0.5, the same "
        f"probes with classes shuffled {baseline:.2f}. "
        f"n = {count(seeds, 'seed')}, {each} aliases in each."
    )
    return Figure(name="probes", chart=chart, caption=caption)
