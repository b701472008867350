"""The figures of repetition suppression."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from obverse.core.page import Figure
from obverse.experiments.repetition.answers import AXES, CLUSTERS, induction_gains
from obverse.experiments.repetition.asked import ACCURACY, CONDITIONS, POSITIVE, PROPORTION, Asked
from obverse.report.figures import BLUE, GREY, ORANGE, STROKES, lines_with_bands
from obverse.stats.summary import group_means

COLOURS = alt.Scale(domain=list(CONDITIONS), range=[ORANGE, GREY, BLUE])


def scaling(task: Asked, zero: pl.DataFrame) -> Figure | None:
    """Draw accuracy and loss against parameters, with the controls."""
    sized = zero.drop_nulls(["parameters", "family"])
    if sized.is_empty():
        return None
    data = _accuracy_and_loss(task, sized, ["family", "parameters", "condition"])
    colour: Any = alt.value(BLUE)
    if len(task.conditions) > 1:
        colour = alt.Color("condition:N", scale=COLOURS, title="instruction", legend=STROKES)
    rows = []
    for family in sized["family"].unique(maintain_order=True):
        tables = {k: v.filter(pl.col("family") == family) for k, v in data.items()}
        x = _log("parameters", f"Parameters ({family})", sized)
        rows.append(_panels(task, tables, x, colour))
    told = (
        ""
        if len(task.conditions) < 2
        else ", told to break the pattern (against, the task) and in the controls: with the instruction "
        "removed (none) or told to keep to it (follow). Right is always the class that breaks the "
        "pattern. Curves that agree mean a model does not heed the instruction"
    )
    caption = f"Accuracy and loss against model size{told}. Dashed: chance. {_count(sized)}."
    return Figure(name="scaling", chart=alt.vconcat(*rows), caption=caption)


def growth(task: Asked, rows: pl.DataFrame, asked: pl.DataFrame) -> Figure | None:
    """Draw the task and induction against training tokens, for each size."""
    zero = asked.filter(pl.col("shots") == 0, pl.col("condition") == "against").drop_nulls("tokens")
    if zero["tokens"].n_unique() < 2:
        return None
    keys = ["parameters", "tokens"]
    gains = induction_gains(rows.drop_nulls("tokens"))
    data = {ACCURACY: _means(zero, keys, "correct", PROPORTION)}
    if len(gains):
        data["Induction (nats a word)"] = _means(gains, keys, "gain", None)
    size = alt.Color(
        "parameters:O", title="parameters", scale=alt.Scale(scheme="viridis"), legend=STROKES
    )
    chart = _panels(task, data, _log("tokens", "Training tokens", zero), size)
    caption = (
        "As models train: accuracy on the task (left), and induction, how much likelier each word of a "
        "random sequence is the second time (right), at each checkpoint whose tokens are known. "
        f"{_count(zero)}."
    )
    return Figure(name="growth", chart=chart, caption=caption)


def shots(task: Asked, last: pl.DataFrame) -> Figure | None:
    """Draw accuracy and loss against the number of examples."""
    against = last.filter(pl.col("condition") == "against")
    if against["shots"].n_unique() < 2:
        return None
    against = against.with_columns(pl.col("shots").cast(pl.String).alias("examples"))
    order = [str(n) for n in sorted(against["shots"].unique())]
    chart = _panels(
        task,
        _accuracy_and_loss(task, against, ["model", "examples"]),
        alt.X(
            "examples:O", sort=order, title="Examples before the question", axis=alt.Axis(labelAngle=0)
        ),
        alt.Color("model:N", title="model", scale=alt.Scale(scheme="viridis"), legend=STROKES),
    )
    caption = (
        "Accuracy and loss with examples before the question, drawn from the other items, the same for "
        f"all models. Dashed: chance. {_count(against)}."
    )
    return Figure(name="shots", chart=chart, caption=caption)


def slices(changes: dict[str, pl.DataFrame]) -> Figure | None:
    """Draw each item's change from the smallest to the largest model, along the grid's axes."""
    rows = []
    over_seeds = {
        family: table.group_by("fact", *AXES, maintain_order=True).agg(pl.col("change").mean())
        for family, table in changes.items()
    }
    for family, table in over_seeds.items():
        panels = [_slice(table, axis) for axis in AXES if table[axis].n_unique() > 1]
        if panels:
            rows.append(alt.hconcat(*panels).properties(title=family))
    if not rows:
        return None
    caption = (
        "Change of each item's two-class loss from the smallest to the largest model of a family (mean "
        "over seeds; positive: the largest does worse), by pattern, template and repetitions. Orange: "
        f"mean. n = {max(map(len, over_seeds.values()))} items."
    )
    return Figure(name="slices", chart=alt.vconcat(*rows), caption=caption)


def _slice(changes: pl.DataFrame, axis: str) -> alt.LayerChart | alt.FacetChart:
    order = changes.group_by(axis).agg(pl.col("change").mean()).sort("change")[axis].to_list()
    base = alt.Chart(changes).encode(
        y=alt.Y(f"{axis}:N", sort=[str(o) for o in order], title=axis.capitalize())
    )
    items = base.mark_circle(size=16, opacity=0.35, color=BLUE).encode(
        x=alt.X("change:Q", title="Change of loss (nats)")
    )
    means = base.mark_tick(color=ORANGE, thickness=2.5, size=13).encode(x="mean(change):Q")
    return alt.layer(items, means).properties(width=190, height=260)


def _means(
    rows: pl.DataFrame, by: Sequence[str], metric: str, bounds: tuple[float, float] | None
) -> pl.DataFrame:
    return group_means(rows, by, metric, bounds=bounds, clusters=CLUSTERS)


def _accuracy_and_loss(task: Asked, rows: pl.DataFrame, keys: Sequence[str]) -> dict[str, pl.DataFrame]:
    tables = {
        ACCURACY: _means(rows, keys, "correct", PROPORTION),
        task.loss: _means(rows, keys, "loss", POSITIVE),
    }
    known = {title: table.drop_nulls("mean") for title, table in tables.items()}
    return {title: table for title, table in known.items() if len(table)}


def _panels(task: Asked, data: dict[str, pl.DataFrame], x: alt.X, colour: Any) -> alt.HConcatChart:
    """Draw one panel a measure side by side: lines with bands, and chance where there is one."""
    drawn = []
    for title, table in data.items():
        layers: list[Any] = [lines_with_bands(table, title, zero=False, x=x, color=colour)]
        if (level := task.level(title)) is not None:
            rule = alt.Chart(pl.DataFrame({"chance": [level]}))
            layers.append(rule.mark_rule(strokeDash=[4, 3], color="#999").encode(y="chance:Q"))
        drawn.append(alt.layer(*layers).properties(width=330, height=230))
    return alt.hconcat(*drawn)


def _log(column: str, title: str, table: pl.DataFrame) -> alt.X:
    values = sorted(table[column].drop_nulls().unique().to_list())
    axis = alt.Axis(values=values, format=".3~s", labelOverlap=True)
    return alt.X(f"{column}:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=axis)


def _count(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and over what its intervals are."""
    runs = rows.group_by("model").agg(pl.col("seed").n_unique())["seed"]
    few, many = min(runs), max(runs)
    over = [axis for axis in CLUSTERS if rows[axis].n_unique() > 1] + (["seed"] if many > 1 else [])
    done = "each model asked once" if many == 1 else f"{many} seeds"
    if few < many:
        done += f" (models asked as they are: {few})"
    return (
        f"n = {_items(rows)}, {done}; bands are 95 % intervals over items"
        f"{', clustered by ' if over else ''}{' and '.join(', '.join(over).rsplit(', ', 1))}"
    )


def _items(rows: pl.DataFrame) -> str:
    """Say how many items there are, and how many sequences if these are asked about without them."""
    none = pl.col("condition") == "none"
    items, bare = (rows.filter(which)["fact"].n_unique() for which in (none.not_(), none))
    return f"{items} items" + (f" ({bare} sequences without an instruction)" if bare else "")
