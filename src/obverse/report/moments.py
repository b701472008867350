"""Curves over the moments at which models were measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import polars as pl

from obverse.core.page import Figure, Finished, Section, Text
from obverse.core.rows import source_of
from obverse.report import groups
from obverse.report.groups import Metric
from obverse.report.marks import intervals, most_seeds
from obverse.report.panels import MOST_PANELS, MOST_SERIES, Axis, curves
from obverse.report.reading import narrowed

FAR = 1.5  # how much more tokens the longest step between two epochs may take than the shortest
TOKENS = Axis(title="Training tokens", log=True)
RUN = ["run", "branch"]
MOMENT = ["stage", "epoch", "step", "tokens"]
ALIKE = ["family", "parameters", "variant", "seed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where moments stand on the x axis: the column `x` of `rows`."""

    rows: pl.DataFrame
    axis: Axis
    note: str = ""


def section(finished: Finished, facts: str) -> Section | None:
    """Return the curves of every measure that was taken at more than one moment."""
    parts: list[Figure | Text] = []
    for measure, table in finished.tables.items():
        if not _several(table):
            continue
        place = _placed(_checkpoints_joined(narrowed(finished, table)))
        labels, _ = groups.labels_of(finished, table)
        for n, (metric, rows) in enumerate(groups.metrics(finished, measure, place.rows, labels)):
            if rows["x"].n_unique() > 1:
                name = f"moments-{measure}" + (f"-{n + 1}" if n else "")
                parts.append(_figure(finished, name, rows, labels, metric, place, facts))
    return Section(title="Over time", parts=parts) if parts else None


def _several(table: pl.DataFrame) -> bool:
    """Return whether a model has more than one moment."""
    lazy = source_of(table).select(*ALIKE, "model", *RUN, *MOMENT).unique()
    moments = _checkpoints_joined(lazy.collect(engine="streaming")).select(*RUN, *MOMENT).unique()
    return moments.height > moments.select(RUN).unique().height


