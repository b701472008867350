"""Several processes at work on one study: none of its runs is lost, and none is done twice."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
import typer
from polars.testing import assert_frame_equal
from rich.console import Console

import obverse
from obverse.cli import workers
from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Execution, Failure, Task
from obverse.studies.executors.pending import Pending
from obverse.studies.executors.work import UnnotedError, Work, Worker
from obverse.studies.tasks import work
from tests.conftest import held, wait_for
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

OBVERSE = [sys.executable, "-P", "-c", "from obverse.cli import main; main()"]
CPU = Execution(device="cpu", workers=2)


def study(seconds: float, seeds: int) -> obverse.Study:
    return obverse.study(Capitals, models=[TableSpec(seconds=seconds)], seeds=seeds)


def start(*words: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*OBVERSE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def table(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "observations" / "ask.parquet")


def test_workers_share_a_study_and_take_over_from_one_that_is_killed(tmp_path: Path) -> None:
    """One of two workers is killed in the middle of a run."""
    out, log = tmp_path / "o", io.StringIO()
    slow = study(0.3, 4)
    results: list[obverse.Result] = []
    console = Console(file=log)
    driver = threading.Thread(
        target=lambda: results.append(
            slow.run(out, executor=Work(), execution=Execution(device="cpu"), console=console)
        ),
        daemon=True,
    )
    driver.start()
    while len(list((out / "tasks").glob("*.json"))) < 4:
        time.sleep(0.05)
    first = start("work", out, "--workers", 1)
    wait_for(out, "runs/*/moments/ask/*.parquet", first)
    second = start("work", out, "--workers", 1)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    _, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    driver.join(30)
    said = log.getvalue()
    assert "table, seed 3: finished" in said
    assert "(4 of 4 runs)" in said
    assert len(results[0].runs) == 4
    assert list((out / "tasks").iterdir()) == []
    assert not list(out.glob("runs/*/progress.json"))
    study(0.3, 4).run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert_frame_equal(table(out), table(tmp_path / "alone"))


def test_two_commands_of_one_study_do_each_run_once(tmp_path: Path) -> None:
    words = (
        "run",
        "tests/outside/counting.py:Capitals",
        "--device",
        "cpu",
        "--seeds",
        4,
        "--out",
        tmp_path,
    )
    both = [start(*words, "--workers", 1, "--set", "model.seconds=0.2") for _ in range(2)]
    said = [process.communicate(timeout=120)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    here = [line for text in said for line in text.splitlines() if ": finished, " in line]
    assert len(here) == 4, said
    for text in said:
        assert "(4 of 4 runs)" in text
    assert len(list(tmp_path.glob("runs/*/provenance.json"))) == 4
    assert obverse.load(tmp_path).claims


def test_run_that_another_process_holds_is_waited_for_and_taken_over(tmp_path: Path) -> None:
    slow = study(0.0, 2)
    tasks = work(slow.plans(), tmp_path, CPU).tasks
    seen: list[str] = []

    log = io.StringIO()
    with held(tasks[0].folder) as holder:

        def let_go() -> None:
            while not RunFolder(tasks[1].folder).finished:
                time.sleep(0.05)
            seen.append("the other run was done meanwhile")
            holder.kill()

        threading.Thread(target=let_go, daemon=True).start()
        result = slow.run(tmp_path, execution=CPU, console=Console(file=log))
    lines = log.getvalue().splitlines()
    assert seen
    assert any(line.endswith(" table, seed 0: another process is at work on it") for line in lines)
    assert " table, seed 0: finished, " in lines[-1]
    assert len(result.runs) == 2


def test_failures_are_told_to_the_study_and_not_tried_again(tmp_path: Path) -> None:
    broken = obverse.study(Capitals(facts=8), models=[TableSpec(name="table", seconds=-1.0)], seeds=1)
    pending = Pending(tmp_path)
    [task] = work(broken.plans(), tmp_path, CPU).tasks
    pending.add(task)
    worker = start("work", tmp_path)
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert b"1 of 1 run failed; the others are kept\ntable, seed 0: ValueError: sleep length" in err
    problem = pending.failure(task.id)
    assert problem is not None
    assert "sleep length" in problem
    again = start("work", tmp_path)
    assert again.communicate(timeout=60)[1].decode() == f"{tmp_path}: nothing is to do\n"

    def fail() -> None:
        while not pending.has(task.id):
            time.sleep(0.02)
        pending.fail(task.id, "no luck")

    threading.Thread(target=fail, daemon=True).start()
    with pytest.raises(
        ObverseError, match="1 of 1 run failed; the others are kept\ntable, seed 0: no luck"
    ):
        broken.run(tmp_path, executor=Work(), execution=CPU)


def test_worker_goes_on_with_a_run_that_is_asked_for_again_after_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study was started again while the worker was busy with other runs."""
    [task] = work(study(0, 1).plans(), tmp_path, CPU).tasks
    pending, carry_out = Pending(tmp_path), Worker.run
    pending.add(task)
    failed: list[Failure] = []

    def first_fails(self: Worker, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        if failed:
            return carry_out(self, tasks, on)
        failed.append(Failure(task=task, problem="its process ended with status -9"))
        pending.fail(task.id, failed[0].problem)
        pending.add(task)
        return failed

    monkeypatch.setattr(Worker, "run", first_fails)
    with pytest.raises(typer.Exit):
        workers.work(tmp_path)
    assert RunFolder(task.folder).finished


def test_worker_ends_where_nothing_can_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would try the same again and again."""
    [task] = work(study(-1.0, 1).plans(), tmp_path, CPU).tasks
    Pending(tmp_path).add(task)

    def full(self: Pending, id: str, problem: str) -> None:
        raise ObverseError("no room")

    monkeypatch.setattr(Pending, "fail", full)
    with pytest.raises(UnnotedError, match="no room"):
        workers.work(tmp_path)


def test_what_cannot_be_imported_here_is_left_to_others(tmp_path: Path) -> None:
    [task] = work(study(0, 1).plans(), tmp_path, CPU).tasks
    pending = Pending(tmp_path)
    pending.add(task)
    path = tmp_path / "tasks" / f"{task.id}.json"
    path.write_text(path.read_text().replace("tests.outside.counting:Capitals", "nowhere:Capitals"))
    worker = start("work", tmp_path)
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert b"cannot be carried out here: nowhere: cannot be imported: No module named 'nowhere'" in err
    assert pending.has(task.id)
    assert os.listdir(tmp_path) == ["tasks"]  # noqa: PTH208


def test_nothing_to_do_is_said_at_once(tmp_path: Path) -> None:
    log = io.StringIO()
    for _ in range(2):
        study(0, 2).run(tmp_path / "o", execution=CPU, console=Console(file=log))
    assert log.getvalue().splitlines()[-1] == "2 of 2 runs are finished already"
