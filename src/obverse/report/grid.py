"""What varies over one setting that is a number, or over two: the axes of a grid, or of variants."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from obverse.core.format import last_part
from obverse.core.page import Figure, Finished, Section
from obverse.report import groups
from obverse.report.groups import Metric
from obverse.report.marks import intervals, most_seeds
from obverse.report.panels import MOST_PANELS, MOST_SERIES, Axis, curves, heat_maps
from obverse.report.reading import needed

WIDE = 50  # from this ratio of the largest value to the smallest an axis is logarithmic


def section(finished: Finished, facts: str) -> Section | None:
    """Return curves or heat maps, where a grid or the variants have one or two axes that are numbers."""
    of_variants = _of_variants(finished)
    axes = {key: list(values) for key, values in finished.study["grid"].items()}
    axes |= {key: list(of.values()) for key, of in of_variants.items()}
    varied = [key for key, values in axes.items() if len(set(map(str, values))) > 1]
    numeric = [key for key in varied if all(map(_is_number, axes[key]))][:2]
    if not numeric:
        return None
    others = [key for key in varied if key not in numeric]
    parts = []
    for measure, table in finished.tables.items():
        if of_variants:
            table = table.filter(pl.col("variant").is_in(list(finished.study["variants"])))
        rows = groups.last(table)
        if rows.is_empty():
            continue
        labels, _ = groups.labels_of(finished, rows)
        found = groups.metrics(finished, measure, rows, labels)
        for n, (metric, measured) in enumerate(found):
            name = f"grid-{measure}" + (f"-{n + 1}" if n else "")
            by = ["variant", *finished.study["grid"], *labels]
            by.append("bare_model" if finished.study["grid"] else "model")
            placed = _placed(finished, needed(finished, measured, by, metric.column), of_variants)
            parts.append(_figure(finished, name, placed, labels, metric, numeric, others, facts))
    title = " and ".join(last_part(key) for key in numeric)
    return Section(title=f"Over {title}", parts=parts) if parts else None


def _placed(
    finished: Finished, rows: pl.DataFrame, of_variants: Mapping[str, Mapping[str, Any]]
) -> pl.DataFrame:
    """Return rows with a column for each axis, and models called what they are called without a grid."""
    if finished.study["grid"]:
        rows = rows.with_columns(model=pl.col("bare_model"))
    return rows.with_columns(
        pl.col("variant")
        .replace_strict(of, return_dtype=pl.Float64 if all(map(_is_number, of.values())) else None)
        .alias(key)
        for key, of in of_variants.items()
    )


def _of_variants(finished: Finished) -> dict[str, dict[str, Any]]:
    """Return by setting what each variant has it at: as the variant says, or else as the study does."""
    variants: Mapping[str, Mapping[str, Any]] = finished.study["variants"]
    keys = dict.fromkeys(key for settings in variants.values() for key in settings)
    found = {}
    for key in keys:
        default = _at(finished.study["experiment"]["settings"], key)
        of = {name: settings.get(key, default) for name, settings in variants.items()}
        if len({str(value) for value in of.values()}) > 1:
            found[key] = of
    return found


def _at(settings: Mapping[str, Any], key: str) -> Any:
    place: Any = settings
    for part in key.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return None
        place = place[part]
    return place


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _figure(
    finished: Finished,
    name: str,
    rows: pl.DataFrame,
    labels: Sequence[str],
    metric: Metric,
    numeric: Sequence[str],
    others: Sequence[str],
    facts: str,
) -> Figure:
    axes = [
        pl.col(key).cast(pl.Float64).alias(axis) for key, axis in zip(numeric, ("x", "y"), strict=False)
    ]
    by = [label for label in labels if rows[label].n_unique() > 1]
    one = len(numeric) == 1
    series, apart, averaged = groups.split(rows, by, MOST_SERIES if one else 1, MOST_PANELS)
    panel = [pl.col("model")] * (rows["model"].n_unique() > 1)
    panel += [pl.format(last_part(key) + " {}", pl.col(key).cast(pl.String)) for key in others]
    panel += [groups.joined(apart, rows)] * bool(apart)
    rows = rows.with_columns(
        *axes,
        groups.joined(series, rows).alias("series"),
        (pl.concat_str(panel, separator=" · ") if panel else pl.lit("")).alias("panel"),
    )
    panels = rows["panel"].unique(maintain_order=True).to_list()
    rows = rows.filter(pl.col("panel").is_in(panels[:MOST_PANELS]))
    keys = ["panel", "series", "x"] + ["y"] * (not one)
    made = groups.means(finished, rows, keys, metric).sort("x", maintain_order=True)
    if one:
        seeds = groups.seed_means(rows, keys, metric)
        xs = [float(x) for x in made["x"]]
        axis = Axis(title=last_part(numeric[0]), log=min(xs) > 0 and max(xs) / min(xs) >= WIDE)
        chart = curves(made, seeds, metric, axis, facts)
    else:
        chart = heat_maps(made, metric, [last_part(key) for key in numeric], facts)
    return Figure(
        name=name, chart=chart, caption=_caption(made, rows, metric, numeric, averaged, panels, facts)
    )


def _caption(
    made: pl.DataFrame,
    rows: pl.DataFrame,
    metric: Metric,
    numeric: Sequence[str],
    averaged: Sequence[str],
    panels: Sequence[str],
    facts: str,
) -> str:
    one = len(numeric) == 1
    over = " and ".join(last_part(key) for key in numeric)
    return (
        f"{metric.title} over {over} at the last moment"
        + (f"; {intervals(most_seeds(made))}" if one else "; intervals are in the table of means")
        + ("; thin lines: each seed alone" if one and rows["seed"].n_unique() > 1 else "")
        + ("; dashed: chance" if one and made["chance"].drop_nulls().len() else "")
        + f". {groups.counted(made, facts)} at each {'point' if one else 'cell'}."
        + (f" Averaged over {', '.join(averaged)}." if averaged else "")
        + (f" The first {MOST_PANELS} of {len(panels)} panels." if len(panels) > MOST_PANELS else "")
    )
