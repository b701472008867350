"""Archives of runs: what is in them, where they are unpacked, and which are refused."""

import io
import os
from pathlib import Path
from typing import Any

import pytest

from obverse.run.identity import identify
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.studies.executors import on_ray_node, packing
from tests.outside.counting import Capitals, TableSpec


def task(folder: Path) -> Task:
    run = Run(experiment=Capitals(), model=TableSpec(), seed=0)
    id = identify(run, run.stages()).id
    return Task(run=run, id=id, folder=folder, execution=Execution(device="cpu"))


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def test_run_at_work_is_packed_with_what_a_resume_needs_first(tmp_path: Path) -> None:
    write(tmp_path / "run", "run.json", "moments/ask/00.parquet", "stage-00/record.json", ".lock",
          "stage-01/checkpoint-5/complete", "moments/ask/.01.parquet.unfinished-x")  # fmt: skip
    packing.unpack(io.BytesIO(packing.packed(tmp_path / "run")), tmp_path / "there")
    names = [str(path.relative_to(tmp_path / "there")) for path in (tmp_path / "there").rglob("*")]
    found = {name for name in names if (tmp_path / "there" / name).is_file()}
    assert found == {
        "run.json", "moments/ask/00.parquet", "stage-00/record.json", "stage-01/checkpoint-5/complete",
    }  # fmt: skip


def test_folder_that_goes_while_a_run_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that another has replaced, or all of them when the run is finished."""
    run, look = tmp_path / "run", os.scandir
    write(run, "run.json", "stage-00/checkpoint-5/complete")

    def gone(path: str) -> Any:
        if str(path).endswith("checkpoint-5"):
            Path(path).rename(tmp_path / "gone")
        return look(path)

    monkeypatch.setattr(os, "scandir", gone)
    packing.unpack(io.BytesIO(packing.packed(run)), tmp_path / "there")
    assert (tmp_path / "there" / "run.json").is_file()


def test_finished_run_takes_the_place_of_what_was_begun(tmp_path: Path) -> None:
    there, here = task(tmp_path / "there"), task(tmp_path / "runs" / "here")
    there.perform(lambda done, total: None)
    write(here.folder, "stage-00/record.json", "run.json")
    assert packing.bring(io.BytesIO(packing.packed(there.folder)), here) is None
    assert {path.name for path in here.folder.iterdir()} >= {
        "run.json",
        "provenance.json",
        "observations",
    }
    assert not (here.folder / "stage-00").exists()
    (there.folder / "run.json").write_text("{}")
    problem = packing.bring(io.BytesIO(packing.packed(there.folder)), here)
    assert problem == "run.json is not as the run wrote it"
    assert packing.bring(io.BytesIO(b"x" * 1024), here) is not None
    assert (here.folder / "provenance.json").is_file()
    assert [path.name for path in here.folder.parent.iterdir()] == ["here"]


def test_unfinished_run_is_copied_when_there_is_something_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray_node, "SECONDS_BETWEEN_COPIES", -1.0)
    storage, folder = packing.Storage(f"file://{tmp_path}/storage"), tmp_path / "run"
    write(folder, "run.json")
    copy = on_ray_node._Copies(storage, folder)
    copy()
    assert not storage.has("run"), "nothing to go on from"
    write(folder, "stage-00/checkpoint-5/complete")
    copy()
    assert storage.has("run")
    assert [path.name for path in (tmp_path / "storage").iterdir()] == ["run.tar"]
