"""The short forms of benchmarks/kills.py and benchmarks/full_disk.py, and what they found."""

import os
import subprocess
from pathlib import Path

import pytest
from full_disk import tried, undisturbed
from killing.outcome import files_of
from kills import campaign

import obverse
from obverse.run.task import Execution
from obverse.store import locks
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

CPU = Execution(device="cpu", workers=1)


def test_killed_studies_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    found = campaign("here", kills=2, runs=3, seed=2, folder=tmp_path)
    assert found.wrong == []
    assert sum(found.kills.values()) == 2


def mountable() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


@pytest.mark.skipif(not mountable(), reason="mounts a small disk, for which root is needed")
def test_disk_that_fills() -> None:
    expected, names, most = undisturbed("small")
    said, wrong = tried("small", most // 8 // 4096 * 4096, expected, names)
    assert wrong == []
    assert "cannot be written: No space left on device; make room there" in said


def test_what_killed_processes_left_goes_with_the_same_command(tmp_path: Path) -> None:
    """A report cut off, tasks and jobs that were written down, a driver of Ray's that is gone."""
    study = obverse.study(Capitals, models=[TableSpec()], seeds=1)
    study.run(tmp_path, executor=Inline(), execution=CPU)
    before = files_of(tmp_path)
    [task] = work(study.plans(), tmp_path, CPU).tasks
    (tmp_path / ".cache/seen.parquet").unlink(missing_ok=True)  # nobody has looked at the run's files yet
    for folder in ("figures", "tasks", "slurm", ".cache", "observations"):
        (tmp_path / folder).mkdir(exist_ok=True)
    for name in (
        "figures/.claims.svg.unfinished-x", ".report.html.unfinished-x",
        f"tasks/.{task.id}.json.unfinished-x",
        f"tasks/{task.id}.json", f"tasks/{task.id}.failed.json", f"slurm/.{task.id}.json.unfinished-x",
        ".cache/.seen.parquet.unfinished-x", "observations/.ask.parquet.unfinished-x",
    ):  # fmt: skip
        (tmp_path / name).touch()
    another = tmp_path / "tasks" / ".0123.json.unfinished-x"  # which somebody may be writing
    another.touch()
    cut_off = tmp_path / "slurm/logs/.submission_file_0123.sh"
    cut_off.parent.mkdir()
    cut_off.touch()
    os.utime(cut_off, (0, 0))
    (tmp_path / ".seen-gone").mkdir()
    (tmp_path / ".seen-gone" / ".lock").touch()
    coming = task.folder / ".coming-x" / "run"
    coming.mkdir(parents=True)
    with locks.locked(tmp_path / ".seen-here"):
        study.run(tmp_path, executor=Inline(), execution=CPU)
        assert (tmp_path / ".seen-here").is_dir(), "its driver is at work"
    kept = {"figures", "tasks/.0123.json.unfinished-x", ".seen-here", ".seen-here/.lock"}
    assert files_of(tmp_path) - before - kept == set()
    assert another.exists()
