"""Grids: a study at every combination of the values of some settings."""

import json
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from obverse.core.data import TAKEN, Label
from obverse.core.errors import ObverseError
from obverse.core.format import named
from obverse.core.measure import LEADING

if TYPE_CHECKING:
    from obverse.studies.study import Study

MOST = 1000  # runs that a grid makes unless more are asked for
Axes = Mapping[str, tuple[Label, ...]]
Cell = Mapping[str, Label]


def axes_of(study: "Study", wanted: Mapping[str, Sequence[Any]]) -> Axes:
    """Return the axes of a grid, each value as the setting takes it.

    Raises:
        ObverseError: on an unknown setting, a value that is not allowed or named twice, an axis without
            values, or a setting that the study has been given or that its tables call something else.
    """
    return {key: _axis(study, key, values) for key, values in wanted.items()}


def _axis(study: "Study", key: str, values: Sequence[Any]) -> tuple[Label, ...]:
    if key in study.given:
        raise ObverseError(f"{key}: is set to {study.given[key]} and an axis of the grid; expected one")
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise ObverseError(f"{key}: the grid gives {values!r}; expected one value or more, as a sequence")
    found: list[Label] = []
    for value in values:
        at = _value_at(study.with_settings({key: value}), key)
        if at in found:
            raise ObverseError(f"{key}: the grid has {at} twice; expected each value once")
        found.append(at)
    if key in {*LEADING, *TAKEN, *study.experiment.columns}:
        raise ObverseError(
            f"{key}: the tables have a column of this name; it cannot be an axis of a grid"
        )
    return tuple(found)


def _value_at(study: "Study", key: str) -> Label:
    """Return what a setting is, as a column can hold it: what is no single value is written as JSON."""
    place: Any = study.experiment
    if key.startswith("model."):
        place, key = study.models[0], key.removeprefix("model.")
    for part in key.split("."):
        place = getattr(place, part)
    if isinstance(place, str | int | float):
        return place
    return json.dumps(place, default=str)


def cells_of(study: "Study") -> list[tuple[Cell, "Study"]]:
    """Return the cells of a study's grid, and the study at each; one cell of no values without a grid.

    Raises:
        ObverseError: if values cannot go together, naming them.
    """
    if not study.axes:
        return [({}, study)]
    bare = study.without_grid()
    cells = []
    for values in product(*study.axes.values()):
        cell: Cell = dict(zip(study.axes, values, strict=True))
        try:
            cells.append((cell, bare.with_settings(cell)))
        except ObverseError as error:
            raise ObverseError(f"at {named(cell)}: {error}") from None
    return cells


def refuse_many(study: "Study", most: int) -> None:
    """Refuse a grid of more runs than `most`.

    Raises:
        ObverseError: that says how many there are.
    """
    cells = prod(map(len, study.axes.values()))
    numbers = (cells, len(study.experiment.variants()) or 1, len(study.models), len(study.seeds))
    if prod(numbers) > most:
        shown = " × ".join(
            f"{n} {what}"
            for n, what in zip(numbers, ("cells", "variants", "models", "seeds"), strict=True)
        )
        raise ObverseError(
            f"the grid makes {prod(numbers):,} runs ({shown}); if they are meant: --most {prod(numbers)}"
        )


def column_type(values: Sequence[Label]) -> type[Label]:
    """Return the type of the column that an axis becomes."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        return float if float in kinds else int
    return kinds.pop() if len(kinds) == 1 else str
