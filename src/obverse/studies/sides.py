"""What is set side by side: a finished study's rows of the last moment, of one model or one cell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import polars as pl

from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.format import whom
from obverse.core.settings import unknown_name
from obverse.studies.result import Result, load

PAIRED = ("seed", "fact")  # the columns that both sides have alike


@dataclass(frozen=True, slots=True)
class Side:
    """A study's rows of the last moment, of one model; `selected` are the columns that it was restricted
    by alone."""

    name: str
    result: Result
    rows: pl.DataFrame
    selected: frozenset[str] = frozenset()

    @property
    def as_it_is(self) -> bool:
        """Whether the model was asked as it is, so that seeds are none of its own."""
        return set(self.rows["model"]) <= set(self.result.study["as_it_is"] or ())

    @property
    def axes(self) -> list[str]:
        return list(self.result.study["grid"])

    @property
    def labels(self) -> list[str]:
        """The columns that tell its rows apart unless others are named."""
        return [*self.result.study["experiment"]["by"], "variant", *self.axes]

    @property
    def clusters(self) -> list[str]:
        return list(self.result.study["experiment"]["clusters"])

    def several(self, column: str) -> bool:
        """Return whether its rows have several values of a column."""
        return self.rows[column].n_unique() > 1

    def at(self, column: str) -> str:
        """Return how its rows of one value of a column are named."""
        return f"{self.result.out}[{column}={_shown(self.rows[column][0])}]"


def side(what: Result | str | Path, measure: str, where: Mapping[str, object] | None = None) -> Side:
    """Return what is to be compared: a study, DIRECTORY:MODEL, or either with [COLUMN=VALUE,…] behind it.

    Args:
        where: values of columns (None: missing) that are taken of this side alone.

    Raises:
        ObverseError: if there is no such study, measure, model, column or value, several models, or no
            row.
    """
    result, wanted, selected = _named(what)
    selected |= values_of(where)
    if measure not in result.tables:
        raise ObverseError(f"{result.out}: {unknown_name(str(measure), result.tables, 'measure')}")
    rows = result.tables[measure].filter("final")
    if rows.is_empty():
        raise ObverseError(f"{result.out}: its table {measure!r} has no rows of a last moment")
    models = rows["model"].unique(maintain_order=True).to_list()
    if wanted is not None and wanted not in models:
        raise ObverseError(f"{result.out}: {unknown_name(wanted, models, 'model')}")
    found = Side(str(result.out), result, rows if wanted is None else rows.filter(model=wanted))
    for name, value in selected.items():
        if name in PAIRED:
            raise ObverseError(
                f"{found.name}: {name} is what is paired, and not of one side; take it of both (--where)"
            )
        if name not in rows.columns:
            raise ObverseError(f"{found.name}: {unknown_name(name, rows.columns, 'column')}")
        found = restricted(found, name, value)
    models = found.rows["model"].unique(maintain_order=True).to_list()
    if len(models) > 1:
        raise ObverseError(
            f"{result.out}: has {len(models)} models; expected one of them, as {result.out}:MODEL: "
            f"{', '.join(models)}"
        )
    cell = {name: cast(Label | None, found.rows[name][0]) for name in selected if name != "model"}
    name = whom(f"{result.out.resolve().name}:{models[0]}", cell)
    return replace(found, name=name, selected=frozenset(selected))


def values_of(where: object) -> dict[str, object]:
    """Return values by column, a new dict.

    Raises:
        ObverseError: if it is none.
    """
    if where is None:
        return {}
    if not isinstance(where, Mapping) or not all(isinstance(name, str) for name in where):
        raise ObverseError(f'where: expected values by column, as {{"variant": "base"}}, got {where!r}')
    return dict(where)


def restricted(side: Side, name: str, value: object) -> Side:
    """Return a side with the rows that have a value of a column; None, or "missing", where it has none.

    Raises:
        ObverseError: if there are no such rows.
    """
    column, text = side.rows[name], str(value).lower()
    if column.dtype == pl.Boolean:
        matches = column == {"1": True, "0": False}.get(text, text == "true")
        matches &= text in ("true", "false", "1", "0")
    elif column.dtype.is_numeric():
        matches = column == _number(text)
    else:
        matches = column.cast(pl.String).str.to_lowercase() == text
    matches = matches.fill_null(False)
    if value is None or (text == "missing" and not matches.any()):
        matches = column.is_null()
    if not matches.any():
        known = column.unique(maintain_order=True).to_list()
        shown = ", ".join(map(_shown, known[:8])) + (", …" if len(known) > 8 else "")
        raise ObverseError(f"{side.name}: no rows where {name} is {value!r}; there are: {shown}")
    return replace(side, rows=side.rows.filter(matches))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # which no value is


def _shown(value: object) -> str:
    return "missing" if value is None else str(value)


def _named(what: object) -> tuple[Result, str | None, dict[str, object]]:
    """Return the study, the model if one is named behind a colon, and what is named in brackets."""
    if isinstance(what, Result):
        return what, None, {}
    if not isinstance(what, str | Path):
        raise ObverseError(
            f"compare: expected a study as obverse.load gives it, or its directory, got a "
            f"{type(what).__name__}"
        )
    text = str(what)
    for place in [len(text), *(i for i, letter in enumerate(text) if letter == "[")]:
        inside = text[place:]
        if (found := _study_and_model(text[:place])) and (not inside or inside.endswith("]")):
            return load(found[0]), found[1], _selection(inside[1:-1], text) if inside else {}
    return load(text.partition("[")[0] if text.endswith("]") else text), None, {}


def _study_and_model(text: str) -> tuple[str, str | None] | None:
    """Return a study's directory, and the model behind a colon; either may have colons, none brackets."""
    if _is_study(text):
        return text, None
    for place in (i for i, letter in enumerate(text) if letter == ":"):
        if "[" not in text[place:] and _is_study(text[:place]):
            return text[:place], text[place + 1 :]
    return None


def _is_study(text: str) -> bool:
    try:
        return (Path(text) / "study.json").is_file()
    except OSError:  # a name too long
        return False


def _selection(text: str, where: str) -> dict[str, object]:
    """Return COLUMN=VALUE,…; a comma that no COLUMN= follows is the value's own."""
    found: dict[str, object] = {}
    for part in re.split(r",(?=[^,=]+=)", text):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or name in found:
            raise ObverseError(f"{where}: expected [COLUMN=VALUE,…], each column once")
        found[name] = value
    return found
