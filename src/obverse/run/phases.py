"""What a run is doing at present, in words, for who looks on."""

from collections.abc import Iterator
from contextlib import contextmanager

from obverse.run.task import OnPhase


class Phases:
    """Says which phase a run is in, and the last loss of a training."""

    def __init__(self, on_phase: OnPhase) -> None:
        self._on_phase = on_phase
        self._phase = ""
        self._loss: float | None = None

    def begin(self, phase: str) -> None:
        self._phase, self._loss = phase, None
        self._on_phase(phase, None)

    def loss(self, loss: float) -> None:
        self._loss = loss
        self._on_phase(self._phase, loss)

    @contextmanager
    def meanwhile(self, phase: str) -> Iterator[None]:
        """Be in another phase, and then back in this one."""
        self._on_phase(phase, None)
        yield
        self._on_phase(self._phase, self._loss)
