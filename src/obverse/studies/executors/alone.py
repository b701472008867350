"""Carrying out one task in a process of its own, on whatever machine this is."""

import time
from collections.abc import Callable

from obverse.run.task import Task, Word
from obverse.studies.executors.processes import Processes

SECONDS_BETWEEN_TRIES = 1.0


class Alone:
    """One task, whose process this one outlives; `beside` is called several times a second meanwhile.

    Whoever held the run before may still be on its way out: it is waited for `patience` seconds.
    """

    def __init__(
        self,
        task: Task,
        tell: Callable[[Word], None],
        *,
        patience: float = 60.0,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        self.task, self.tell, self.beside = task, tell, beside
        self.patience = patience
        self.processes = Processes(task.execution.threads)

    def carry_out(self) -> dict[str, object]:
        """Return {"ended": None or what went wrong}, with "died" if its process did; {"held": True}."""
        deadline = time.monotonic() + self.patience
        try:
            while True:
                outcome = self._tried()
                if "held" not in outcome or time.monotonic() > deadline:
                    break
                time.sleep(SECONDS_BETWEEN_TRIES)
        except BaseException:
            self.processes.kill()
            raise
        self.processes.close()
        return outcome

    def _tried(self) -> dict[str, object]:
        if (problem := self.processes.give(self.task)) is not None:
            return {"ended": problem}
        while True:
            for _, message in self.processes.messages():
                if "ended" in message or "held" in message:
                    return message
                self.tell(Word(**message))
            self.beside()
