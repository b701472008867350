"""The runs that a study's directory has, beside those that are wanted."""

from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.identity import Identity, changes, identify
from obverse.run.run import SHORT_ID
from obverse.run.task import Task
from obverse.store.seen import Seen


class Stored:
    """The runs that a directory has, looked up once, when first needed: folders are called
    NAME-seedN-ID."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs

    @cached_property
    def names(self) -> list[str]:
        return [path.name for path in self.runs.iterdir()] if self.runs.is_dir() else []

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        return _grouped((name[:-SHORT_ID], name) for name in self.names)

    @cached_property
    def by_id(self) -> dict[str, list[str]]:
        return _grouped((_seed_and_id(name), name) for name in self.names)

    def why_not(self, task: Task, wanted: Collection[str]) -> str:
        """Return why a finished run of the same model, variant and seed is not the one that is wanted.

        Those that are themselves `wanted`, by other cells of a grid, do not count.
        """
        found = [
            stored
            for other in self.by_name.get(task.folder.name[:-SHORT_ID], ())
            if other not in wanted and (stored := RunFolder(self.runs / other)).finished
        ]
        if not found:
            return ""
        identity = identify(task.run, task.run.stages())
        differences = min((_changes(stored, identity) for stored in found), key=len)
        shown = ", ".join(differences[:4]) + (", …" if len(differences) > 4 else "")
        return f"run anew: {shown or 'what tells runs apart'} changed since the run before, which is kept"

    def take_back(self, folder: Path, id: str) -> None:
        """Give a finished run that was called otherwise, by its model or variant, its present name."""
        if folder.exists():
            return
        for other in self.by_id.get(_seed_and_id(folder.name), ()):
            stored = RunFolder(self.runs / other)
            if stored.finished and stored.changed(id) is None:
                stored.path.rename(folder)
                return


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    return found


def _seed_and_id(name: str) -> str:
    return "-".join(name.rsplit("-", 2)[-2:])


def _changes(stored: RunFolder, identity: Identity) -> list[str]:
    try:
        return changes(stored.identity(), identity.parts)
    except (ObverseError, KeyError, TypeError, AttributeError):
        return []  # another version of obverse wrote it, or nobody can read it any more


def compared(stored: RunFolder, id: str, seen: Seen) -> str:
    """Compare a finished run's files with what it wrote; set it aside, and say so, if one was changed."""
    if not stored.finished:
        return ""
    if (name := stored.changed(id)) is None:
        stored.tidy()
        seen.note(stored.path.name, id, ("provenance.json", *stored.record()["files"]))
        return ""
    aside = _set_aside(stored.path)
    return (
        f"run anew: {name} was changed after the run had written it (what is there is kept in "
        f"{aside.name})"
    )


def _set_aside(folder: Path) -> Path:
    """Move a run's folder out of the way, beside the others."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.changed-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside
