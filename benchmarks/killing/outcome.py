"""What a study has left in its directory, in a form in which two studies can be compared."""

from hashlib import sha256
from pathlib import Path

import polars as pl

# What a study may have of its own, by how it was carried out.
ITS_OWN = (".cache/", "slurm/")
NOTES = {"tasks", ".cache", "slurm"}


def tables_of(out: Path) -> dict[str, str]:
    """Return the SHA-256 of each table of a study, its rows sorted, and of its claims."""
    found = {"claims.json": sha256((out / "claims.json").read_bytes()).hexdigest()}
    for path in sorted((out / "observations").glob("*.parquet")):
        table = pl.read_parquet(path)
        rows = sorted(map(repr, table.rows()))
        found[path.stem] = sha256("\n".join([repr(table.schema), *rows]).encode()).hexdigest()
    return found


def files_of(out: Path) -> set[str]:
    """Return the names of all files and folders of a study, but for notes that it may have, or not.

    Hidden files among these count: none is a note.
    """
    names = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    return {
        name for name in names - NOTES if not name.startswith(ITS_OWN) or Path(name).name.startswith(".")
    }
