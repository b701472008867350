"""Runs that take no time, and write down when they have been trained; copied beside counting.py."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import obverse
from obverse import Model, Preset, Setup, Training, Watch

if TYPE_CHECKING:
    from tests.outside.counting import Capitals, Table, TableSpec
else:
    from counting import Capitals, Table, TableSpec


class Noted(Table):
    """A table that adds a line to a log whenever a stage of a run has been trained to its end."""

    def __init__(self, seconds: float, log: Path, seed: int) -> None:
        super().__init__(seconds)
        self.log, self.seed = log, seed

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        record = super().train(training, folder=folder, seed=seed, watch=watch)
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, f"{self.seed} {folder.name}\n".encode())
        os.close(log)
        return record


class NotedSpec(TableSpec):
    """Settings of such a table. It needs no torch, the import of which would be most of a run's time."""

    on_ours: ClassVar[bool] = False

    def build(self, setup: Setup) -> Model:
        assert setup.shared is not None
        return Noted(self.seconds, setup.shared.with_suffix(".trained"), setup.seed)


class Small(Capitals):
    """Two stages, three dozen files."""

    name: ClassVar[str] = "small"

    @classmethod
    def presets(cls) -> dict[str, Preset]:
        return {"small": Preset(cls(), (NotedSpec(),))}


class Local(obverse.Slurm):
    """Jobs that submitit carries out on this machine."""

    def __init__(self) -> None:
        super().__init__(cluster="local")
