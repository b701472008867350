"""The figures of repetition suppression."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from obverse.core.format import whole
from obverse.core.page import Figure
from obverse.experiments.repetition.answers import AXES, CLUSTERS, induction_gains
from obverse.experiments.repetition.asked import ACCURACY, CONDITIONS, POSITIVE, PROPORTION, Asked
from obverse.report.figures import BLUE, GREY, ORANGE, PALETTE, STROKES, counts, reach
from obverse.report.lines import Look, lines
from obverse.report.marks import SAID, Bounds, described, intervals, of_seeds
from obverse.stats.summary import group_means

# Of viridis, without the yellow that is hard to see on white: for more models than PALETTE has colours.
SHADES = (
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151",
)  # fmt: skip

COLOURS = alt.Scale(domain=list(CONDITIONS), range=[ORANGE, GREY, BLUE])
# Where curves coincide, what is below is seen between the dashes.
DASH = alt.Scale(domain=list(CONDITIONS), range=[[1, 0], [6, 4], [2, 4]])


def scaling(task: Asked, zero: pl.DataFrame) -> Figure | None:
    """Draw accuracy and loss against parameters, with the controls."""
    sized = zero.drop_nulls(["parameters", "family"])
    if sized.is_empty():
        return None
    several = len(task.conditions) > 1
    rows = []
    for family in sized["family"].unique(maintain_order=True):
        of_family = sized.filter(family=family).sort("parameters", maintain_order=True)
        title = f"Parameters ({family})"
        look = Look(
            x=counts("parameters", title, of_family["parameters"].to_list()), at="parameters",
            color=alt.Color("condition:N", scale=COLOURS, title="instruction", legend=STROKES)
            if several else alt.value(BLUE),
            dash=alt.StrokeDash("condition:N", scale=DASH, title="instruction", legend=STROKES)
            if several else None,
            series=["condition"], facts="items", dodged=True,
        )  # fmt: skip
        rows.append(_panels(task, of_family, ["condition", "parameters"], look))
    told = (
        ""
        if len(task.conditions) < 2
        else ", told to break the pattern (against, the task) and in the controls: with the instruction "
        "removed (none) or told to keep to it (follow). Right is always the class that breaks the "
        "pattern. Curves that agree mean a model does not heed the instruction"
    )
    caption = f"Accuracy and loss against model size{told}. Dashed, grey: chance. {_count(sized)}."
    return Figure(name="scaling", chart=alt.vconcat(*rows), caption=caption)


def growth(task: Asked, rows: pl.DataFrame, asked: pl.DataFrame) -> Figure | None:
    """Draw the task and induction against training tokens, for each size."""
    zero = asked.filter(pl.col("shots") == 0, pl.col("condition") == "against").drop_nulls("tokens")
    if zero["tokens"].n_unique() < 2:
        return None
    gains = induction_gains(rows.drop_nulls("tokens"))
    sizes = sorted(zero["parameters"].drop_nulls().unique())
    look = Look(
        x=counts("tokens", "Training tokens", zero["tokens"].to_list()), at="tokens",
        color=alt.Color(
            "size:N", title="parameters", legend=STROKES,
            scale=alt.Scale(domain=[whole(n) for n in sizes], range=_shades(len(sizes))),
        ),
        series=["size"], facts="items",
    )  # fmt: skip
    keys = ["size", "tokens"]
    drawn = [_panel(_sized(zero), keys, "correct", ACCURACY, PROPORTION, look, task.level(ACCURACY))]
    if len(gains):
        drawn.append(_panel(_sized(gains), keys, "gain", "Induction (nats a word)", None, look, 0.0))
    caption = (
        "As models train: accuracy on the task (dashed: chance), and induction, how much likelier "
        "each word of a random sequence is the second time (dashed: no likelier), at each "
        f"checkpoint whose tokens are known. {_count(zero)}."
    )
    return Figure(name="growth", chart=alt.hconcat(*drawn), caption=caption)


def shots(task: Asked, last: pl.DataFrame) -> Figure | None:
    """Draw accuracy and loss against the number of examples."""
    against = last.filter(pl.col("condition") == "against")
    if against["shots"].n_unique() < 2:
        return None
    against = against.with_columns(pl.col("shots").cast(pl.String).alias("examples"))
    order = [str(n) for n in sorted(against["shots"].unique())]
    models = against["model"].unique(maintain_order=True).to_list()
    look = Look(
        x=alt.X(
            "examples:O", sort=order, title="Examples before the question", axis=alt.Axis(labelAngle=0)
        ),
        at="examples",
        color=alt.Color(
            "model:N", title="model", legend=STROKES,
            scale=alt.Scale(domain=models, range=_shades(len(models))),
        ),
        series=["model"], facts="items",
    )  # fmt: skip
    caption = (
        "Accuracy and loss with examples before the question, drawn from the other items, the same for "
        f"all models. Dashed: chance. {_count(against)}."
    )
    chart = _panels(task, against, ["model", "examples"], look)
    return Figure(name="shots", chart=chart, caption=caption)


def _shades(n: int) -> list[str]:
    """Return colours for models by their size: PALETTE's, or shades where it has too few."""
    return (
        list(PALETTE[:n])
        if n <= len(PALETTE)
        else [SHADES[i * (len(SHADES) - 1) // (n - 1)] for i in range(n)]
    )


def _sized(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `size`, the parameters as text."""
    names = pl.Series([whole(n) for n in rows["parameters"]], dtype=pl.String)
    return rows.with_columns(names.alias("size")).sort("parameters", "tokens", maintain_order=True)


def slices(changes: dict[str, pl.DataFrame]) -> Figure | None:
    """Draw each item's change from the smallest to the largest model, along the grid's axes."""
    rows = []
    over_seeds = {
        family: table.group_by("fact", *AXES, maintain_order=True).agg(pl.col("change").mean())
        for family, table in changes.items()
    }
    for family, table in over_seeds.items():
        ends = reach(table["change"].to_list(), [])
        panels = [_slice(table, axis, ends) for axis in AXES if table[axis].n_unique() > 1]
        if panels:
            rows.append(alt.hconcat(*panels).properties(title=family))
    if not rows:
        return None
    caption = (
        "Change of each item's two-class loss from the smallest to the largest model of a family (mean "
        "over seeds; positive: the largest does worse), by pattern, template and repetitions. Orange: "
        f"mean. n = {whole(max(map(len, over_seeds.values())))} items."
    )
    return Figure(name="slices", chart=alt.vconcat(*rows), caption=caption)


def _slice(changes: pl.DataFrame, axis: str, ends: Sequence[float]) -> alt.LayerChart:
    order = changes.group_by(axis).agg(pl.col("change").mean()).sort("change", axis)[axis].to_list()
    names = [str(o) for o in order]
    y = alt.Y(f"{axis}:N", sort=names, title=axis.capitalize())
    scale = alt.Scale(domain=list(ends), nice=False)
    x = alt.X("change:Q", title="Change of loss (nats)", scale=scale)
    of_items = described(changes, [axis, "fact"], value="change")
    of_all = changes.group_by(axis, maintain_order=True).agg(
        pl.col("change").mean(), pl.len().alias("n_facts")
    )
    items = alt.Chart(of_items).mark_circle(size=16, opacity=0.35, color=BLUE)
    means = alt.Chart(described(of_all, [axis], "items", value="change"))
    layers = [
        items.encode(x=x, y=y, description=SAID),
        means.mark_tick(color=ORANGE, thickness=2.5, size=13).encode(x=x, y=y, description=SAID),
    ]
    return alt.LayerChart(layer=layers).properties(width=120, height=max(120, 17 * len(names)))


def _panels(task: Asked, rows: pl.DataFrame, keys: Sequence[str], look: Look) -> alt.HConcatChart:
    """Draw accuracy and loss side by side, as far as they are known."""
    shown = [("correct", ACCURACY, PROPORTION), ("loss", task.loss, POSITIVE)]
    drawn = [
        _panel(rows, keys, metric, title, bounds, look, task.level(title))
        for metric, title, bounds in shown
        if rows[metric].drop_nulls().len()
    ]
    return alt.hconcat(*drawn)


def _panel(
    rows: pl.DataFrame,
    keys: Sequence[str],
    metric: str,
    title: str,
    bounds: Bounds | None,
    look: Look,
    level: float | None,
) -> alt.LayerChart:
    means = group_means(rows, keys, metric, bounds=bounds, clusters=CLUSTERS)
    seeds = of_seeds(rows, keys, metric)
    levels = [] if level is None else [level]
    title += " (share of items)" if title == ACCURACY else ""
    return lines(means, seeds, title, look, bounds=bounds, levels=levels).properties(
        width=240, height=210
    )


def _count(rows: pl.DataFrame) -> str:
    """Say how much data a figure rests on, and over what its intervals are."""
    runs = rows.group_by("model").agg(pl.col("seed").n_unique())["seed"]
    few, many = min(runs), max(runs)
    over = [axis for axis in CLUSTERS if rows[axis].n_unique() > 1] + (["seed"] if many > 1 else [])
    done = "each model asked once" if many == 1 else f"{many} seeds"
    if few < many:
        done += f" (models asked as they are: {few})"
    return (
        f"n = {_items(rows)}, {done}"
        f"{'; thin lines and small dots: each seed' if many > 1 else ''}; "
        + intervals(
            few if few == many else 1,
            f"items{', clustered by ' if over else ''}{' and '.join(', '.join(over).rsplit(', ', 1))}",
        )
    )


def _items(rows: pl.DataFrame) -> str:
    """Say how many items there are, and how many sequences if these are asked about without them."""
    none = pl.col("condition") == "none"
    items, bare = (rows.filter(which)["fact"].n_unique() for which in (none.not_(), none))
    said = f" ({whole(bare)} sequences without an instruction)" if bare else ""
    return f"{whole(items)} items{said}"
