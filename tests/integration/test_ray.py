"""Runs on a Ray cluster of two nodes, for real: one is removed in mid-run, one sees no common disk."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

import obverse
from obverse.core.errors import ObverseError
from obverse.models.endpoint import Endpoint
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Execution
from obverse.store import files
from obverse.studies.executors import packing
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")
CPU = Execution(device="cpu", checkpoint_every=1)
NODE = {"num_cpus": 1, "memory": 2**31, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster with one node of one CPU; its driver is this process."""
    ray: Any = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        made = Cluster(initialize_head=True, head_node_args=NODE)
        ray.init(made.address, log_to_driver=False)
        yield made
        ray.shutdown()
        made.shutdown()  # type: ignore[no-untyped-call]


def study(seconds: float = 0.0, seeds: int = 2, **settings: Any) -> obverse.Study:
    return obverse.study(Capitals(**settings), models=[TableSpec(seconds=seconds)], seeds=seeds)


def table(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "observations" / "ask.parquet")


def test_node_that_is_removed_in_mid_run(cluster: Any, tmp_path: Path) -> None:
    """Both nodes are at work when one goes; its run is done again on the other, from where it was."""
    second = cluster.add_node(num_cpus=1, memory=2**31, object_store_memory=80 * 2**20)
    out, log = tmp_path / "o", io.StringIO()
    removed, over = list[int](), threading.Event()

    def remove() -> None:
        while not over.is_set():
            begun, ended = (len(list(out.glob(f"runs/*/{n}.json"))) for n in ("run", "provenance"))
            if begun == 2 and not ended:
                cluster.remove_node(second, allow_graceful=False)
                removed.append(begun)
                return
            time.sleep(0.02)

    thread = threading.Thread(target=remove, daemon=True)
    thread.start()
    slow = study(1.5)  # long enough for both nodes to be at work at once, though one starts later
    result = slow.run(out, executor=obverse.Ray(), execution=CPU, console=Console(file=log))
    over.set()
    thread.join()
    study(1.5).run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert removed, "the two runs were never at work at once"
    assert len(result.runs) == 2
    assert_frame_equal(table(out), table(tmp_path / "alone"))
    said = log.getvalue()
    assert said.count(": started") == 3, said
    assert "(2 of 2 runs)" in said


def test_nodes_that_see_no_common_disk(cluster: Any, tmp_path: Path) -> None:
    """Input files and the user's code go to the node, finished runs come back through Ray."""
    words = tmp_path / "words.txt"
    words.write_text("of the town", encoding="utf-8")
    out = tmp_path / "o"
    study(words=words).run(out, executor=obverse.Ray(shared=False), execution=CPU)
    study(words=words).run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert_frame_equal(table(out), table(tmp_path / "alone"))
    assert table(out)["target"].str.contains("of the town").all()
    for path in (out / "runs").iterdir():
        assert RunFolder(path).changed(RunFolder(path).record()["run"]) is None
        run = (path / "run.json").read_text()
        assert str(words) not in run, "the node has read a copy of its own"
    assert not list(out.rglob(".coming-*"))


def test_storage_has_unfinished_runs_and_finished_ones(cluster: Any, tmp_path: Path) -> None:
    """What another node left in the storage is gone on from."""
    out, storage = tmp_path / "o", packing.Storage(f"file://{tmp_path}/storage")
    begun = study(0.0, 1)
    [task] = work(begun.plans(), out, CPU).tasks
    elsewhere = replace(task, folder=tmp_path / "elsewhere" / task.folder.name)

    def cut_off(done: int, total: int) -> None:
        if (elsewhere.folder / "stage-00" / "record.json").is_file():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        elsewhere.perform(cut_off)
    first = elsewhere.folder / "stage-00" / "record.json"
    files.write_json(first, files.read_json(first) | {"documents": 77})  # which nobody else writes
    storage.put(task.folder.name, elsewhere.folder)
    assert storage.has(task.folder.name)
    executor = obverse.Ray(shared=False, storage=storage.url)
    begun.run(out, executor=executor, execution=CPU)
    assert RunFolder(task.folder).record()["stages"][0]["documents"] == 77, "it was not done again"
    begun.run(tmp_path / "alone", executor=Inline(), execution=CPU)
    assert_frame_equal(table(out), table(tmp_path / "alone"))
    with storage.open(task.folder.name) as file:
        packing.unpack(file, tmp_path / "stored")
    assert RunFolder(tmp_path / "stored").changed(task.id) is None


@pytest.mark.parametrize("limit", ["most_requests", "cost_limit"])
def test_limits_that_nobody_could_count(cluster: Any, tmp_path: Path, limit: str) -> None:
    """They are refused before any other run of the study is begun."""
    [local] = work(study(0.0, 1).plans(), tmp_path, CPU).tasks
    asked: Any = Endpoint(url="http://localhost:9/v1", name="m", parameters=1)
    limited = asked.model_copy(update={limit: 5})
    tasks = [local, replace(local, id="0123", run=replace(local.run, model=limited))]
    events: list[Event] = []
    with pytest.raises(ObverseError, match=f"model.{limit}: is counted in the study's directory"):
        obverse.Ray(shared=False).run(tasks, events.append)
    assert events == []


def test_what_fails_and_what_cannot_be_had(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(
        ObverseError, match="table, seed 0: ValueError: sleep length must be non-negative"
    ):
        study(-1.0, 1).run(tmp_path / "a", executor=obverse.Ray(), execution=CPU)
    [log] = tmp_path.glob("a/runs/*/log.txt")
    assert "Traceback" in log.read_text()
    with pytest.raises(ObverseError, match=r"asks for 64 CPUs; no node .* \(there is 1 CPU at most"):
        study().run(tmp_path, executor=obverse.Ray(), execution=Execution(device="cpu", threads=64))
    with pytest.raises(ObverseError, match=r"asks for 1 CPU, 4 GB; no node .* \(there is 1 CPU, 2.1 GB"):
        study().run(tmp_path, executor=obverse.Ray(memory=4 * 10**9), execution=CPU)
    with pytest.raises(ObverseError, match=r"asks for 1 CPU, 1 GPU; no node"):
        study().run(tmp_path, executor=obverse.Ray(), execution=Execution(device="cuda"))


def test_interrupt_ends_the_runs(cluster: Any, tmp_path: Path) -> None:
    [task] = work(study(2.0, 1).plans(), tmp_path, CPU).tasks

    def interrupt(event: Event) -> None:
        if event.kind == "progress" and event.done:
            assert RunFolder(task.folder).held
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obverse.Ray().run([task], interrupt)
    deadline = time.monotonic() + 10
    while RunFolder(task.folder).held:
        assert time.monotonic() < deadline, "the run goes on"
        time.sleep(0.1)
    assert not RunFolder(task.folder).finished
    assert not list(tmp_path.glob(".seen-*"))
