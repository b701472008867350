"""The page of repetition suppression."""

from dataclasses import asdict
from typing import Any

import altair as alt
import polars as pl

from obverse.report.figures import BLUE, GREY, ORANGE, Figure
from obverse.stats.slices import AXES, axis_tests, item_changes
from obverse.stats.summary import group_means
from obverse.stats.trend import correct, induction_gains, trends

CONDITIONS = ["against", "none", "follow"]
COLOURS = alt.Scale(domain=CONDITIONS, range=[ORANGE, GREY, BLUE])
STROKES = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolOpacity=1, symbolSize=300)
SCALES = {"parameters": "Parameters", "tokens": "Training tokens of the largest model"}


def page(study: dict[str, Any], observations: pl.DataFrame) -> dict[str, Any]:
    """Return what the template shows: figures and tables."""
    margin = study["settings"]["margin"]
    asked = observations.filter(pl.col("subset") == "suppression").with_columns(
        correct().alias("correct")
    )
    # Each model at its last moment, also where moments are runs of their own.
    last = asked.filter(
        pl.col("tokens").fill_null(0) == pl.col("tokens").fill_null(0).max().over("parameters", "family")
    )
    zero = last.filter(pl.col("shots") == 0)
    families = observations["family"].drop_nulls().unique(maintain_order=True)
    changes = {f: item_changes(observations.filter(pl.col("family") == f)) for f in families}
    changes = {f: table for f, table in changes.items() if len(table)}
    drawn = [_scaling(zero), _shots(last), _slices(changes)]
    if asked["tokens"].n_unique() > 1:
        drawn.insert(1, _growth(observations, asked))
    return {
        "figures": [f for f in drawn if f is not None],
        "unit_of_facts": "items",
        "margin": margin,
        "models": _models(zero),
        "trends": [
            asdict(t)
            for scale in SCALES
            for metric in ("correct", "loss")
            for t in trends(observations, scale, metric, margin)
        ],
        "axes": [{"family": f} | asdict(t) for f, table in changes.items() for t in axis_tests(table)],
        "grown_here": any(m["kind"] == "grown" for m in study["models"]),
        "samples": _samples(zero),
    }


def _count(rows: pl.DataFrame) -> str:
    items, seeds = rows["fact"].n_unique(), rows["seed"].n_unique()
    return (
        f"n = {items} items, {seeds} seed{'s' if seeds != 1 else ''}; bands are 95 % intervals, "
        "clustered by pattern, template and seed"
    )


def _panels(
    data: dict[str, pl.DataFrame], x: alt.X, colour: alt.Color, chance: bool = True
) -> alt.HConcatChart:
    """Draw one panel a measure side by side: lines with bands, and chance where there is one."""
    drawn = []
    for title, table in data.items():
        base = alt.Chart(table).encode(x=x, color=colour)
        layers = [
            base.mark_area(opacity=0.13).encode(
                y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)), y2="high:Q"
            ),
            base.mark_line(point=alt.OverlayMarkDef(size=35)).encode(y="mean:Q"),
        ]
        level = {"Accuracy": 0.5, "Two-class loss (nats)": 0.6931}.get(title)
        if chance and level is not None:
            rule = alt.Chart(pl.DataFrame({"chance": [level]}))
            layers.append(rule.mark_rule(strokeDash=[4, 3], color="#999").encode(y="chance:Q"))
        drawn.append(alt.layer(*layers).properties(width=330, height=230))
    return alt.hconcat(*drawn)


def _scaling(zero: pl.DataFrame) -> Figure | None:
    """Accuracy and loss against parameters, with the two controls."""
    sized = zero.drop_nulls(["parameters", "family"])
    if sized.is_empty():
        return None
    keys = ["family", "parameters", "condition"]
    data = {
        "Accuracy": group_means(sized, keys, "correct", bounds=(0, 1)),
        "Two-class loss (nats)": group_means(sized, keys, "loss").drop_nulls("mean"),
    }
    rows = []
    for family in sized["family"].unique(maintain_order=True):
        tables = {k: v.filter(pl.col("family") == family) for k, v in data.items()}
        rows.append(
            _panels(
                tables,
                _log("parameters", f"{SCALES['parameters']} ({family})", sized),
                alt.Color("condition:N", scale=COLOURS, title="instruction", legend=STROKES),
            )
        )
    caption = (
        "Accuracy and two-class loss against model size, told to break the pattern (against, the task), "
        "with the instruction removed (none) and told to keep to it (follow). Right is always the class "
        "that breaks the pattern. Curves that agree mean a model does not heed the instruction. Dashed: "
        f"chance. {_count(zero)}."
    )
    return Figure("scaling", caption, alt.vconcat(*rows))


