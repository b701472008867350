"""Telling a tracker how a run goes: trackio, W&B, MLflow or TensorBoard, by their own interfaces.

A tracker is shown what the run's folder has anyway: losses, and the means of what was measured. It is
told who the run is, and nothing of a run depends on it: one that fails later on is left alone.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from obverse.core.errors import ObverseError
from obverse.core.settings import unknown_name

LONGEST = 500  # letters of a parameter that MLflow takes


class Tracker(Protocol):
    """What is told how a run goes."""

    def log(self, values: Mapping[str, float], step: int) -> None: ...

    def finish(self) -> None: ...


class _Nobody:
    def log(self, values: Mapping[str, float], step: int) -> None:
        pass

    def finish(self) -> None:
        pass


class _Calls:
    """A tracker by two functions, which is left alone once one has failed."""

    def __init__(
        self, log: Callable[[dict[str, float], int], object], finish: Callable[[], object]
    ) -> None:
        self._log, self._finish = log, finish
        self._failed = False

    def log(self, values: Mapping[str, float], step: int) -> None:
        if values:
            self._try(lambda: self._log(dict(values), step))

    def finish(self) -> None:
        self._try(self._finish)

    def _try(self, call: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            call()
        except Exception as error:
            self._failed = True
            print(f"the tracker has failed and is told no more: {error}", file=sys.stderr, flush=True)


def _trackio(project: str, name: str, config: dict[str, Any], folder: Path) -> Tracker:
    trackio: Any = importlib.import_module("trackio")
    trackio.init(
        project=project, name=name, config=config, resume="allow", embed=False, auto_log_gpu=False,
        auto_log_cpu=False,
    )  # fmt: skip
    return _Calls(lambda values, step: trackio.log(values, step=step), trackio.finish)


def _wandb(project: str, name: str, config: dict[str, Any], folder: Path) -> Tracker:
    wandb: Any = importlib.import_module("wandb")
    run = wandb.init(
        project=project, name=name, id=config["id"][:32], config=config, resume="allow", dir=str(folder)
    )
    return _Calls(lambda values, step: run.log(values, step=step), run.finish)


def _mlflow(project: str, name: str, config: dict[str, Any], folder: Path) -> Tracker:
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_experiment(project)
    mlflow.start_run(run_name=name)
    mlflow.log_params({key: str(value)[:LONGEST] for key, value in _flat(config).items()})
    return _Calls(lambda values, step: mlflow.log_metrics(values, step=step), mlflow.end_run)


def _tensorboard(project: str, name: str, config: dict[str, Any], folder: Path) -> Tracker:
    board: Any = importlib.import_module("torch.utils.tensorboard")
    writer = board.SummaryWriter(log_dir=str(folder / "tensorboard"))
    writer.add_text("config", f"```json\n{json.dumps(config, indent=1)}\n```")

    def log(values: dict[str, float], step: int) -> None:
        for key, value in values.items():
            writer.add_scalar(key, value, step)

    return _Calls(log, writer.close)


TRACKERS: dict[str, Callable[[str, str, dict[str, Any], Path], Tracker]] = {
    "trackio": _trackio, "wandb": _wandb, "mlflow": _mlflow, "tensorboard": _tensorboard,
}  # fmt: skip


def check(track: str | None) -> None:
    """Refuse a tracker that is not known or not installed.

    Raises:
        ObverseError: with what to install.
    """
    if track is None:
        return
    if track not in TRACKERS:
        raise ObverseError(unknown_name(track, TRACKERS, "tracker"))
    if importlib.util.find_spec(track) is None:
        extra = "'obverse[track]'" if track == "trackio" else track
        raise ObverseError(f"--track {track} needs: pip install {extra}")


@contextmanager
def tracked(track: str | None, project: str, folder: Path, config: dict[str, Any]) -> Iterator[Tracker]:
    """Yield what is told of a run, which is called as its folder is.

    Args:
        config: id, identity and all settings of the run.

    Raises:
        ObverseError: if the tracker is not installed, or cannot begin.
    """
    check(track)
    told: Tracker = _Nobody()
    if track is not None:
        try:
            told = TRACKERS[track](project, folder.name, config, folder)
        except Exception as error:
            raise ObverseError(f"--track {track}: cannot begin: {error}") from error
    try:
        yield told
    finally:
        told.finish()


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
