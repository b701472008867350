"""What is averaged on a study's page, over which rows, and by which labels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

import polars as pl

from obverse.core.format import MISSING, whole
from obverse.core.measure import LEADING
from obverse.core.page import Finished
from obverse.core.rows import distinct, source_of
from obverse.report.reading import n_unique, those_of
from obverse.stats.summary import group_means

MOST_VALUES = 60  # of a label that means are taken by
Bounds = tuple[float, float]
MOMENT = [
    "run", "model", "family", "parameters", "branch", "stage", "epoch", "step", "tokens", "final",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A column that is averaged.

    Attributes:
        column: of the measure's table.
        title: with the unit, for an axis.
        bounds: between which all values lie, where that is known.
        chance: what a guess reaches, from the column `chance`; None where that says nothing.
    """

    column: str
    title: str
    bounds: Bounds | None = None
    chance: pl.Expr | None = None


# What the measures that come with obverse are averaged by; the first that a row has.
KNOWN = {
    "ask": (
        Metric(
            column="exact_match", title="Exact match (share of answers)", bounds=(0, 1),
            chance=pl.col("chance"),
        ),
        Metric(
            column="loss", title="Loss over the candidates (nats)", bounds=(0, inf),
            chance=pl.col("chance").log().neg(),
        ),
        Metric(column="logprob", title="Log-probability of the right answer (nats)", bounds=(-inf, 0)),
    ),
    "gradients": (Metric(column="cosine", title="Cosine of gradients", bounds=(-1, 1)),),
    "hidden": (
        Metric(
            column="accuracy", title="Accuracy of a linear probe (share)", bounds=(0, 1),
            chance=pl.col("chance"),
        ),
    ),
    "perplexity": (Metric(column="nats", title="Loss (nats a token)", bounds=(0, inf)),),
}  # fmt: skip


def metrics(
    finished: Finished, measure: str, table: pl.DataFrame, by: Sequence[str]
) -> list[tuple[Metric, pl.DataFrame]]:
    """Return what is shown of a measure: each metric, and the rows of `table` that are averaged by it.

    A group (of `by`) is averaged by the first metric that any row of it has. Of a measure that is not
    obverse's own these are the first two numeric columns that vary, each over all rows; whole numbers,
    which may be the names of places, only where there is nothing else.
    """
    if measure not in KNOWN:
        # The table may have further columns by now, such as places on an axis.
        more = [name for name in table.columns if name not in finished.tables[measure].columns]
        known = [*finished.study["experiment"]["columns"], *finished.study["grid"], *more]
        return [(metric, table) for metric in _own_metrics(table, known)]
    found: list[tuple[Metric, pl.DataFrame]] = []
    keys = [*by, "model"]
    for metric in KNOWN[measure]:
        if metric.column not in table.columns:
            continue
        has = pl.col(metric.column).is_not_null().any().alias("has")
        groups = source_of(table).group_by(keys).agg(has).collect(engine="streaming")
        if groups["has"].all():  # of all that is left, or nothing is left
            return [*found, (metric, table)] if groups.height else found
        if groups["has"].any():
            found.append((metric, those_of(table, groups.filter("has").select(keys))))
            table = those_of(table, groups.filter(~pl.col("has")).select(keys))
    return found


def _own_metrics(table: pl.DataFrame, labels: Collection[str]) -> list[Metric]:
    own = [name for name in table.columns if name not in LEADING and name not in labels]
    numeric = [n for n in own if table.schema[n].is_numeric() or table.schema[n] == pl.Boolean]
    values = {n: n_unique(table.select(pl.col(n).drop_nulls()), n) for n in numeric}
    known = [n for n in numeric if values[n]]
    varied = [n for n in known if values[n] > 1]
    varied = [n for n in varied if not table.schema[n].is_integer()] or varied
    return [
        Metric(column=n, title=_title(n), bounds=(0, 1) if table.schema[n] == pl.Boolean else None)
        for n in (varied or known)[:2]
    ]


def _title(column: str) -> str:
    """Return a column's name as a heading: in words, a name of small letters with a capital."""
    said = column.replace("_", " ")
    return said[0].upper() + said[1:] if said.islower() and said[0].isascii() else said


