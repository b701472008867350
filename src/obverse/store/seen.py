"""Finished runs whose files were compared with their hashes, and need not be read again.

As git does it: a file counts as unchanged while its size, the times of its last changes and its inode are
the same. Of what changed within the last moments nothing is noted, since a clock is coarser than
a processor. All of it is a convenience: without the note, files are read and compared.
"""

import time
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from sys import intern

import polars as pl

from obverse.core.content import stamp_of
from obverse.core.errors import ObverseError
from obverse.store import files, tables

NAME = ".cache/seen.parquet"
COARSE = 2.0  # seconds within which two changes may bear one time
SCHEMA = {"folder": pl.String, "id": pl.String, "files": pl.String, "stamp": pl.String}
SEPARATOR = "\n"


class Seen:
    """The note in a study's directory: whether a run is in it asks if its files are still the same."""

    def __init__(self, out: Path) -> None:
        self.path, self.runs = out / NAME, out / "runs"
        self._known: dict[str, tuple[str, str, str]] = {}
        self._new = False
        if self.path.is_file():
            try:
                known = tables.read(self.path).select(pl.col(name).cast(t) for name, t in SCHEMA.items())
            except (ObverseError, pl.exceptions.PolarsError):
                return
            for folder, id, of, stamp in known.drop_nulls().iter_rows():
                self._known[folder] = (id, intern(of), stamp)

    def __contains__(self, run: tuple[str, str]) -> bool:
        """Return whether the run of a folder's name and an id was compared, and is unchanged since."""
        folder, id = run
        if folder not in self._known:
            return False
        known, names, stamp = self._known[folder]
        return known == id and _stamp(self.runs / folder, names.split(SEPARATOR)) == stamp

    def note(self, folder: str, id: str, names: Iterable[str]) -> None:
        """Note that the files of a run, by their names in its folder, were compared and are right."""
        wanted = sorted(names)
        stamp = _stamp(self.runs / folder, wanted, before=time.time() - COARSE)
        if stamp is not None:
            self._known[folder] = (id, intern(SEPARATOR.join(wanted)), stamp)
            self._new = True

    def save(self) -> None:
        """Write the note down, if anything in it is new. Of two writers at a time the last counts."""
        if self._new:
            rows = [(folder, *known) for folder, known in self._known.items()]
            files.write_parquet(self.path, pl.DataFrame(rows, SCHEMA, orient="row"))


def _stamp(folder: Path, names: Iterable[str], before: float | None = None) -> str | None:
    """Return what tells whether files were changed; None if one is not there, or as young as `before`."""
    found = []
    for name in names:
        try:
            status = (folder / name).stat()
        except OSError:
            return None
        if before is not None and max(status.st_mtime, status.st_ctime) > before:
            return None
        found.append(stamp_of(status))
    # Of many runs the stamps themselves would take most of the memory of planning.
    return blake2b(SEPARATOR.join(found).encode(), digest_size=16).hexdigest()
