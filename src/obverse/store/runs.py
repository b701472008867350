"""One folder a run: what it is, what was seen along the way, and whether it is finished.

run.json               what the run is: experiment, settings, model, seed
moments/*.parquet      observations of each probed moment, while the run goes on
losses.json            training loss by step
stage-*/               checkpoints to resume from and finished stages, while the run goes on
unfinished/            what is to be gone on from where a model is asked as it is
observations.parquet   all observations
provenance.json        written last: a run that has it is finished
log.txt                what libraries said
"""

import fcntl
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import polars as pl

from obverse.core.errors import ObverseError
from obverse.core.observation import Observation
from obverse.store import files, observations
from obverse.store.provenance import provenance


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class RunFolder:
    """Access to one run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def finished(self) -> bool:
        return (self.path / "provenance.json").is_file()

    @contextmanager
    def locked(self, patience: float = 10.0) -> Iterator[None]:
        """Hold the folder; a second process is refused after `patience` seconds.

        The lock goes with the process; one that was just killed may still be on its way out.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as file:
            deadline = time.monotonic() + patience
            while not _lock(file):
                if time.monotonic() > deadline:
                    raise ObverseError(f"{self.path}: another process is at work on this run")
                time.sleep(0.1)
            yield

    def describe(self, spec: dict[str, Any]) -> None:
        files.write_json(self.path / "run.json", spec)

    def description(self) -> Any:
        return files.read_json(self.path / "run.json")

    def has_moment(self, stage: int, epoch: int) -> bool:
        return self._moment(stage, epoch).is_file()

    def add_moment(self, stage: int, epoch: int, rows: Iterable[Observation]) -> None:
        files.write_parquet(self._moment(stage, epoch), observations.to_frame(rows))

    def _moment(self, stage: int, epoch: int) -> Path:
        return self.path / "moments" / f"stage-{stage:02d}-epoch-{epoch:05d}.parquet"

    def stage(self, number: int) -> Path:
        """Return the folder of what a stage leaves for a resume."""
        return self.path / f"stage-{number:02d}"

    def stage_record(self, number: int) -> dict[str, Any] | None:
        """Return what was recorded of a finished stage, None if it is not finished."""
        path = self.stage(number) / "record.json"
        return files.read_json(path) if path.is_file() else None

    def finish_stage(self, number: int, record: dict[str, Any]) -> None:
        files.write_json(self.stage(number) / "record.json", record)
        for checkpoint in self.stage(number).glob("checkpoint-*"):
            shutil.rmtree(checkpoint)

    def losses(self) -> dict[str, list[list[float]]]:
        path = self.path / "losses.json"
        return files.read_json(path) if path.is_file() else {}

    def add_losses(self, stage: str, losses: list[tuple[int, float]]) -> None:
        """Record `(step, loss)` pairs; steps trained again after a resume replace the old ones."""
        known = self.losses()
        merged = {int(step): loss for step, loss in known.get(stage, [])} | dict(losses)
        known[stage] = [[step, merged[step]] for step in sorted(merged)]
        files.write_json(self.path / "losses.json", known)

    def finish(self, record: dict[str, Any]) -> None:
        """Join the moments, write the record, and remove what only a resume needs."""
        moments = sorted((self.path / "moments").glob("*.parquet"))
        frame = observations.concatenate([observations.read(m) for m in moments])
        if not frame["final"].any():
            raise RuntimeError(f"{self.path}: the last moment was not measured")
        files.write_parquet(self.path / "observations.parquet", frame)
        files.write_json(self.path / "provenance.json", provenance() | record)
        self.tidy()

    def tidy(self) -> None:
        """Remove what only an unfinished run needs; a kill may have come between."""
        for left in (*self.path.glob("stage-*"), self.path / "moments", self.path / "unfinished"):
            shutil.rmtree(left, ignore_errors=True)

    def observations(self) -> pl.DataFrame:
        return observations.read(self.path / "observations.parquet")

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = files.read_json(self.path / "provenance.json")
        return record
