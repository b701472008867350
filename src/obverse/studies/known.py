"""Which identity a run had when it was last planned, so that its data need not be built to tell.

Counts while the program is the same (`store.program`). The data of a plan's first seed is built anyway:
if its identity is not the one that is known of it, nothing that is known counts.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from obverse.core.content import content_hash
from obverse.core.errors import ObverseError
from obverse.run.run import Run
from obverse.store import files, tables
from obverse.store.program import program

NAME = ".cache/known.parquet"
SCHEMA = {"program": pl.String, "arm": pl.String, "seed": pl.Int64, "id": pl.String}


class Known:
    """The identities that are known in a study's directory."""

    def __init__(self, out: Path) -> None:
        self.path = out / NAME
        self.program = program()
        self._ids: dict[str, dict[int, str]] = {}  # by arm and seed
        self._arms: dict[tuple[int, int], tuple[Run, str]] = {}
        self._new = False
        if self.path.is_file():
            try:
                known = tables.read(self.path).select(*SCHEMA).filter(program=self.program)
            except (ObverseError, pl.exceptions.PolarsError):
                return
            for _, arm, seed, id in known.iter_rows():
                self._ids.setdefault(arm, {})[seed] = id

    def of(self, run: Run) -> str | None:
        """Return the id of a run; None if it is not known."""
        return self._ids.get(self._arm(run), {}).get(run.seed) if run.portable else None

    def agrees(self, run: Run, id: str) -> bool:
        """Return whether `id` is what is known of a run, or nothing is."""
        return self.of(run) in (None, id)

    def forget(self) -> None:
        self._ids, self._new = {}, True

    def note(self, run: Run, id: str) -> None:
        if run.portable and -(2**63) <= run.seed < 2**63:
            of_arm = self._ids.setdefault(self._arm(run), {})
            self._new |= of_arm.get(run.seed) != id
            of_arm[run.seed] = id

    def save(self) -> None:
        """Write down what is known, if any of it is new."""
        if self._new:
            rows = [
                (self.program, arm, seed, id)
                for arm, ids in self._ids.items()
                for seed, id in ids.items()
            ]
            files.write_parquet(self.path, pl.DataFrame(rows, SCHEMA, orient="row"))

    def _arm(self, run: Run) -> str:
        """Return a hash of all but the seed that a run is given; the same objects are hashed once."""
        key = (id(run.experiment), id(run.model))
        if key not in self._arms:
            self._arms[key] = (run, content_hash(_given(run)))  # kept alive, so that ids stay its own
        return self._arms[key][1]


def _given(run: Run) -> Mapping[str, object]:
    spec = run.spec()
    return {
        "experiment": spec["experiment"]["type"],
        "version": run.experiment.version,
        "settings": run.experiment,
        "model": [spec["model"]["type"], run.model.version, run.model.identity()],
    }
