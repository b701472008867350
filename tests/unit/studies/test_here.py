"""Carrying runs out on this machine."""

from pathlib import Path

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.run import gpus
from obverse.run.task import Execution
from obverse.studies.executors.here import Here, cards_of, workers_of
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, TableSpec


def test_runs_divide_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "visible", lambda: ["0", "1", "GPU-5a", "3", "4"])
    each = {n: Execution(processes=n) for n in (1, 2, 8)}
    assert cards_of(each[1]) == ["0", "1", "GPU-5a", "3", "4"]
    assert cards_of(each[2]) == ["0,1", "GPU-5a,3"]
    assert cards_of(each[8]) == []  # as the run will say
    assert [workers_of(execution) for execution in each.values()] == [5, 2, 1]
    assert cards_of(Execution(device="cpu")) == []


def test_what_is_meant_for_a_gpu_is_refused_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = obverse.study(Capitals, models=[TableSpec()], seeds=2)
    tasks = work(study.plans(), tmp_path, Execution(device="cuda")).tasks
    monkeypatch.setattr(gpus, "visible", lambda: [])
    with pytest.raises(ObverseError, match=r"device cuda: torch 2.* finds no GPU on this machine"):
        Here().run(tasks, lambda event: None)
    assert not list(tmp_path.rglob("*.json"))
    gpus.refuse_without(work(study.plans(), tmp_path, Execution(device="cpu")).tasks)
    monkeypatch.setattr(gpus, "visible", lambda: ["0"])
    gpus.refuse_without(tasks)


def test_largest_models_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the last one keeps a core busy for long while the others have nothing to do."""
    models = [
        TableSpec(name=name, seconds=n * 1e-6) for n, name in enumerate(("small", "large", "middle"))
    ]
    sizes = {"small": 1, "large": 9, "middle": 5}
    monkeypatch.setattr(TableSpec, "size", lambda self: sizes[self.name])
    execution = Execution(device="cpu", workers=1)
    tasks = work(obverse.study(Capitals, models=models, seeds=2).plans(), tmp_path, execution).tasks
    started: list[str] = []
    failures = Here().run(tasks, lambda e: started.append(e.task.label) if e.kind == "started" else None)
    assert failures == []
    assert started == [f"{name}, seed {n}" for name in ("large", "middle", "small") for n in (0, 1)]
