"""Two studies, or two models, side by side: paired by seed and fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from obverse.core.claim import Above, Claim, Estimate, Within
from obverse.core.errors import ObverseError
from obverse.core.format import number
from obverse.core.measure import LEADING
from obverse.core.settings import unknown_name
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate
from obverse.studies.findings import Findings
from obverse.studies.result import Result, load

METRICS = ("exact_match", "loss", "logprob")  # of these the first that both have, unless one is named
SHARE = (-1.0, 1.0)
PAIR = "difference"


@dataclass(frozen=True, slots=True)
class _Side:
    """A study's rows of the last moment, of one model."""

    name: str
    result: Result
    rows: pl.DataFrame

    @property
    def as_it_is(self) -> bool:
        """Whether the model was asked as it is, so that seeds are none of its own."""
        return set(self.rows["model"]) <= set(self.result.study["as_it_is"] or ())

    @property
    def axes(self) -> list[str]:
        return list(self.result.study["grid"])


def compare(
    a: Result | str | Path,
    b: Result | str | Path,
    *,
    metric: str | None = None,
    margin: float | None = None,
    by: Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    measure: str = "ask",
) -> Findings:
    """Return how far `a` is above `b`, in each group of rows that both have.

    At the last moment of each run, what both have of the same fact, seed and (where both asked it)
    question is taken from one another, so that what these have in common cancels. Groups are those that
    the experiments' means are taken by, variants, and the cells of grids. All groups share the level
    (Holm), of as many looks as the study that is looked at more often. A model that is asked as it is has
    no seeds of its own, and is held against every seed of the other.

    Args:
        a, b: studies, or their directories; `DIRECTORY:MODEL` takes one of several models.
        metric: a numeric column of both; by default exact match, loss or log-probability.
        margin: claim that both are alike within it, and not that `a` is above `b`.
        by: the columns that tell groups apart, instead.
        where: values of columns (None: missing), to which rows are restricted first.
        measure: whose table is compared.

    Returns:
        A finding for each group. It *holds* if `a` is above `b` (alike within the margin) and *fails* if
        the opposite is shown.

    Raises:
        ObverseError: if there is no such model, measure, column or value, cells of a grid would be
            averaged, or there is no seed and fact in common.
    """
    if margin is not None and not margin > 0:
        raise ObverseError(f"margin {margin}: expected a number above 0")
    first, second = _where(_side(a, measure), _side(b, measure), where or {})
    metric = _metric(first, second, metric)
    groups = _groups(first, second, by, metric)
    _refuse_averaged(first, second, groups)
    name = f"{first.name} − {second.name}"
    pairs = _pairs(first, second, metric, groups)
    table = pairs.with_columns(model=pl.lit(name), family=pl.lit(None, pl.String))
    shares = all(side.rows.schema[metric] == pl.Boolean for side in (first, second))
    clusters = tuple(name for name in _clusters(first, second) if name in table.columns)
    claims = [
        _claim(dict(zip(groups, key, strict=True)), group, metric, margin, shares, clusters)
        for key, group in (table.group_by(groups, maintain_order=True) if groups else [((), table)])
    ]
    looks = max(side.result.study["looks"] for side in (first, second))
    asked = [name] if first.as_it_is and second.as_it_is else []
    return Findings(tuple(evaluate(claims, {"ask": table}, as_it_is=asked, looks=looks)), looks)


# The two sides --------------------------------------------------------------------------------------


def _side(what: Result | str | Path, measure: str) -> _Side:
    result, wanted = (what, None) if isinstance(what, Result) else _named(str(what))
    if measure not in result.tables:
        raise ObverseError(f"{result.out}: {unknown_name(measure, result.tables, 'measure')}")
    rows = result.tables[measure].filter("final")
    models = rows["model"].unique(maintain_order=True).to_list()
    if wanted is None and len(models) > 1:
        raise ObverseError(
            f"{result.out}: has {len(models)} models; expected one of them, as {result.out}:MODEL: "
            f"{', '.join(models)}"
        )
    if wanted is not None and wanted not in models:
        raise ObverseError(f"{result.out}: {unknown_name(wanted, models, 'model')}")
    [model] = models if wanted is None else [wanted]
    return _Side(f"{result.out.name}:{model}", result, rows.filter(model=model))


