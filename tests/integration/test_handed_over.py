"""A study that one executor has started is finished by another, with the same numbers."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import obverse
from obverse.run.folder import RunFolder
from obverse.run.task import Execution
from obverse.studies.executors.pending import Pending
from obverse.studies.executors.work import Worker
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
CPU = Execution(device="cpu", workers=1)


def table(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "observations" / "ask.parquet")


class EnoughError(BaseException):
    pass


class Interrupted:
    """An executor that is interrupted in the second stage of a run, after some that it finishes."""

    def __init__(self, executor: obverse.Executor, runs: int) -> None:
        self.executor, self.runs = executor, runs

    def run(
        self, tasks: Sequence[obverse.Task], on: Callable[[obverse.Event], None]
    ) -> list[obverse.Failure]:
        def each(event: obverse.Event) -> None:
            on(event)
            self.runs -= event.kind == "finished"
            if self.runs == 0 and event.kind == "progress":
                while not (event.task.folder / "stage-00" / "record.json").is_file():
                    assert not RunFolder(event.task.folder).finished
                    time.sleep(0.02)
                raise EnoughError

        return self.executor.run(tasks, each)


def test_study_goes_from_executor_to_executor(tmp_path: Path) -> None:
    """A job of SLURM's is cut off in mid-run, then a process here, and a worker does the rest."""
    study = obverse.study(Capitals(facts=20), models=[TableSpec(seconds=0.3)], seeds=2)
    out = tmp_path / "o"

    def finished() -> int:
        return sum(RunFolder(path).finished for path in (out / "runs").iterdir())

    with pytest.raises(EnoughError):
        study.run(
            out, executor=Interrupted(obverse.Slurm(cluster="local", cancel=True), 0), execution=CPU
        )
    assert finished() == 0
    with pytest.raises(EnoughError):
        study.run(out, executor=Interrupted(obverse.Here(), 1), execution=CPU)
    assert finished() == 1
    worker = Worker(out, workers=1)
    assert len(worker.tasks()) == 2, "the jobs' tasks are written down"
    assert worker.run(worker.tasks(), lambda event: None) == []
    assert finished() == 2
    assert not list(Pending(out).tasks())
    study.run(out, executor=obverse.Here(), execution=CPU)
    study.run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert_frame_equal(table(out), table(tmp_path / "alone"))
    assert (out / "claims.json").read_text() == (tmp_path / "alone" / "claims.json").read_text()