def _log(column: str, title: str, table: pl.DataFrame) -> alt.X:
    values = sorted(table[column].drop_nulls().unique().to_list())
    axis = alt.Axis(values=values, format=".3~s", labelOverlap=True)
    return alt.X(f"{column}:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=axis)


def _growth(observations: pl.DataFrame, asked: pl.DataFrame) -> Figure:
    """The task and induction against training tokens, for each size."""
    zero = asked.filter(pl.col("shots") == 0, pl.col("condition") == "against").drop_nulls("tokens")
    keys = ["parameters", "tokens"]
    gains = induction_gains(observations.drop_nulls("tokens"))
    data = {"Accuracy": group_means(zero, keys, "correct", bounds=(0, 1))}
    if len(gains):
        gained = group_means(gains, keys, "gain")
        data["Induction: gain of a second copy (nats a word)"] = gained
    size = alt.Color(
        "parameters:O", title="parameters", scale=alt.Scale(scheme="viridis"), legend=STROKES
    )
    chart = _panels(data, _log("tokens", "Training tokens", zero), size)
    caption = (
        "As models train: accuracy on the task (left), and induction, how much likelier each word of a "
        "random sequence is the second time (right), at each checkpoint. "
        f"{_count(zero)}."
    )
    return Figure("growth", caption, chart)


def _shots(last: pl.DataFrame) -> Figure | None:
    """Accuracy and loss against the number of examples."""
    against = last.filter(pl.col("condition") == "against")
    if against["shots"].n_unique() < 2:
        return None
    against = against.with_columns(pl.col("shots").cast(pl.String).alias("examples"))
    keys = ["model", "examples"]
    order = [str(n) for n in sorted(against["shots"].unique())]
    data = {
        "Accuracy": group_means(against, keys, "correct", bounds=(0, 1)),
        "Two-class loss (nats)": group_means(against, keys, "loss").drop_nulls("mean"),
    }
    chart = _panels(
        data,
        alt.X(
            "examples:O", sort=order, title="Examples before the question", axis=alt.Axis(labelAngle=0)
        ),
        alt.Color("model:N", title="model", scale=alt.Scale(scheme="viridis"), legend=STROKES),
    )
    caption = (
        "Accuracy and two-class loss with examples before the question, drawn from the other items, the "
        f"same for all models. Dashed: chance. {_count(against)}."
    )
    return Figure("shots", caption, chart)


def _slices(changes: dict[str, pl.DataFrame]) -> Figure | None:
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


def _models(zero: pl.DataFrame) -> list[dict[str, Any]]:
    keys = ["model", "parameters", "tokens"]
    wide: dict[tuple[Any, ...], dict[str, Any]] = {}
    for metric, bounds in (("correct", (0.0, 1.0)), ("loss", None), ("mass", None)):
        for row in group_means(zero, [*keys, "condition"], metric, bounds=bounds).to_dicts():
            entry = wide.setdefault(tuple(row[k] for k in keys), {k: row[k] for k in keys})
            entry[f"{metric}_{row['condition']}"] = row
    for entry in wide.values():
        entry["sensitivity"] = _difference(entry.get("correct_against"), entry.get("correct_follow"))
    return sorted(wide.values(), key=lambda e: (e["parameters"] or 0, e["model"]))


def _difference(a: dict[str, Any] | None, b: dict[str, Any] | None) -> float | None:
    if a is None or b is None or a["mean"] is None or b["mean"] is None:
        return None
    return float(a["mean"] - b["mean"])


def _samples(zero: pl.DataFrame) -> list[dict[str, Any]]:
    """Pick items of the largest model in each condition, spread over the grid."""
    largest = zero.filter(pl.col("parameters").fill_null(0) == pl.col("parameters").fill_null(0).max())
    first = largest.filter(pl.col("seed") == pl.col("seed").min())
    picked = []
    for condition in CONDITIONS:
        rows = first.filter(pl.col("condition") == condition)
        picked += rows.gather_every(max(1, len(rows) // 2), offset=len(rows) // 5).head(2).to_dicts()
    return picked
