"""What a tracker is told: trackio's for real, the others' interfaces as stand-ins."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.run import tracking
from obverse.run.task import Execution, Task
from obverse.studies.tasks import tasks_of
from tests.conftest import TINY


def task(folder: Path, track: str | None) -> Task:
    study = obverse.study("reversal", seeds=1, settings=TINY)
    [planned] = tasks_of(study.plans(), folder, Execution(device="cpu", track=track))
    return planned


def perform(folder: Path, track: str | None) -> Task:
    planned = task(folder, track)
    planned.perform(lambda done, total: None)
    return planned


@pytest.mark.filterwarnings("ignore")
def test_trackio_is_told_who_the_run_is_and_how_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio")
    from trackio.sqlite_storage import SQLiteStorage

    done = perform(tmp_path, "trackio")
    name = done.folder.name
    [config] = SQLiteStorage.get_all_run_configs("reversal").values()
    assert config["id"] == done.id
    assert config["seed"] == 0
    assert config["experiment"]["settings"]["facts_per_subset"] == TINY["facts_per_subset"]
    assert config["model"]["settings"]["layers"] == TINY["model.layers"]
    assert config["identity"]
    logs = SQLiteStorage.get_logs("reversal", name)
    [stage] = json.loads((done.folder / "losses.json").read_text()).items()
    label, losses = stage
    told = [[log["step"], log[f"{label}/loss"]] for log in logs if f"{label}/loss" in log]
    assert told == losses
    assert any(f"{label}/ask/exact_match" in log for log in logs)


def test_tracking_changes_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []
    fake: Any = ModuleType("trackio")
    fake.init = lambda **about: said.append(about)
    fake.log = fake.finish = None
    monkeypatch.setitem(sys.modules, "trackio", fake)
    monkeypatch.setattr(tracking, "check", lambda track: None)
    assert task(tmp_path, "trackio").id == task(tmp_path, None).id
    done = perform(tmp_path, "trackio")  # whose log() fails at once
    assert said[0]["name"] == done.folder.name
    assert (done.folder / "provenance.json").is_file()


def test_trackers_by_their_interfaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []

    def heard(name: str) -> Any:
        return lambda *given, **named: said.append((name, given, named))

    config = {"id": "0" * 64, "seed": 3, "model": {"settings": {"layers": 2}}}
    run = SimpleNamespace(log=heard("log"), finish=heard("finish"))

    def begin(**about: Any) -> Any:
        said.append(about)
        return run

    wandb = SimpleNamespace(init=begin)
    mlflow = SimpleNamespace(
        **{
            name: heard(name)
            for name in ("set_experiment", "start_run", "log_params", "log_metrics", "end_run")
        }
    )
    writer = SimpleNamespace(**{name: heard(name) for name in ("add_text", "add_scalar", "close")})
    board = SimpleNamespace(SummaryWriter=lambda log_dir: writer)
    monkeypatch.setattr(tracking, "check", lambda track: None)
    for name, module in (("wandb", wandb), ("mlflow", mlflow), ("torch.utils.tensorboard", board)):
        monkeypatch.setitem(sys.modules, name, module)
    for track in ("wandb", "mlflow", "tensorboard"):
        with tracking.tracked(track, "study", tmp_path / "run-1", config) as told:
            told.log({"a/loss": 0.5}, 7)
            told.log({}, 8)
    assert said[0]["name"] == "run-1"
    assert said[0]["config"] == config
    assert ("log", ({"a/loss": 0.5},), {"step": 7}) in said
    assert ("log_params", ({"id": "0" * 64, "seed": "3", "model.settings.layers": "2"},), {}) in said
    assert ("log_metrics", ({"a/loss": 0.5},), {"step": 7}) in said
    assert ("add_scalar", ("a/loss", 0.5, 7), {}) in said
    assert [each[0] for each in said[1:]].count("log") == 1
    assert [each[0] for each in said[1:] if each[0] in ("finish", "end_run", "close")] == [
        "finish", "end_run", "close",
    ]  # fmt: skip


def test_tracker_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    study = obverse.study("reversal", seeds=1, settings=TINY)
    with pytest.raises(ObverseError, match=r"--track trackio needs: pip install 'obverse\[track\]'"):
        study.run(tmp_path / "out", execution=Execution(track="trackio"))
    with pytest.raises(ObverseError, match="unknown tracker 'trackoi'; did you mean trackio"):
        study.run(tmp_path / "out", execution=Execution(track="trackoi"))
    assert not (tmp_path / "out").exists()


def test_tracker_that_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "check", lambda track: None)
    monkeypatch.setitem(tracking.TRACKERS, "trackio", lambda *_: 1 / 0)
    with (
        pytest.raises(ObverseError, match="--track trackio: cannot begin: division by zero"),
        tracking.tracked("trackio", "study", tmp_path, {}),
    ):
        raise AssertionError("must not begin")
