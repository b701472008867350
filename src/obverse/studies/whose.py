"""Which study a directory is of. It may grow by seeds, models and values of a grid, and no more."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obverse.core.content import plain
from obverse.core.errors import ObverseError
from obverse.core.settings import Settings, validated
from obverse.run.identity import differences
from obverse.store import files

if TYPE_CHECKING:
    from obverse.studies.study import Study

NAME = "begun.json"
REMEDY = "name another directory (--out), or put this study in its place (--replace; runs are kept)"


class Asked(Settings):
    """What tells a study from others: its name, settings that runs depend on, and input files by their
    content; and what it may grow by: models, seeds and values of a grid."""

    study: str
    settings: dict[str, Any]
    models: dict[str, Any]
    seeds: list[int]
    grid: dict[str, list[Any]]


def asked(study: "Study") -> Asked:
    """Return what a study asks for."""
    experiment = study.experiment
    settings = {
        key: value for key, value in plain(experiment).items() if key not in type(experiment).analysis
    }
    return Asked(
        study=study.name,
        settings=settings,
        models={model.name: plain(model.identity()) for model in study.models},
        seeds=list(study.seeds),
        grid={key: list(values) for key, values in study.axes.items()},
    )


def begin(out: Path, wanted: Asked, *, replace: bool) -> None:
    """Write down which study `out` is of; the caller holds its lock.

    Raises:
        ObverseError: as `refuse_other`.
    """
    if not replace:
        refuse_other(out, wanted)
    if _there(out) != wanted:
        files.write_json(out / NAME, wanted.model_dump())


def refuse_other(out: Path, wanted: Asked) -> None:
    """Refuse a directory that is none, or is of another study, whose results would be lost.

    Raises:
        ObverseError: that says what differs, what would be left out, or which file is at fault.
    """
    files.refuse_no_folder(out)
    there = _there(out)
    if there is None:
        _refuse_other_name(out, wanted.study)
        return
    if there.study != wanted.study:
        raise ObverseError(f"{out}: has the study {there.study!r}; {REMEDY}")
    both = there.models.keys() & wanted.models.keys()
    found = differences(
        there.settings | {"model": {name: there.models[name] for name in sorted(both)}},
        wanted.settings | {"model": {name: wanted.models[name] for name in sorted(both)}},
    )
    if there.grid.keys() != wanted.grid.keys():
        found.append(f"the grid ({_listed(there.grid)} → {_listed(wanted.grid)})")
    if found:
        shown = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")
        raise ObverseError(f"{out}: has this study with other settings: {shown}; {REMEDY}")
    if lost := _left_out(there, wanted):
        raise ObverseError(
            f"{out}: has this study with more than is asked for now: {'; '.join(lost)} would be left "
            f"out; ask for them as well, {REMEDY}"
        )


def _there(out: Path) -> Asked | None:
    """Return which study a directory is of; None if it does not say."""
    path = out / NAME
    return validated(Asked, files.read_json(path), f"{path}: ") if path.is_file() else None


def _refuse_other_name(out: Path, name: str) -> None:
    """Refuse a directory whose results are another study's, or cannot be read."""
    if not (out / "study.json").is_file():
        return
    try:
        there = files.read_json(out / "study.json")
    except ObverseError as error:
        raise ObverseError(
            f"{error}\nremove the file, and the same command writes it anew from the runs that are "
            "there, or name another directory (--out)"
        ) from None
    other = there.get("study") if isinstance(there, dict) else None
    if other is not None and other != name:
        raise ObverseError(f"{out}: has the study {other!r}; {REMEDY}")


def _left_out(there: Asked, wanted: Asked) -> list[str]:
    """Return in words which models, seeds and values of the grid that were asked for are no more."""
    models = [name for name in there.models if name not in wanted.models]
    seeds = set(wanted.seeds)  # there may be very many
    found: dict[str, list[Any]] = {
        "models" if len(models) > 1 else "model": models,
        "seeds": [seed for seed in there.seeds if seed not in seeds],
    }
    for key, values in there.grid.items():
        found[key] = [value for value in values if value not in wanted.grid[key]]
    return [f"{what} {_listed(lost)}" for what, lost in found.items() if lost]


def _listed(values: Iterable[object]) -> str:
    shown = [str(value) for value in values]
    return (", ".join(shown[:6]) + (", …" if len(shown) > 6 else "")) or "none"
