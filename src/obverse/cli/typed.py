"""How what is typed behind options is read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obverse.core.errors import ObverseError

if TYPE_CHECKING:
    from obverse.studies.study import Study


def study_of(
    name: str,
    preset: str | None,
    models: list[str] | None,
    data: Path | None,
    seeds: str | None,
    settings: list[str] | None,
    endpoint: str | None = None,
    finetune: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
    looks: int = 1,
    grid: "dict[str, list[Any]] | None" = None,
    most: int | None = None,
    at_hand: bool = True,
) -> "Study":
    from obverse.studies.naming import study

    return study(
        name, preset=preset, models=models or [], data=data, seeds=seeds, settings=pairs(settings),
        endpoint=endpoint, finetune=finetune, family=family, dtype=dtype, looks=looks, grid=grid,
        most=most, at_hand=at_hand,
    )  # fmt: skip


def axes_of(grid: list[str] | None) -> dict[str, list[Any]]:
    """Return the axes of a grid. Values that have commas of their own stand in a JSON list."""
    axes: dict[str, list[Any]] = {}
    for text in grid or []:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not (key and equals and values):
            raise ObverseError(f"--grid {text}: expected KEY=VALUE,VALUE…")
        if key in axes:
            raise ObverseError(f"--grid {text}: {key} is named twice; expected all its values at once")
        axes[key] = _listed(values, f"--grid {text}", key)
    return axes


def _listed(text: str, where: str, key: str) -> list[Any]:
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
        listed = None
    if isinstance(listed, list):
        return listed
    values = [value.strip() for value in text.split(",")]
    for value in values:
        if value.count('"') % 2 or any(value.count(a) != value.count(b) for a, b in ("[]", "{}", "()")):
            raise ObverseError(
                f"{where}: a quote or bracket of {value} is not closed; values that have commas or such "
                f'of their own stand in a JSON list: --grid \'{key}=["a,b","c"]\''
            )
    return values


def pairs(given: list[str] | None, option: str = "--set") -> dict[str, str]:
    pairs = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ObverseError(
                f"{option} {text}: expected {'KEY' if option == '--set' else 'COLUMN'}=VALUE"
            )
        pairs[key.strip()] = value.strip()
    return pairs
