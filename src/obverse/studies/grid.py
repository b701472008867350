"""Grids: a study at every combination of the values of some settings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import ConfigDict, RootModel
from pydantic_core import to_jsonable_python

from obverse.core.data import TAKEN, Label
from obverse.core.errors import ObverseError
from obverse.core.format import count, named
from obverse.core.measure import LEADING
from obverse.core.settings import field_of, read, validated

if TYPE_CHECKING:
    from obverse.studies.study import Study

MOST = 1000  # runs that a grid makes unless more are asked for
Axes = Mapping[str, Mapping[Label, Any]]  # of each setting its values, by what its column says of them
Cell = Mapping[str, Label]
T = TypeVar("T")


class _Alone(RootModel[T]):
    """A value of a setting, whatever the others are."""

    model_config = ConfigDict(allow_inf_nan=False, arbitrary_types_allowed=True)


def axes_of(study: "Study", wanted: Mapping[str, Sequence[Any]]) -> Axes:
    """Return the axes of a grid, each value as the setting takes it.

    What a value has to fit to in other settings is left to the cells (`cells_of`).

    Raises:
        ObverseError: on an unknown setting, a value of another type or named twice, an axis without
            values, or a setting that the study has been given or that its tables call something else.
    """
    refuse_no_axes(wanted)
    return {key: _axis(study, key, values) for key, values in wanted.items()}


def refuse_no_axes(wanted: object) -> None:
    """Refuse what is no settings with their values.

    Raises:
        ObverseError: that says what was expected.
    """
    if not isinstance(wanted, Mapping) or not all(isinstance(key, str) for key in wanted):
        raise ObverseError(
            f'grid: expected settings and their values, as {{"recipe.epochs": [4, 8]}}, got {wanted!r}'
        )


def _axis(study: "Study", key: str, values: Sequence[Any]) -> dict[Label, Any]:
    if key in study.given:
        raise ObverseError(f"{key}: is set to {study.given[key]} and an axis of the grid; expected one")
    if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values:
        raise ObverseError(f"{key}: the grid gives {values!r}; expected one value or more, as a sequence")
    settings, name = study.holder_of(key)
    field = field_of(settings, name)
    alone: Any = _Alone[Annotated[field.annotation, key, *field.metadata]]  # type: ignore[name-defined]
    where = f"the grid: {key}"
    found = [validated(alone, read(value, field, where), f"{where}.").root for value in values]
    labels = [_label(value) for value in found]
    kind = column_type(labels)
    labels = [kind(label) for label in labels]
    for label in labels:
        if labels.count(label) > 1:
            raise ObverseError(f"{key}: the grid has {label} twice; expected each value once")
    if key in {*LEADING, *TAKEN, *study.experiment.columns}:
        raise ObverseError(
            f"{key}: the tables have a column of this name; it cannot be an axis of a grid"
        )
    return dict(zip(labels, found, strict=True))


def _label(value: object) -> Label:
    """Return a setting's value as a column can hold it: what is no single value is written as JSON."""
    plain = to_jsonable_python(value, fallback=str)
    return plain if isinstance(plain, str | int | float) else json.dumps(plain)


def combined(axes: Axes) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Yield each cell of a grid with its settings; one of none without a grid."""
    for labels in product(*axes.values()):
        cell: Cell = dict(zip(axes, labels, strict=True))
        yield cell, {key: axes[key][label] for key, label in cell.items()}


def cells_of(study: "Study") -> list[tuple[Cell, "Study"]]:
    """Return the cells of a study's grid, and the study at each; one cell of no values without a grid.

    Raises:
        ObverseError: if values cannot go together, naming them.
    """
    bare = study.without_grid()
    cells = []
    for cell, settings in combined(study.axes):
        try:
            cells.append((cell, bare.with_settings(settings, exact=True)))
        except ObverseError as error:
            raise ObverseError(f"the grid at {named(cell)}: {error}") from None
    return cells


def refuse_many(study: "Study", most: int) -> None:
    """Refuse a grid of more runs than `most`.

    Raises:
        ObverseError: that says how many there are.
    """
    cells = prod(map(len, study.axes.values()))
    numbers = (cells, len(study.experiment.variants()) or 1, len(study.models), len(study.seeds))
    if prod(numbers) > most:
        shown = " × ".join(map(count, numbers, ("cell", "variant", "model", "seed")))
        raise ObverseError(
            f"the grid makes {prod(numbers):,} runs ({shown}); if they are meant: --most {prod(numbers)}"
        )


def column_type(values: Sequence[Label]) -> type[Label]:
    """Return the type of the column that an axis becomes."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        return float if float in kinds else int
    return kinds.pop() if len(kinds) == 1 else str
