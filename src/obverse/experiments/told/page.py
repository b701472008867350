"""What the page of one's own documents and questions says first: the means at the end."""

from collections.abc import Sequence

import polars as pl

from obverse.core.format import interval, number
from obverse.core.page import Finished, Page
from obverse.report import groups
from obverse.report.groups import Metric

MOST_KINDS = 6  # values of a label whose means are said


def page(finished: Finished) -> Page:
    return Page(answer=answer(finished))


def answer(finished: Finished) -> str:
    """Say the mean of what was asked, and of each kind of question, for each model."""
    said = []
    for measure, table in finished.tables.items():
        rows = groups.last(table)
        labels, _ = groups.labels_of(finished, rows)
        for metric, measured in groups.metrics(finished, measure, rows, labels):
            said += _said(finished, measured, labels, metric)
    return " ".join(said)


def _said(finished: Finished, rows: pl.DataFrame, labels: Sequence[str], metric: Metric) -> list[str]:
    said = []
    for one in groups.means(finished, rows, ["model"], metric).drop_nulls("mean").iter_rows(named=True):
        name = one["model"]
        kinds = [_kinds(finished, rows.filter(model=name), label, metric) for label in labels]
        whole = f"{number(one['mean'])} {interval(one['low'], one['high'])}"
        said.append(f"{metric.title} of {name}, at the end: {'; '.join(filter(None, [whole, *kinds]))}.")
    return said


def _kinds(finished: Finished, rows: pl.DataFrame, label: str, metric: Metric) -> str:
    """Return the mean for each value of a label; "" of one that does not vary or has too many."""
    made = groups.means(finished, rows, [label], metric).drop_nulls("mean")
    if not 1 < made.height <= MOST_KINDS:
        return ""
    means = (
        f"{groups.shown(kind)} {number(mean)}" for kind, mean in made.select(label, "mean").iter_rows()
    )
    return f"by {label}: {', '.join(means)}"
