"""One folder a run: what it is, what was measured along the way, and whether it is finished.

run.json                    what the run is: experiment, settings, model, seed, identity
moments/MEASURE/*.parquet   the table of each moment, while the run goes on
losses.json                 training loss by step
stage-*/                    checkpoints to resume from and finished stages, while the run goes on
progress.json               how far it is, while somebody elsewhere looks on
unfinished/                 what a model that grows by itself, or answers over a network, goes on from
observations/MEASURE.parquet   all moments of a measure
provenance.json             written last: a run that has it is finished; it has the other files' hashes
log.txt                     what libraries said

Where several processes carry a run out, the first of them reads and writes for all (`by_first`).
"""

import math
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import RootModel

from obverse.core.content import file_hash
from obverse.core.errors import HeldError, ObverseError
from obverse.core.settings import validated
from obverse.engine.group import by_first
from obverse.run.task import Word
from obverse.store import files, locks, tables
from obverse.store.provenance import provenance

PROGRESS = "progress.json"
COMING = ".coming-"  # where a run that was carried out elsewhere is unpacked


_Losses = RootModel[dict[str, list[tuple[int, float | None]]]]


@by_first
def cleared(path: Path) -> Path:
    """Return `path` without what an interrupted writing may have left there."""
    shutil.rmtree(path, ignore_errors=True)
    return path


def charged_under(runs: Path) -> float:
    """Return what all runs in a folder were charged (`RunFolder.charged`)."""
    return sum(RunFolder(path).charged() for path in runs.iterdir()) if runs.is_dir() else 0.0