def _named(text: str) -> tuple[Result, str | None]:
    """Return the study, and the model if one is named behind a colon; either may have colons."""
    places = [i for i, letter in enumerate(text) if letter == ":"]
    for place in () if Path(text).exists() else places:
        if (Path(text[:place]) / "study.json").is_file():
            return load(text[:place]), text[place + 1 :]
    return load(text), None


def _where(a: _Side, b: _Side, values: Mapping[str, object]) -> tuple[_Side, _Side]:
    """Return both sides with the rows that have these values; a column may be one side's alone."""
    sides = [a, b]
    for name, value in values.items():
        having = [n for n, side in enumerate(sides) if name in side.rows.columns]
        if not having:
            known = dict.fromkeys([*a.rows.columns, *b.rows.columns])
            raise ObverseError(unknown_name(name, known, "column"))
        for n in having:
            sides[n] = _of_value(sides[n], name, value)
    return sides[0], sides[1]


def _of_value(side: _Side, name: str, value: object) -> _Side:
    column = side.rows[name]
    if value is None:
        matches = column.is_null()
    elif column.dtype.is_numeric():
        try:
            matches = column == float(str(value))
        except ValueError:
            matches = pl.Series([False] * len(column))
    else:
        matches = column.cast(pl.String).str.to_lowercase() == str(value).lower()
    rows = side.rows.filter(matches.fill_null(value is None))
    if rows.is_empty():
        known = column.unique(maintain_order=True).to_list()
        shown = ", ".join("missing" if v is None else str(v) for v in known[:8])
        more = ", …" if len(known) > 8 else ""
        raise ObverseError(f"{side.name}: no rows where {name} is {value!r}; there are: {shown}{more}")
    return replace(side, rows=rows)


# What is compared, in which groups ------------------------------------------------------------------


def _metric(a: _Side, b: _Side, wanted: str | None) -> str:
    taken = {*LEADING, *a.axes, *b.axes}
    numeric = [
        [n for n, kind in side.rows.schema.items() if kind.is_numeric() or kind == pl.Boolean]
        for side in (a, b)
    ]
    both = [name for name in numeric[0] if name in numeric[1] and name not in taken]
    measured = [name for name in both if all(side.rows[name].count() for side in (a, b))]
    if wanted is not None and wanted not in both:
        raise ObverseError(unknown_name(wanted, both, "number that both have"))
    if wanted is not None and wanted not in measured:
        raise ObverseError(f"{wanted}: was not measured in both; there are: {', '.join(measured)}")
    found = wanted or next((name for name in METRICS if name in measured), None)
    if found is None:
        raise ObverseError(f"metric: expected one of {', '.join(measured)}")
    return found


def _groups(a: _Side, b: _Side, wanted: Sequence[str] | None, metric: str) -> list[str]:
    """Return the columns in which rows of both are told apart."""
    if wanted is None:
        of_each = [[*side.result.study["experiment"]["by"], "variant", *side.axes] for side in (a, b)]
        shared = [name for name in dict.fromkeys(of_each[0]) if name in of_each[1]]
        return [n for n in shared if any(side.rows[n].drop_nulls().n_unique() > 1 for side in (a, b))]
    if isinstance(wanted, str) or len(set(wanted)) < len(wanted):
        raise ObverseError(f"by: expected columns, each once, got {wanted!r}")
    for name in wanted:
        for side in (a, b):
            if name not in side.rows.columns:
                raise ObverseError(f"{side.name}: {unknown_name(name, side.rows.columns, 'column')}")
        if name in ("seed", "fact", "probe", metric):
            raise ObverseError(f"by: {name} is what is paired or compared, and cannot make groups")
    return list(wanted)


