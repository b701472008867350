"""The means of the main measure by the experiment's labels, as a table for a terminal."""

from collections.abc import Sequence

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from obverse.core.format import number
from obverse.core.page import Finished
from obverse.report import groups
from obverse.report.groups import Metric

MOST_ROWS = 24  # more are on the page
GAP = 2  # spaces between columns


def averages(finished: Finished, width: int) -> Table | None:
    """Return the means at the last moment: a row for each group of what was asked.

    Models, variants and the cells of a grid stand side by side if `width` columns have room for them.
    The measure is *ask*, or the first where nothing was asked.
    """
    measure = "ask" if "ask" in finished.tables else next(iter(finished.tables), None)
    if measure is None:
        return None
    rows = groups.last(finished.tables[measure])
    if rows.is_empty():
        return None
    labels, _ = groups.labels_of(finished, rows)
    found = groups.metrics(finished, measure, rows, labels)
    if not found:
        return None
    metric, rows = found[0]
    return _table(finished, rows, [n for n in labels if rows[n].n_unique() > 1], metric, width)


def _table(
    finished: Finished, rows: pl.DataFrame, by: Sequence[str], metric: Metric, width: int
) -> Table:
    who = [n for n in ("model", "variant", *finished.study["grid"]) if rows[n].n_unique() > 1]
    if not (who or by):
        by = ["model"]
    made = groups.in_order(groups.means(finished, rows, [*who, *by], metric), [*by, *who])
    made = made.with_columns(_who=groups.joined(who, rows), _row=groups.joined(by, rows))
    names = made["_who"].unique(maintain_order=True).to_list()
    labels = max(map(len, made["_row"]))
    if labels + sum(map(_width, (*names, "chance"))) + GAP > width:
        made = made.with_columns(_row=pl.concat_str("_who", "_row", separator=" · "), _who=pl.lit("mean"))
        names = ["mean"]
    of_row: dict[str, dict[str, float | None]] = {}
    chance: dict[str, float | None] = {}
    for row, name, mean, of_chance in made.select("_row", "_who", "mean", "chance").iter_rows():
        of_row.setdefault(row, {})[name] = mean
        chance[row] = of_chance
    guessed = any(value is not None for value in chance.values())
    heads = ["mean" if name == "all" else name for name in names] + ["chance"] * guessed
    left = len(of_row) - MOST_ROWS
    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, GAP // 2), caption_justify="left",
        caption=f"{left} more rows are on the page." if left > 0 else None,
    )  # fmt: skip
    table.add_column(Text(metric.title), overflow="fold")
    for head in heads:
        table.add_column(Text(head), justify="right", max_width=_width(head) - GAP)
    for row, means in list(of_row.items())[:MOST_ROWS]:
        cells = [number(means.get(name)) for name in names] + [number(chance[row])] * guessed
        table.add_row(Text(row), *cells)
    return table


def _width(name: str) -> int:
    """Return how wide a column of numbers is whose heading is broken at its spaces."""
    return max(len("−0.000"), *map(len, name.split(" "))) + GAP
