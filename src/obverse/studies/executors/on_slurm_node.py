"""What a job of SLURM does: carry out one run in its folder, and be queued again if it is cut off."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Word
from obverse.studies.executors.alone import Alone
from obverse.studies.executors.pending import Pending

SECONDS_BETWEEN_WORDS = 5.0  # of progress, which goes to a disk that many share


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run that is written down in a study's directory, as a function that submitit can queue again.

    It does so for a class with `checkpoint`, which is called when the job is preempted or reaches its
    time limit, and never for a plain function.
    """

    out: Path
    id: str

    def __call__(self) -> dict[str, object]:
        """Carry the run out, and take note of what has become of it in the directory."""
        pending = Pending(self.out)
        task = pending.task(self.id)
        if task is None:
            return {"ended": "it is not to be done any more"}
        folder, told_at = RunFolder(task.folder), -math.inf

        def tell(word: Word) -> None:
            nonlocal told_at
            if time.monotonic() - told_at > SECONDS_BETWEEN_WORDS:
                told_at = time.monotonic()
                folder.tell(word)

        folder.tell(Word())  # it has begun
        outcome = Alone(task, tell).carry_out()
        if "died" in outcome:
            # Memory has run out, or SLURM ends the job, beginning with this process: the study submits it
            # again.
            raise ObverseError(str(outcome["ended"]))
        if "ended" in outcome:
            if outcome["ended"] is None:
                folder.untell()
                pending.remove(self.id)
            else:
                pending.fail(self.id, str(outcome["ended"]))
        return outcome

    def checkpoint(self) -> Any:
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)
