"""The loss along a training, told about a hundred times, whatever interrupts it."""

import json
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from obverse.core.settings import validated
from obverse.core.strict_json import parse

NAME = "losses.json"
TIMES = 100


class _Kept(BaseModel):
    """What a checkpoint keeps."""

    told: list[tuple[int, float]]
    sum: float


class Losses:
    """Tells the mean loss of every so many steps.

    Checkpoints keep what was told and the sum that has begun, so that a training that is resumed tells
    the same as one that was not interrupted.
    """

    def __init__(self, steps: int, tell: Callable[[int, float], None]) -> None:
        self._every = max(1, steps // TIMES)
        self._tell = tell
        self._told: list[tuple[int, float]] = []
        self._sum = 0.0

    def add(self, step: int, loss: float) -> None:
        """Add the loss of a step; every step is to be added, in their order."""
        self._sum += loss
        if step % self._every == 0:
            self._told.append((step, self._sum / self._every))
            self._tell(*self._told[-1])
            self._sum = 0.0

    def save(self, folder: Path) -> None:
        """Write what a resumed training needs into a checkpoint; a loss that is no number stays one."""
        text = json.dumps({"told": self._told, "sum": self._sum})
        (folder / NAME).write_text(text, encoding="utf-8")

    def go_on(self, folder: Path) -> None:
        """Take up what a checkpoint has, and tell it again: who listened may not have kept it.

        Raises:
            ObverseError: naming the file, if somebody has made something else of it.
        """
        if not (folder / NAME).is_file():  # of an older version
            return
        path = folder / NAME
        text = path.read_text(encoding="utf-8", errors="replace")
        kept = validated(_Kept, parse(text, path, constants=True), f"{path}: ")
        self._told, self._sum = kept.told, kept.sum
        for step, loss in self._told:
            self._tell(step, loss)
