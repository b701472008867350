"""Means at the last moment by the experiment's labels, as a figure and as a table."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import MISSING, interval, number
from obverse.core.page import Cell, Column, Figure, Finished, Section, Table, Text
from obverse.report import groups
from obverse.report.figures import BLACK, BLUE, GREY, MOST_DOTS, PALETTE, colours, spread_rows
from obverse.report.groups import Metric
from obverse.report.marks import QUIET, SAID, cut_to, described, domain, most_seeds
from obverse.report.reading import needed

MOST_ROWS = 60  # of a figure
MOST_SEEDS = 6  # whose own means stand in a table
OPEN_ROWS = 30  # a longer table is folded away
WHO = ["model", "variant"]


def section(finished: Finished, facts: str) -> Section | None:
    """Return the means of every measure."""
    parts: list[Figure | Table | Text] = []
    for measure, table in finished.tables.items():
        rows = groups.last(table)
        if rows.is_empty():
            continue
        labels, many = groups.labels_of(finished, rows)
        found = groups.metrics(finished, measure, rows, labels)
        for n, (metric, measured) in enumerate(found):
            name = f"means-{measure}" + (f"-{n + 1}" if n else "")
            parts += _parts(finished, name, measured, labels, metric, facts)
        if many and found:
            parts.append(Text(text=f"Not split by {', '.join(many)}: too many values."))
    return Section(title="Means", parts=parts) if parts else None


def _parts(
    finished: Finished, name: str, rows: pl.DataFrame, labels: Sequence[str], metric: Metric, facts: str
) -> list[Figure | Table | Text]:
    rows = needed(finished, rows, [*WHO, *labels], metric.column)
    who = [column for column in WHO if rows[column].n_unique() > 1]
    by = [label for label in labels if rows[label].n_unique() > 1]
    made = groups.in_order(groups.means(finished, rows, [*WHO, *by], metric), [*by, *WHO])
    made = made.with_columns(_who=groups.whom(rows), _row=groups.joined(by, rows))
    known = made.drop_nulls("mean")
    if known.is_empty():
        return []
    seeds = groups.seed_means(rows, [*WHO, *by], metric).with_columns(
        _who=groups.whom(rows), _row=groups.joined(by, rows)
    )
    figure = _figure(name, known, seeds, metric, facts)
    return [figure, _table(made, seeds, [*who, *by], metric, facts)]


def _figure(name: str, known: pl.DataFrame, seeds: pl.DataFrame, metric: Metric, facts: str) -> Figure:
    row, series = _layout(known)
    names = known[series].unique(maintain_order=True).to_list() if series else []
    rows = known[row].unique(maintain_order=True).to_list()
    cut = len(rows) > MOST_ROWS
    if cut:
        kept = pl.col(row).is_in(rows[:MOST_ROWS])
        known, seeds = known.filter(kept), seeds.filter(kept)
    columns = ["mean", "low", "high", "chance", row] + ([] if series is None else [series])
    dots = spread_rows(seeds, [row] if series is None else [row, series])
    thinned = f" ({MOST_DOTS} of them, evenly)" if len(dots) < len(seeds) else ""
    who = [row] if series is None else [row, series]
    ends = domain(
        known, seeds.rename({"value": "mean"}), metric.bounds, known["chance"].drop_nulls().to_list()
    )
    shown = described(cut_to(known, ends), who, facts).select(*columns, "said", "low_shown", "high_shown")
    dots = described(dots, who, value="value")
    chart = _dots(shown, dots, row, rows[:MOST_ROWS], series, names, metric, ends)
    several = known["n_seeds"].max() != 1
    return Figure(
        name=name,
        chart=chart,
        caption=(
            f"{metric.title}, the mean"
            + (
                "; of two seeds no intervals are drawn"
                if most_seeds(known) == 2
                else " with its 95 % interval"
            )
            + (f"; small dots: each seed alone{thinned}" if several else "")
            + ("; grey lines: chance" if known["chance"].drop_nulls().len() else "")
            + f". {groups.counted(known, facts)} in each row."
            + (f" Shown are the first {MOST_ROWS} of {len(rows)} rows; the table has all." if cut else "")
        ),
    )


def _layout(known: pl.DataFrame) -> tuple[str, str | None]:
    """Return by which column there is a row, and by which a colour, where that tells things apart."""
    whom, labels = known["_who"].n_unique(), known["_row"].n_unique()
    if whom == 1:
        return "_row", None
    if labels == 1:
        return "_who", None
    # Models are compared within a row as long as there are colours for them.
    return ("_row", "_who") if whom <= len(PALETTE) or labels > len(PALETTE) else ("_who", "_row")


def _dots(
    known: pl.DataFrame,
    seeds: pl.DataFrame,
    row: str,
    rows: Sequence[str],
    series: str | None,
    names: Sequence[str],
    metric: Metric,
    ends: Sequence[float],
) -> alt.LayerChart:
    shared: dict[str, Any] = {
        "y": alt.Y(f"{row}:N", sort=list(rows), title=None, axis=alt.Axis(labelLimit=340, grid=True)),
        "color": alt.value(BLUE),
    }
    if series is not None:
        shared["yOffset"] = alt.YOffset(f"{series}:N", sort=list(names))
        shared["color"] = alt.value(GREY) if len(names) > len(PALETTE) else alt.Color(
            f"{series}:N", scale=colours(names), title=None,
            legend=alt.Legend(orient="top", columns=2, labelLimit=420),
        )  # fmt: skip
    room = 0.02 * (ends[1] - ends[0])
    scale = alt.Scale(domain=[ends[0] - room, ends[1] + room], nice=False, zero=False)

    def x(column: str) -> alt.X:
        return alt.X(f"{column}:Q", title=metric.title, scale=scale)

    base = alt.Chart(known).encode(**shared)
    interval = base.transform_filter("isValid(datum.low_shown)").mark_rule(strokeWidth=1.8, **QUIET)
    layers = [
        base.mark_tick(thickness=2, **QUIET).encode(x=x("chance"), color=alt.value("#9a9a9a")),
        interval.encode(x=x("low_shown"), x2="high_shown:Q"),
        base.mark_circle(size=60, opacity=1).encode(x=x("mean"), description=SAID),
    ]
    if seeds["seed"].n_unique() > 1:
        dots = alt.Chart(seeds.select(row, "value", "said", *[series] * bool(series))).encode(
            **shared | {"color": alt.value(BLACK)}
        )
        layers.append(dots.mark_circle(size=12, opacity=0.85).encode(x=x("value"), description=SAID))
    step = alt.Step(max(20, 11 * len(names) + 6), **{"for": "position"})
    return alt.LayerChart(layer=layers).properties(width=380, height=step)


def _table(
    made: pl.DataFrame, seeds: pl.DataFrame, by: Sequence[str], metric: Metric, facts: str
) -> Table:
    chance = made["chance"].drop_nulls().len() > 0
    spread = made["sd"].drop_nulls().len() > 0
    missing = int(made["n_missing"].sum()) > 0
    heads = ["mean", "95 % interval"] + ["each seed"] * spread + ["chance"] * chance
    heads += [facts, "seeds"] + ["missing"] * missing
    of_seeds: dict[tuple[str, str], list[float]] = {}
    for who, row, value in seeds.sort("seed").select("_who", "_row", "value").iter_rows():
        of_seeds.setdefault((who, row), []).append(value)
    rows = []
    for one in made.iter_rows(named=True):
        cells: list[Cell] = [groups.shown(one[name]) for name in by]
        cells += [number(one["mean"]), interval(one["low"], one["high"])]
        cells += [_of_seeds(of_seeds.get((one["_who"], one["_row"]), []))] * spread + [
            number(one["chance"])
        ] * chance
        cells += [one["n_facts"], one["n_seeds"]] + [one["n_missing"]] * missing
        rows.append(cells)
    return Table(
        title=metric.title,
        columns=[Column(title=n) for n in by] + [Column(title=h, numeric=True) for h in heads],
        rows=rows,
        folded=len(rows) > OPEN_ROWS,
    )


def _of_seeds(values: Sequence[float]) -> str:
    """Return each seed's own mean, or of many the smallest and the largest."""
    if len(values) <= MOST_SEEDS:
        return ", ".join(map(number, values)) or MISSING
    return f"{number(min(values))} to {number(max(values))}"
