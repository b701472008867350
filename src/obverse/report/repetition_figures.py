"""The figures of repetition suppression."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import altair as alt
import polars as pl

from obverse.report.figures import BLUE, GREY, ORANGE, STROKES, Figure, lines_with_bands
from obverse.stats.answers import induction_gains
from obverse.stats.slices import AXES
from obverse.stats.summary import ALSO, group_means

CONDITIONS = ["against", "none", "follow"]
COLOURS = alt.Scale(domain=CONDITIONS, range=[ORANGE, GREY, BLUE])
POSITIVE = (0.0, inf)  # where a loss can lie
PROPORTION = (0.0, 1.0)
ACCURACY = "Accuracy"


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked, which decides what a page may say of it.

    Attributes:
        own_data: the user's own data, of which no pattern is known.
        conditions: those asked without examples.
        chance: accuracy of a guess, the mean of 1 / number of classes.
        chance_loss: loss of a guess, the mean of ln(number of classes), nats.
    """

    own_data: bool
    conditions: tuple[str, ...]
    chance: float
    chance_loss: float

    @classmethod
    def of(cls, asked: pl.DataFrame, own_data: bool) -> "Task":
        """Return the task of the items `asked`."""
        seen = asked["condition"].unique()
        task = asked.filter(pl.col("condition") == "against")["chance"].to_frame()
        guess = task.select(pl.col("chance").mean(), pl.col("chance").log().neg().mean().alias("loss"))
        return cls(own_data, tuple(c for c in CONDITIONS if c in seen), *guess.row(0))

    @property
    def loss(self) -> str:
        """The title of the loss."""
        return "Loss over the classes (nats)" if self.own_data else "Two-class loss (nats)"

    def level(self, title: str) -> float | None:
        """Return chance in the measure of this title, None where there is none."""
        return {ACCURACY: self.chance, self.loss: self.chance_loss}.get(title)


def scaling(task: Task, zero: pl.DataFrame) -> Figure | None:
    """Accuracy and loss against parameters, with the controls."""
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
    return Figure("scaling", caption, alt.vconcat(*rows))


def growth(task: Task, observations: pl.DataFrame, asked: pl.DataFrame) -> Figure | None:
    """The task and induction against training tokens, for each size."""
    zero = asked.filter(pl.col("shots") == 0, pl.col("condition") == "against").drop_nulls("tokens")
    if zero["tokens"].n_unique() < 2:
        return None
    keys = ["parameters", "tokens"]
    gains = induction_gains(observations.drop_nulls("tokens"))
    data = {ACCURACY: group_means(zero, keys, "correct", bounds=PROPORTION)}
    if len(gains):
        data["Induction (nats a word)"] = group_means(gains, keys, "gain")
    size = alt.Color(
        "parameters:O", title="parameters", scale=alt.Scale(scheme="viridis"), legend=STROKES
    )
    chart = _panels(task, data, _log("tokens", "Training tokens", zero), size)
    caption = (
        "As models train: accuracy on the task (left), and induction, how much likelier each word of a "
        "random sequence is the second time (right), at each checkpoint whose tokens are known. "
        f"{_count(zero)}."
    )
    return Figure("growth", caption, chart)


def shots(task: Task, last: pl.DataFrame) -> Figure | None:
    """Accuracy and loss against the number of examples."""
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
    return Figure("shots", caption, chart)


def slices(changes: dict[str, pl.DataFrame]) -> Figure | None:
    """Each item's change from the smallest to the largest model, along the grid's axes."""
    rows = []
    for family, table in changes.items():
        panels = [_slice(table, axis) for axis in AXES if table[axis].n_unique() > 1]
        if panels:
            rows.append(alt.hconcat(*panels).properties(title=family))
    if not rows:
        return None
    caption = (
        "Change of each item's two-class loss from the smallest to the largest model of a family (mean "
        "over seeds; positive: the largest does worse), by pattern, template and repetitions. Orange: "
        f"mean. n = {max(map(len, changes.values()))} items."
    )
    return Figure("slices", caption, alt.vconcat(*rows))


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


def _accuracy_and_loss(task: Task, rows: pl.DataFrame, keys: Sequence[str]) -> dict[str, pl.DataFrame]:
    tables = {
        ACCURACY: group_means(rows, keys, "correct", bounds=PROPORTION),
        task.loss: group_means(rows, keys, "loss", bounds=POSITIVE),
    }
    known = {title: table.drop_nulls("mean") for title, table in tables.items()}
    return {title: table for title, table in known.items() if len(table)}


def _panels(task: Task, data: dict[str, pl.DataFrame], x: alt.X, colour: Any) -> alt.HConcatChart:
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
    over = [axis for axis in ALSO if rows[axis].n_unique() > 1] + (["seed"] if many > 1 else [])
    done = "each model asked once" if many == 1 else f"{many} seeds"
    if few < many:
        done += f" (models asked as they are: {few})"
    return (
        f"n = {rows['fact'].n_unique()} items, {done}; bands are 95 % intervals over items"
        f"{', clustered by ' if over else ''}{' and '.join(', '.join(over).rsplit(', ', 1))}"
    )