def last(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of each run's last moment, and of a model's training checkpoints the last.

    Checkpoints are models by name, of one family and one size, that have seen more tokens or fewer; a
    model of which that is not known is the finished one.
    """
    # Moments are few beside rows.
    moments = distinct(source_of(table), MOMENT, last=True)
    rows = moments.filter(ends_run())
    seen = pl.col("tokens").cast(pl.Float64).fill_null(inf)
    of_model = seen.max().over("model")
    newest = of_model == of_model.max().over("family", "parameters")
    chosen = rows.filter(pl.col("family").is_null() | newest)
    return table if chosen.height == moments.height else those_of(table, chosen)


def ends_run() -> pl.Expr:
    """Return whether a row is of the last moment of its run, or, where that was not measured, of the last
    that was."""
    place = pl.struct("stage", "step", "epoch", "tokens")
    measured_last = place == place.last().over("run", "branch")
    return pl.col("final") | (~pl.col("final").any().over("run") & measured_last)


def whom(table: pl.DataFrame) -> pl.Expr:
    """Return the text that tells apart models and variants, as far as there are several."""
    names = [name for name in ("model", "variant") if table[name].n_unique() > 1]
    return pl.concat_str([_text(n) for n in names], separator=" · ") if names else pl.lit("")


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null(MISSING)


def labels_of(finished: Finished, table: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Return the labels that means are taken by, and those left out for having too many values.

    A label that does not vary says nothing, and is in neither.
    """
    experiment = finished.study["experiment"]
    declared = experiment["by"]
    if declared is None:
        declared = [name for name, kind in experiment["columns"].items() if kind == "str"]
    values = {name: n_unique(table, name) for name in declared if name in table.columns}
    varied = [name for name, count in values.items() if count > 1]
    many = [name for name in varied if values[name] > MOST_VALUES]
    return [name for name in varied if name not in many], many


def joined(names: Sequence[str], table: pl.DataFrame) -> pl.Expr:
    """Return labels as one text; a number says beside it what it is called."""
    if not names:
        return pl.lit("all")
    said = [
        _text(n) if table.schema[n] == pl.String else pl.concat_str(pl.lit(f"{n} "), _text(n))
        for n in names
    ]
    return pl.concat_str(said, separator=" · ")


def means(finished: Finished, rows: pl.DataFrame, by: Sequence[str], metric: Metric) -> pl.DataFrame:
    """Return `group_means`, with `chance` beside them; what cannot be told (NaN) is null."""
    told = metric.chance if "chance" in rows.columns else None
    chance = pl.lit(None) if told is None else told
    rows = rows.with_columns(chance.cast(pl.Float64).alias("_chance"))
    clusters = finished.study["experiment"]["clusters"]
    made = group_means(rows, by, metric.column, bounds=metric.bounds, clusters=clusters)
    asked = _known(rows, metric).group_by(by, maintain_order=True)
    numbers = pl.col("mean", "low", "high", "sd").cast(pl.Float64).fill_nan(None)
    typed = [pl.col(name).cast(rows.schema[name]) for name in by]  # labels that are all null have lost it
    return made.with_columns(numbers, *typed).join(
        asked.agg(pl.col("_chance").mean().alias("chance")),
        on=list(by), how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip


def _known(rows: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    # Where nothing is missing, nothing is copied.
    return rows.drop_nulls(metric.column) if rows[metric.column].null_count() else rows


def seed_means(rows: pl.DataFrame, by: Sequence[str], metric: Metric) -> pl.DataFrame:
    """Return each seed's own mean, as `value`, of each group."""
    return (
        _known(rows, metric)
        .group_by([*by, "seed"], maintain_order=True)
        .agg(pl.col(metric.column).cast(pl.Float64).mean().alias("value"))
    )


def in_order(table: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return a table sorted by `by`, the values of each in the order in which they first occur."""
    places = []
    for name in by:
        values = table[name].unique(maintain_order=True).to_list()
        places.append(pl.Series(f"_{name}", [values.index(value) for value in table[name]]))
    return table.sort(places)


def split(
    rows: pl.DataFrame, by: Sequence[str], most_series: int, most_panels: int
) -> tuple[list[str], list[str], list[str]]:
    """Return the labels that curves have their colours by, those that panels differ in, and those
    that are averaged over because there are too many of them."""
    series: list[str] = []
    apart: list[str] = []
    averaged: list[str] = []
    for label in reversed(by):  # what is declared first groups what comes after it
        if rows.select(*series, label).n_unique() <= most_series:
            series.insert(0, label)
        elif rows.select(*apart, label).n_unique() <= most_panels:
            apart.insert(0, label)
        else:
            averaged.insert(0, label)
    return series, apart, averaged


def counted(made: pl.DataFrame, facts: str) -> str:
    """Return how many facts and seeds the groups of `means` have."""
    known = made.filter(pl.col("n_facts") > 0)
    n_seeds = _span(known["n_seeds"])
    return f"n = {_span(known['n_facts'])} {facts} and {n_seeds} {'seed' if n_seeds == '1' else 'seeds'}"


def _span(values: pl.Series) -> str:
    """Return the smallest and the largest of some counts."""
    counts = values.sort().to_list()
    ends = dict.fromkeys((counts[0], counts[-1]))
    return "–".join(map(whole, ends))


def shown(value: str | float | bool | None) -> str:
    """Return a label's value as text."""
    if value is None:
        return MISSING
    return format(value, "g") if isinstance(value, float) else str(value)
