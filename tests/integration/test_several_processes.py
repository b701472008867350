"""One run in several processes, each with a share of the model: the same as in one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from polars.testing import assert_frame_equal
from safetensors.torch import load_file

from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec
from obverse.models.checkpoint import Checkpoint
from obverse.models.scratch import Scratch
from obverse.run.folder import RunFolder
from obverse.run.identity import identify
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.studies.check import check_models
from tests.conftest import made
from tests.outside.halves import SMALL, Halves

TIGHT = 1e-5  # nats; a loss is about 5, of which a float32 tells 5e-7 apart


def task(folder: Path, processes: int = 2, model: ModelSpec = SMALL, *, hidden: bool = False) -> Task:
    run = Run(experiment=Halves(hidden=hidden), model=model, seed=100)
    execution = Execution(device="cpu", processes=processes, checkpoint_every=1, keep_weights=True)
    return Task(run=run, id=identify(run, run.stages()).id, folder=folder, execution=execution)


def done(task: Task) -> RunFolder:
    task.perform(lambda done, total: None)
    return RunFolder(task.folder)


def assert_same(one: RunFolder, other: RunFolder, tight: float = TIGHT) -> None:
    """Compare all that runs leave: losses of every step, tables, and weights."""
    tables, others = one.tables(), other.tables()
    assert tables.keys() == others.keys() >= {"ask", "perplexity", "sample"}
    for stage in one.record()["stages"]:
        losses, found = (losses_of(folder, stage["name"]) for folder in (one, other))
        assert set(losses) == set(range(1, stage["steps"] + 1))
        assert losses.keys() == found.keys()
        assert max(abs(losses[step] - loss) for step, loss in found.items()) <= tight
    for name, table in tables.items():
        if name == "held":  # of the weights
            continue
        assert_frame_equal(table, others[name], abs_tol=10 * tight, rel_tol=tight)
    weights, saved = (load_file(folder.path / "weights/model.safetensors") for folder in (one, other))
    assert weights.keys() == saved.keys()
    for name, tensor in weights.items():
        # AdamW gives a gradient that is rounding alone, as a key's bias has, the size of any other.
        torch.testing.assert_close(saved[name], tensor, atol=10 * tight, rtol=0)


def losses_of(folder: RunFolder, stage: str) -> dict[int, float]:
    return {step: loss or 0.0 for step, loss in folder.losses()[stage]}


def children() -> list[int]:
    """Return the processes that this one has started and that are alive."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (thread / "children").read_text().split()]
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return done(task(tmp_path_factory.mktemp("alone"), processes=1))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return done(task(tmp_path_factory.mktemp("shared")))


def test_two_processes_do_what_one_does(alone: RunFolder, shared: RunFolder) -> None:
    assert_same(alone, shared)
    assert children() == []
    record = shared.record()
    assert record["execution"]["processes"] == 2
    assert record["parameters"] == alone.record()["parameters"]
    assert record["weights_before_sha256"] == alone.record()["weights_before_sha256"]
    assert {p.name for p in (shared.path / "weights").iterdir()} == {
        p.name for p in (alone.path / "weights").iterdir()
    }
    assert (shared.path / "weights/config.json").read_text() == (
        alone.path / "weights/config.json"
    ).read_text()


def test_each_process_has_its_share_of_every_weight(alone: RunFolder, shared: RunFolder) -> None:
    whole, held = (folder.tables()["held"] for folder in (alone, shared))
    assert (whole["held"] == whole["whole"]).all()
    assert held["whole"].equals(whole["whole"])
    assert held["step"].n_unique() > 1
    assert (2 * held["held"] == held["whole"]).all()  # which are even along their first dimension


def test_checkpoint_is_trained_and_shows_hidden_states_as_in_one_process(tmp_path: Path) -> None:
    """The weights are tied, and stored under older names than they have in memory."""
    made(SMALL.model_copy(update={"tied": True})).save(tmp_path / "c")
    model = Checkpoint(path=str(tmp_path / "c")).resolve()
    one, two = (done(task(tmp_path / str(n), n, model, hidden=True)) for n in (1, 2))
    assert_same(one, two)
    assert "hidden" in two.tables()


def test_what_cannot_be_shared_is_refused() -> None:
    def refused(model: ModelSpec, processes: int = 2, **recipe: Any) -> str:
        stages = Halves(recipe=Halves().recipe.model_copy(update=recipe)).stages(100)
        with pytest.raises(ObverseError) as error:
            check_models([model], stages, keep_weights=False, processes=processes)
        return str(error.value)

    assert "3 processes share the documents of a pass, of which there are 2" in refused(SMALL, 3)
    assert "of which there are 4" in refused(SMALL, 5, micro_batch_size=None)
    assert "adafactor cannot be shared" in refused(SMALL, optimizer="adafactor")
    t5 = Scratch(architecture="t5", hidden_size=16, layers=1, heads=2)
    assert "a model of this kind (Scratch) is computed by one process" in refused(t5)


@pytest.mark.parametrize("resumed_in", [1, 2])
def test_run_is_resumed_by_as_many_processes_as_one_likes(
    resumed_in: int, alone: RunFolder, shared: RunFolder, tmp_path: Path
) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.integration import test_several_processes as t\n"
        "def at(done, total):\n"
        "    if done == 13: print(*t.children(), flush=True); os.kill(os.getpid(), 9)\n"
        "t.task(Path(sys.argv[1])).perform(at)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    [follower] = map(int, killed.stdout.split())
    wait_until_gone(follower)
    assert list(tmp_path.glob("stage-01/checkpoint-*"))
    resumed = done(task(tmp_path, resumed_in))
    assert resumed.record()["stages"][1]["resumed_from_step"] is not None
    assert_same(shared if resumed_in == 2 else alone, resumed, 0.0 if resumed_in == 2 else TIGHT)


def test_death_of_another_process_is_told_and_mended(shared: RunFolder, tmp_path: Path) -> None:
    def at(done: int, total: int) -> None:
        if done == 7:
            [follower] = children()
            os.kill(follower, signal.SIGKILL)

    with pytest.raises(ObverseError, match="process 1 of the run has ended with status -9"):
        task(tmp_path).perform(at)
    assert children() == []
    assert_same(shared, done(task(tmp_path)), 0.0)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"the process {pid} is left behind"
        time.sleep(0.05)