def _refuse_averaged(a: _Side, b: _Side, groups: Sequence[str]) -> None:
    """Refuse to average over the cells of a grid."""
    for side in (a, b):
        for axis in side.axes:
            if axis not in groups and side.rows[axis].n_unique() > 1:
                raise ObverseError(
                    f"{side.name}: has several values of {axis}, which the other has not; take one, as "
                    f"--where {axis}={side.rows[axis][0]}"
                )


def _clusters(a: _Side, b: _Side) -> list[str]:
    of_each = [side.result.study["experiment"]["clusters"] for side in (a, b)]
    return [name for name in of_each[0] if name in of_each[1]]


def _pairs(a: _Side, b: _Side, metric: str, by: Sequence[str]) -> pl.DataFrame:
    """Return one row for each seed, fact and question that both have, with the difference."""
    keys = [*by, "seed", "fact"]
    questions = [set(s.rows["probe"]) if "probe" in s.rows.columns else set[str]() for s in (a, b)]
    if questions[0] & questions[1]:
        keys.append("probe")
    means = []
    for side in (a, b):
        kinds = {axis: pl.Float64 for axis in side.axes if side.rows.schema[axis].is_numeric()}
        rows = side.rows.drop_nulls(metric).cast({n: kinds[n] for n in kinds if n in by})
        labels = [n for n in _clusters(a, b) if n not in keys and "probe" in keys]
        of_keys = rows.group_by(keys, maintain_order=True)
        means.append(of_keys.agg(pl.col(metric).cast(float).mean(), pl.col(labels).first()))
    on = list(keys)
    if a.as_it_is != b.as_it_is:  # the one has one seed, which says nothing of the other's
        on.remove("seed")
        fixed = 0 if a.as_it_is else 1
        means[fixed] = means[fixed].drop("seed")
    try:
        pairs = means[0].join(means[1], on=on, suffix="_b", nulls_equal=True, maintain_order="left")
    except pl.exceptions.SchemaError as error:
        raise ObverseError(f"{a.name} and {b.name}: {', '.join(by)}: of other types ({error})") from None
    if pairs.is_empty():
        _refuse_strangers(a, b, by)
    return pairs.with_columns((pl.col(metric) - pl.col(f"{metric}_b")).alias(PAIR))


def _refuse_strangers(a: _Side, b: _Side, by: Sequence[str]) -> None:
    for what in ("seed", "fact", *by):
        of_each = [side.rows[what].drop_nulls().unique(maintain_order=True).to_list() for side in (a, b)]
        if (what != "seed" or a.as_it_is == b.as_it_is) and not set(of_each[0]) & set(of_each[1]):
            shown = [", ".join(map(str, values[:3])) or "none" for values in of_each]
            raise ObverseError(
                f"{a.name} and {b.name} have no {what} in common ({shown[0]} …; {shown[1]} …); expected "
                "studies of the same facts and seeds: run one with the seeds and the data of the other"
            )
    raise ObverseError(f"{a.name} and {b.name} have no group of the same seeds and facts in common")


def _claim(
    group: Mapping[str, object],
    rows: pl.DataFrame,
    metric: str,
    margin: float | None,
    shares: bool,
    clusters: tuple[str, ...],
) -> Claim:
    where = ", ".join(f"{value}" for value in group.values()) or "all"
    a, b = (float(rows[name].mean()) for name in (metric, f"{metric}_b"))  # type: ignore[arg-type]

    def estimate(table: pl.DataFrame) -> Estimate | None:
        conditions = [pl.col(name).eq_missing(pl.lit(value)) for name, value in group.items()]
        mine = table.filter(*conditions) if conditions else table
        return mean(mine, PAIR, bounds=SHARE if shares else None, clusters=clusters)

    return Claim(
        id=where,
        text=f"{where}: {metric} {number(a)} − {number(b)}",
        unit=f"Δ {metric}",
        estimate=estimate,
        criterion=Above(0.0) if margin is None else Within(margin),
    )
