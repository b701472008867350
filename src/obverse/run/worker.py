"""Carries out tasks in a process of its own, one after the other: `python -P -m obverse.run.worker FD`.

Reads tasks as JSON lines from standard input, and answers on the file descriptor FD: the fields of a
`Word` while it works ({"done": 3, "total": 450, "phase": "training", "loss": 2.5}), and after each
{"ended": null}, {"ended": what went wrong} or {"held": true}, where another process is at work on it.
Standard output and error go to the run's log, whoever writes to them. Ends when its standard input
closes, in the middle of a run too, so that it never outlives who started it.
"""

import gc
import json
import math
import os
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO, Any

from obverse.core.errors import HeldError, ObverseError
from obverse.run.task import Task, Telling, Word
from obverse.store.files import unwritten

SECONDS_BETWEEN_WORDS = 0.2


def main(answers: IO[str]) -> None:
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        request = requests.get()
        path = Path(request["folder"]) / "log.txt"
        try:
            with path.open("a", encoding="utf-8") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
        except OSError as error:
            _say(answers, {"ended": str(unwritten(path, error))})
        else:
            _say(answers, _perform(request, answers))


def _perform(request: dict[str, Any], answers: IO[str]) -> dict[str, Any]:
    try:
        task = Task.from_request(request)
        if "gradients" in task.run.model.can:  # of transformers, whose imports take seconds
            _spare()
        telling = Telling(_Told(answers))
        task.perform(telling.on_step, patience=0, on_phase=telling.on_phase)
    except HeldError:
        return {"held": True}
    except ObverseError as error:
        return {"ended": str(error)}
    except Exception as error:
        with suppress(OSError):  # the log's disk is full
            traceback.print_exc()
        return {"ended": f"{type(error).__name__}: {error}"}
    return {"ended": None}


@cache
def _spare() -> None:
    """Import what training needs, and let the collector pass over it from then on: to look at all of that
    again and again takes a twentieth of the time that a small model trains."""
    import obverse.engine.train  # noqa: F401

    gc.collect()
    gc.freeze()


class _Told:
    """Tells how far a run is, a few times a second: a small model takes a hundred steps in one."""

    def __init__(self, answers: IO[str]) -> None:
        self.answers = answers
        self.told_at = -math.inf
        self.phase = ""

    def __call__(self, word: Word) -> None:
        now = time.monotonic()
        new = word.phase != self.phase or (word.total and word.done == word.total)
        if new or now - self.told_at > SECONDS_BETWEEN_WORDS:
            self.told_at, self.phase = now, word.phase
            _say(self.answers, asdict(word))


def _say(answers: IO[str], message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


def _listen(requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main(os.fdopen(int(sys.argv[1]), "w"))