class RunFolder:
    """Access to one run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def finished(self) -> bool:
        return (self.path / "provenance.json").is_file()

    @property
    def unfinished(self) -> Path:
        return self.path / "unfinished"

    @property
    def shared(self) -> Path:
        """The folder of the study, where its runs count together what they ask of servers."""
        return self.path.parent.parent if self.path.parent.name == "runs" else self.path

    @contextmanager
    def locked(self, patience: float = 10.0) -> Iterator[None]:
        """Hold the folder; a second process is refused after `patience` seconds.

        The lock goes with the process; one that was just killed may still be on its way out.

        Raises:
            HeldError: if another process holds it.
        """
        try:
            with locks.locked(self.path, patience):
                yield
        except locks.LockedError:
            raise HeldError(f"{self.path}: another process is at work on this run") from None

    @property
    def held(self) -> bool:
        """Whether a process is at work on the run at this moment."""
        return locks.is_locked(self.path)

    def tell(self, word: Word) -> None:
        """Write down how far the run is, for who looks on from elsewhere."""
        known = word.loss is not None and math.isfinite(word.loss)
        files.write_json(self.path / PROGRESS, asdict(word) | {"loss": word.loss if known else None})

    def untell(self) -> None:
        (self.path / PROGRESS).unlink(missing_ok=True)

    def told(self) -> Word | None:
        """Return what was written down last of how far the run is; None: nothing that can be read."""
        try:
            told, loss = files.read_json(self.path / PROGRESS), None
            if told.get("loss") is not None:
                loss = float(told["loss"])
            return Word(
                done=int(told["done"]),
                total=int(told["total"]),
                phase=str(told.get("phase", "")),
                loss=loss,
            )
        except (ObverseError, KeyError, TypeError, ValueError, AttributeError):
            return None

    @by_first
    def describe(self, spec: Mapping[str, Any]) -> None:
        files.write_json(self.path / "run.json", spec)

    # Moments ------------------------------------------------------------------------------------------

    @by_first
    def has_moment(self, measure: str, stage: int, step: int, index: int) -> bool:
        return self._moment(measure, stage, step, index).is_file()

    @by_first
    def add_moment(
        self,
        measure: str,
        stage: int,
        step: int,
        index: int,
        leading: Mapping[str, Any],
        table: pl.DataFrame,
    ) -> None:
        """Write what a measure found at a moment, with the moment's own columns filled in."""
        filled = table.with_columns(
            pl.lit(value, table.schema[name]).alias(name) for name, value in leading.items()
        )
        files.write_parquet(self._moment(measure, stage, step, index), filled)

    def _moment(self, measure: str, stage: int, step: int, index: int) -> Path:
        name = f"{stage:02d}-{step:08d}-{index:02d}.parquet"
        return self.path / "moments" / measure / name

    @by_first
    def leave_out(self, key: str, reason: str, count: int) -> None:
        """Record that a measure of the last moment, called `key` here, left something out."""
        known = files.read_json(self._left_out) if self._left_out.is_file() else {}
        files.write_json(self._left_out, known | {key: known.get(key, {}) | {reason: count}})

    @by_first
    def left_out(self) -> dict[str, int]:
        """Return how much was left out at the last moment, by reason."""
        known = files.read_json(self._left_out) if self._left_out.is_file() else {}
        total: Counter[str] = Counter()
        for counts in known.values():
            total.update(counts)
        return dict(total)

    @property
    def _left_out(self) -> Path:
        return self.path / "moments" / "left_out.json"

    # Stages -------------------------------------------------------------------------------------------

    def stage(self, number: int) -> Path:
        """Return the folder of what a stage leaves for a resume."""
        return self.path / f"stage-{number:02d}"

    def trained(self, number: int) -> Path:
        """Return the folder of the model as a stage left it, for the stages that go on from it."""
        return self.stage(number) / "trained"

    @by_first
    def stage_record(self, number: int) -> dict[str, Any] | None:
        """Return what was recorded of a finished stage, None if it is not finished."""
        path = self.stage(number) / "record.json"
        return files.read_json(path) if path.is_file() else None

    @by_first
    def finish_stage(self, number: int, record: dict[str, Any]) -> None:
        files.write_json(self.stage(number) / "record.json", record)
        for checkpoint in self.stage(number).glob("checkpoint-*"):
            shutil.rmtree(checkpoint)

    def losses(self) -> dict[str, list[tuple[int, float | None]]]:
        """Return `(step, loss)` pairs of each stage.

        Raises:
            ObverseError: naming the file, if somebody has made something else of it.
        """
        path = self.path / "losses.json"
        return validated(_Losses, files.read_json(path), f"{path}: ").root if path.is_file() else {}

    @by_first
    def add_losses(self, stage: str, losses: list[tuple[int, float]]) -> None:
        """Record `(step, loss)` pairs; steps trained again after a resume replace the old ones.

        A loss that is no finite number is null.
        """
        known = self.losses()
        new = {step: loss if math.isfinite(loss) else None for step, loss in losses}
        known[stage] = sorted((dict(known.get(stage, [])) | new).items())
        files.write_json(self.path / "losses.json", known)

    @by_first
    def lost_losses(self, stage: str) -> int:
        """Return at how many steps of a stage the loss was no finite number."""
        return sum(loss is None for _, loss in self.losses().get(stage, []))

    # The end ------------------------------------------------------------------------------------------

    @by_first
    def finish(self, record: dict[str, Any]) -> None:
        """Join the moments, write the record, and remove what only a resume needs."""
        written = ["run.json"]
        for folder in sorted(p for p in (self.path / "moments").iterdir() if p.is_dir()):
            moments = [tables.read(path) for path in sorted(folder.glob("*.parquet"))]
            name = f"observations/{folder.name}.parquet"
            files.write_parquet(self.path / name, tables.concatenate(moments))
            written.append(name)
        hashes = {name: file_hash(self.path / name) for name in written}
        files.write_json(self.path / "provenance.json", provenance() | record | {"files": hashes})
        self.tidy()

    def tidy(self) -> None:
        """Remove what only an unfinished run needs; a kill may have come between."""
        came = self.path.glob(f"{COMING}*")
        for left in (*self.path.glob("stage-*"), *came, self.path / "moments", self.unfinished):
            shutil.rmtree(left, ignore_errors=True)
        self.untell()
        files.sweep(self.path, self.path / "observations")

    def record(self) -> dict[str, Any]:
        record = files.read_json(self.path / "provenance.json")
        if not isinstance(record, dict):
            raise ObverseError(f"{self.path / 'provenance.json'}: expected an object")
        return record

    def charged(self) -> float:
        """Return what the jobs of services have cost that the run has started; 0 if it has started none.

        Of a job that is not over, and of one whose tokens the service does not tell, that is a forecast.
        """
        if self.finished:
            costs = [stage.get("cost") for stage in self.record().get("stages", [])]
        else:
            jobs = [files.read_json(path) for path in sorted(self.path.glob("stage-*/job.json"))]
            costs = [job.get("cost") for job in jobs if isinstance(job, dict) and job.get("job")]
        return sum(max(0.0, float(cost)) for cost in costs if cost not in (None, "None"))

    def identity(self) -> dict[str, Any]:
        """Return the parts of the identity that the run had."""
        spec = files.read_json(self.path / "run.json")
        found = spec.get("identity") if isinstance(spec, dict) else None
        return found if isinstance(found, dict) else {}

    def changed(self, id: str) -> str | None:
        """Return the first file that is not as the run called `id` wrote it, or None."""
        try:
            record = self.record()
        except ObverseError:
            return "provenance.json"
        hashes = record.get("files")
        if record.get("run") != id or not isinstance(hashes, dict) or "run.json" not in hashes:
            return "provenance.json"
        return next(
            (
                name
                for name, known in hashes.items()
                if not (self.path / name).is_file() or file_hash(self.path / name) != known
            ),
            None,
        )

    def tables(self) -> tables.Tables:
        """Return the table of each measure."""
        paths = sorted((self.path / "observations").glob("*.parquet"))
        return tables.Tables({path.stem: path for path in paths})