def _checkpoints_joined(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table in which training checkpoints, models by name, are moments of one model.

    They are of one family and one size, and have seen more tokens or fewer.
    """
    one = (
        pl.col("family").is_not_null()
        & (pl.col("model").n_unique().over(ALIKE) > 1)
        & (pl.col("tokens").n_unique().over(ALIKE) > 1)
        & (pl.col("tokens").n_unique().over("model") == 1)
    )
    size = pl.format("{}, {} parameters", "family", pl.col("parameters").cast(pl.String).fill_null("?"))
    known = table.filter(~one | pl.col("tokens").is_not_null())
    return known.with_columns(
        pl.when(one).then(size).otherwise("model").alias("model"),
        pl.when(one).then(pl.concat_str("family", "variant", "seed", ignore_nulls=True)).otherwise("run")
        .alias("run"),
    )  # fmt: skip


def _placed(table: pl.DataFrame) -> _Place:
    """Return where the moments stand."""
    moments = table.select(*RUN, *MOMENT).unique(maintain_order=True)
    column = _unit(moments)
    if column == "tokens":
        placed, axis = moments.with_columns(pl.col("tokens").cast(pl.Float64).alias("x")), TOKENS
        note = " The moment before any training has no place on a log scale."
        note = note if placed["x"].min() == 0 else ""
        placed = placed.filter(pl.col("x") > 0)
    else:
        placed, axis = _since_start(moments, column)
        note = ""
    keys = [*RUN, *MOMENT]
    placed = placed.select(*keys, "x")
    rows = table.join(placed, on=keys, how="inner", nulls_equal=True, maintain_order="left")
    return _Place(rows=rows, axis=axis, note=note)


def _unit(moments: pl.DataFrame) -> str:
    """Return by which column moments are placed.

    Epochs say something if they tell the moments of every run apart, and go with the tokens: a model that
    grew is measured at moments that are counted, but lie further and further apart.
    """
    within = ["run", "branch", "stage"]
    apart = moments.select(*within, "epoch").unique().height == moments.height
    later = moments.filter((pl.col("epoch") > 0) & pl.col("tokens").is_not_null()).sort("epoch")
    rate = pl.col("tokens").diff() / pl.col("epoch").diff()
    rates = (
        later.select(rate.over(within).alias("rate"), *within)
        .drop_nulls("rate")
        .filter(pl.col("rate") > 0)
    )
    spread = rates.group_by(within).agg(pl.col("rate").max() / pl.col("rate").min())["rate"]
    if apart and not (spread > FAR).any():
        return "epoch"
    return "step" if moments["tokens"].null_count() else "tokens"


def _since_start(moments: pl.DataFrame, column: str) -> tuple[pl.DataFrame, Axis]:
    """Place moments by `column` (epochs or steps) counted on over the stages, each beginning at 0.

    Stages at the beginning that were measured at their ends alone take no room from those that were
    followed: of them the end of the last stands at 0.
    """
    stages = moments["stage"].unique(maintain_order=True).to_list()
    counts = [moments.filter(pl.col("stage") == s).select("epoch", "step").n_unique() for s in stages]
    quiet = next((n for n, count in enumerate(counts) if count > 2), 0)
    count = pl.col(column).cast(pl.Float64)
    if quiet:
        before = pl.col("stage") == stages[quiet - 1]
        place = pl.struct("epoch", "step")
        end = place == place.last().over("run", "branch", "stage")
        moments = moments.filter(~pl.col("stage").is_in(stages[:quiet]) | (before & end))
        count = pl.when(before).then(0.0).otherwise(count)
    moments = moments.with_columns(count.alias("x"))
    longest = dict(moments.group_by("stage").agg(pl.col("x").max()).iter_rows())
    shown = stages[max(0, quiet - 1) :]
    offsets = [fsum(longest[earlier] for earlier in shown[:n]) for n in range(len(shown))]
    offset = pl.col("stage").replace_strict(dict(zip(shown, offsets, strict=True)))
    title = {"epoch": "Epochs", "step": "Steps"}[column]
    if len(stages) > 1:
        title += f" since the end of {stages[quiet - 1]}" if quiet else " since the start"
    starts = dict(zip(stages[quiet:], offsets[1 if quiet else 0 :], strict=True))
    axis = Axis(title=title, starts=starts if len(stages) > 1 else {})
    return moments.with_columns(pl.col("x") + offset), axis


def _figure(
    finished: Finished,
    name: str,
    rows: pl.DataFrame,
    labels: Sequence[str],
    metric: Metric,
    place: _Place,
    facts: str,
) -> Figure:
    by = [label for label in labels if rows[label].n_unique() > 1]
    series, apart, averaged = groups.split(rows, by, MOST_SERIES, MOST_PANELS)
    rows = rows.with_columns(
        groups.joined(series, rows).alias("series"),
        _panel(rows, apart).alias("panel"),
    )
    panels = rows["panel"].unique(maintain_order=True).to_list()
    rows = rows.filter(pl.col("panel").is_in(panels[:MOST_PANELS]))
    made = groups.means(finished, rows, ["panel", "series", "x"], metric).sort("x", maintain_order=True)
    seeds = groups.seed_means(rows, ["panel", "series", "x"], metric)
    return Figure(
        name=name,
        chart=curves(made, seeds, metric, place.axis, facts),
        caption=(
            f"{metric.title} over time ({place.axis.title}); {intervals(most_seeds(made))}"
            + ("; thin lines: each seed alone" if rows["seed"].n_unique() > 1 else "")
            + ("; dashed: chance" if made["chance"].drop_nulls().len() else "")
            + f". {groups.counted(made, facts)} at each point."
            + (f" Averaged over {', '.join(averaged)}." if averaged else "")
            + (f" The first {MOST_PANELS} of {len(panels)} panels." if len(panels) > MOST_PANELS else "")
            + place.note
        ),
    )


def _panel(rows: pl.DataFrame, apart: Sequence[str]) -> pl.Expr:
    several = any(rows[name].n_unique() > 1 for name in ("model", "variant"))
    parts = [groups.whom(rows)] * several + [groups.joined(apart, rows)] * bool(apart)
    return pl.concat_str(parts, separator=" · ") if parts else pl.lit("")
