"""Worker processes: tasks in, messages out, and what becomes of those that die."""

import os
import signal
import time
from pathlib import Path

import pytest

from obverse.run.identity import identify
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.studies.executors.processes import Processes
from tests.outside.counting import Capitals, TableSpec


def task(folder: Path, seconds: float = 0.0, seed: int = 0) -> Task:
    run = Run(experiment=Capitals(), model=TableSpec(seconds=seconds), seed=seed)
    id = identify(run, run.stages()).id
    return Task(run=run, id=id, folder=folder, execution=Execution(device="cpu"))


def wait_for_end(processes: Processes) -> str | None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for _, message in processes.messages():
            if "ended" in message:
                problem: str | None = message["ended"]
                return problem
    raise AssertionError("no end within a minute")


def test_worker_is_used_again_and_ends_when_told(tmp_path: Path) -> None:
    processes = Processes(threads=1)
    for seed in (0, 1):
        assert processes.give(task(tmp_path / str(seed), seed=seed)) is None
        assert processes.busy == 1
        assert wait_for_end(processes) is None
        assert processes.busy == 0
        assert (tmp_path / str(seed) / "provenance.json").is_file()
    [worker] = processes.workers
    processes.close()
    assert worker.process.returncode == 0
    assert processes.workers == []


def test_workers_at_the_same_time_have_gpus_of_their_own(tmp_path: Path) -> None:
    processes = Processes(threads=1, cards=["0,1", "2,3"])

    def sees(name: str) -> str:
        processes.give(task(tmp_path / name, seconds=30))
        return processes.workers[-1].cards

    assert [sees("a"), sees("b")] == ["0,1", "2,3"]
    processes.workers[0].process.kill()
    wait_for_end(processes)
    assert sees("c") == "0,1"
    processes.kill()


def test_worker_that_died_at_work_is_told_of_and_another_takes_its_place(tmp_path: Path) -> None:
    processes = Processes(threads=1)
    processes.give(task(tmp_path / "slow", seconds=30))
    [worker] = processes.workers
    worker.process.kill()
    assert wait_for_end(processes) == "its process ended with status -9"
    assert processes.workers == []
    processes.give(task(tmp_path / "quick"))
    assert wait_for_end(processes) is None
    processes.close()


def test_worker_that_died_while_idle_is_not_used_again(tmp_path: Path) -> None:
    processes = Processes(threads=1)
    processes.give(task(tmp_path / "a"))
    assert wait_for_end(processes) is None
    [gone] = processes.workers
    gone.process.kill()
    gone.process.wait()
    processes.give(task(tmp_path / "b"))
    assert gone not in processes.workers
    assert wait_for_end(processes) is None
    processes.close()


def test_kill_stops_a_worker_at_work_at_once(tmp_path: Path) -> None:
    processes = Processes(threads=1)
    processes.give(task(tmp_path / "slow", seconds=30))
    [worker] = processes.workers
    began = time.monotonic()
    processes.kill()
    assert time.monotonic() - began < 15, "it would be at work for 30 seconds"
    assert worker.process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(worker.process.pid, 0)


def test_folder_that_cannot_be_written_is_a_problem_of_its_task(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    processes = Processes(threads=1)
    problem = processes.give(task(tmp_path / "file" / "run"))
    assert problem is not None
    assert "cannot be written" in problem
    processes.close()
