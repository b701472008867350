"""Pairs of what two sides have of the same seed, fact and question, and what has none to pair with."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from obverse.core.errors import ObverseError
from obverse.core.format import count, named
from obverse.studies.sides import Side

PAIR = "difference"
SHOWN = 4  # groups that are named


@dataclass(frozen=True, slots=True)
class Paired:
    """A row for each seed, fact and question that both have, and what has to be said of the rest."""

    rows: pl.DataFrame
    remarks: tuple[str, ...]


def pair(a: Side, b: Side, metric: str, by: Sequence[str]) -> Paired:
    """Return what both have, with the difference in a column of its own.

    Raises:
        ObverseError: if they have nothing in common, or values that are no numbers.
    """
    sides = (a, b)
    keys = [*by, "seed", "fact"]
    questions = [set(s.rows["probe"]) if "probe" in s.rows.columns else set[str]() for s in sides]
    asked = bool(questions[0] & questions[1]) and "probe" not in a.selected | b.selected
    keys += ["probe"] * asked
    labels = [name for name in a.clusters if name in b.clusters and name not in keys and asked]
    every = [_alike(side, other, by) for side, other in ((a, b), (b, a))]
    for side, rows in zip(sides, every, strict=True):
        if rows.schema[metric].is_float() and not rows[metric].drop_nulls().is_finite().all():
            raise ObverseError(
                f"{side.name}: {metric} has values that are no finite number; expected them missing"
            )
    known = [rows.drop_nulls(metric) for rows in every]
    means = [
        rows.group_by(keys, maintain_order=True).agg(
            pl.col(metric).cast(float).mean(), pl.col(labels).first()
        )
        for rows in known
    ]
    on, trained = list(keys), [0, 1]
    if a.as_it_is != b.as_it_is:  # the one has one seed, which says nothing of the other's
        on.remove("seed")
        fixed = 0 if a.as_it_is else 1
        trained.remove(fixed)
        means[fixed] = means[fixed].drop("seed")
    try:
        pairs = means[0].join(means[1], on=on, suffix="_b", nulls_equal=True, maintain_order="left")
    except pl.exceptions.SchemaError as error:
        raise ObverseError(f"{a.name} and {b.name}: {', '.join(by)}: of other types ({error})") from None
    if pairs.is_empty():
        _refuse_strangers(a, b, by)
    whole = [name for name in by if any(s.rows.schema[name].is_integer() for s in sides)]
    pairs = pairs.with_columns(
        pl.col(whole).cast(pl.Int64), (pl.col(metric) - pl.col(f"{metric}_b")).alias(PAIR)
    )
    seeds = _of([every[n] for n in trained], pairs, ["seed"], "seed")
    rows_of = _of([every[n] for n in trained], pairs, keys, "pair")
    remarks = [f"Both have {seeds}, {_of(every, pairs, ['fact'], 'fact')}, {rows_of}."]
    for side, rows in zip(sides, every, strict=True):
        remarks += _unmeasured(side, rows, metric)
    remarks += _unpaired(sides, known, pairs, by)
    return Paired(pairs, tuple(remarks))


def _alike(side: Side, other: Side, by: Sequence[str]) -> pl.DataFrame:
    """Return rows whose groups are fractions where the other's are."""
    mine, others = side.rows.schema, other.rows.schema
    return side.rows.cast(
        {name: pl.Float64 for name in by if mine[name].is_integer() and others[name].is_float()}
    )


def _of(every: Sequence[pl.DataFrame], pairs: pl.DataFrame, keys: Sequence[str], what: str) -> str:
    """Say how many both have, of how many of each: "2 of 3 seeds", "8 of 8 and 12 facts"."""
    numbers = dict.fromkeys(rows.select(keys).n_unique() for rows in every)
    last = list(numbers)[-1]
    others = "".join(f"{n} and " for n in list(numbers)[:-1])
    return f"{pairs.select(keys).n_unique()} of {others}{count(last, what)}"


def _unmeasured(side: Side, rows: pl.DataFrame, metric: str) -> list[str]:
    """Say of how many rows, and of which seeds and facts wholly, nothing was measured."""
    known = rows.drop_nulls(metric)
    if len(known) == len(rows):
        return []
    lost = [
        count(n, what)
        for what in ("seed", "fact")
        if (n := rows[what].n_unique() - known[what].n_unique())
    ]
    wholly = f", all of {' and '.join(lost)}" if lost else ""
    missing = len(rows) - len(known)
    return [f"{metric} is missing in {missing} of {len(rows)} rows of {side.name}{wholly}."]


def _unpaired(
    sides: Sequence[Side], known: Sequence[pl.DataFrame], pairs: pl.DataFrame, by: Sequence[str]
) -> list[str]:
    """Say which groups only one side has, and which have nothing in common."""
    if not by:
        return []
    a, b = (rows.select(by).unique(maintain_order=True) for rows in known)
    alike = a.join(b, on=by, nulls_equal=True, maintain_order="left")
    paired = pairs.select(by).cast(alike.schema).unique()
    found = {
        f"only in {sides[0].name}": _without(a, b).cast(_types(sides[0], by)),
        f"only in {sides[1].name}": _without(b, a).cast(_types(sides[1], by)),
        "without a seed and fact in common": _without(alike, paired).cast(pairs.select(by).schema),
    }
    said = []
    for what, groups in found.items():
        cells = groups.to_dicts()
        shown = "; ".join(map(named, cells[:SHOWN])) + "; …" * (len(cells) > SHOWN)
        said += [f"{count(len(cells), 'group')} {what}: {shown}."] * bool(cells)
    return said


def _without(groups: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return groups.join(others, on=groups.columns, how="anti", nulls_equal=True, maintain_order="left")


def _types(side: Side, by: Sequence[str]) -> pl.Schema:
    return side.rows.select(by).schema


def _refuse_strangers(a: Side, b: Side, by: Sequence[str]) -> None:
    for what in ("seed", "fact", *by):
        of_each = [side.rows[what].unique(maintain_order=True).to_list() for side in (a, b)]
        if (what != "seed" or a.as_it_is == b.as_it_is) and not set(of_each[0]) & set(of_each[1]):
            shown = [
                ", ".join("missing" if v is None else str(v) for v in values[:3])
                + (", …" if len(values) > 3 else "")
                for values in of_each
            ]
            instead = (
                f"take one of each, as {a.at(what)} and {b.at(what)}, or name other groups (--by)"
                if what in by
                else "expected studies of the same facts and seeds: run one with the seeds and the data "
                "of the other"
            )
            raise ObverseError(
                f"{a.name} and {b.name} have no {what} in common ({shown[0]}; {shown[1]}); {instead}"
            )
    raise ObverseError(f"{a.name} and {b.name} have no group of the same seeds and facts in common")
