"""Runs as jobs that submitit submits, carried out on this machine by its local executor."""

import io
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

import obverse
from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Execution
from obverse.studies.executors import choose, on_slurm
from obverse.studies.executors.on_slurm import minutes
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

CPU = Execution(device="cpu", workers=2)
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def study(seconds: float, seeds: int = 1) -> obverse.Study:
    return obverse.study(Capitals, models=[TableSpec(seconds=seconds)], seeds=seeds)


def table(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "observations" / "ask.parquet")


def jobs(out: Path) -> list[int]:
    """The processes that carry out the jobs of a study."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "submitit.core._submit" in words and str(out) in " ".join(words):
            found.append(int(place.name))
    return found


def meanwhile(what: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=what, daemon=True)
    thread.start()
    return thread


def preempt(out: Path) -> None:
    """Tell the job of the only run, in its second stage, that its time is over."""
    while not list(out.glob("runs/*/stage-00/record.json")):
        time.sleep(0.02)
    [job] = jobs(out)
    os.kill(job, signal.SIGUSR2)


def test_job_that_is_preempted_is_queued_again_and_goes_on(tmp_path: Path) -> None:
    out, log = tmp_path / "o", io.StringIO()
    thread = meanwhile(lambda: preempt(out))
    executor = obverse.Slurm(cluster="local")
    study(0.5).run(out, executor=executor, execution=CPU, console=Console(file=log))
    thread.join()
    study(0.5).run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert_frame_equal(table(out), table(tmp_path / "alone"))
    [said] = out.glob("slurm/logs/*_log.out")
    assert "Requeued job" in said.read_text()
    assert "(1 of 1 run)" in log.getvalue()
    assert list((out / "tasks").iterdir()) == []


def test_job_that_ends_without_a_result_is_submitted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is over and it may not be queued again: the study does not end with it."""
    monkeypatch.setitem(on_slurm.GRACE, "local", 0.1)
    out = tmp_path / "o"
    thread = meanwhile(lambda: preempt(out))
    executor = obverse.Slurm(cluster="local", timeouts=0, settings={"time": "1"})
    result = study(0.5).run(out, executor=executor, execution=CPU)
    thread.join()
    assert len(result.runs) == 1
    logs = [path.read_text() for path in out.glob("slurm/logs/*_log.out")]
    assert any("timed-out too many times" in text for text in logs)
    assert len(logs) == 2


def test_failures_are_told(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="table, seed 0: ValueError: sleep length") as caught:
        study(-1.0).run(tmp_path, executor=obverse.Slurm(cluster="local"), execution=CPU)
    assert "log.txt" in str(caught.value)
    [log] = tmp_path.glob("runs/*/log.txt")
    assert "Traceback" in log.read_text()


def test_interrupted_study_waits_for_its_jobs_again(tmp_path: Path) -> None:
    def interrupt(event: obverse.Event) -> None:
        if event.kind == "started":
            raise KeyboardInterrupt

    from obverse.studies.tasks import work

    tasks = work(study(0.5).plans(), tmp_path, CPU).to_do
    with pytest.raises(KeyboardInterrupt):
        obverse.Slurm(cluster="local").run(tasks, interrupt)
    assert len(jobs(tmp_path)) == 1
    study(0.5).run(tmp_path, executor=obverse.Slurm(cluster="local"), execution=CPU)
    assert len(list(tmp_path.glob("slurm/logs/*_log.err"))) == 1, "no other job was submitted"
    assert RunFolder(tasks[0].folder).finished


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("1:30", 1.5), ("2:00:00", 120), ("1-0", 1440), ("1-12:30", 2190), ("0-0:0:30", 0.5)],
)
def test_time_limits_are_those_of_sbatch(text: str, expected: float) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "0", "1-2-3", "-5"])
def test_other_time_limits_are_refused(text: str) -> None:
    with pytest.raises(ObverseError, match=r"--slurm time="):
        minutes(text)


def test_where_no_jobs_are_submitted_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ObverseError, match="no sbatch here"):
        study(0).run(tmp_path, executor=choose.executor("slurm", {"partition": "gpu"}), execution=CPU)
