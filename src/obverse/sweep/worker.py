"""Carries out runs in a process of its own, one after the other: `python -m obverse.sweep.worker`.

Reads requests as JSON lines from standard input and answers on standard output: {"done": 3, "total":
450} while it trains, {"ended": null} or {"ended": what went wrong} after each. Ends when its standard
input closes, in the middle of a run too, so that it never outlives who started it.
"""

import importlib
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import ModelSpec
from obverse.core.settings import validated
from obverse.store.runs import RunFolder
from obverse.sweep.run import Execution, Run, perform


def from_spec(spec: dict[str, Any]) -> Run:
    """Return the run that `Run.spec` described."""
    module, _, name = spec["type"].partition(":")
    kind: type[Experiment] = getattr(importlib.import_module(module), name)
    experiment = validated(kind, spec["settings"])
    model: ModelSpec = TypeAdapter(ModelSpec).validate_python(spec["model"])
    return Run(experiment, model, spec["seed"])


def main() -> None:
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        asked = requests.get()
        folder = Path(asked["folder"])
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        _say({"ended": _perform(asked, folder)})


def _perform(asked: dict[str, Any], folder: Path) -> str | None:
    try:
        perform(
            from_spec(asked["run"]),
            RunFolder(folder),
            Execution(**asked["execution"]),
            lambda done, total: _say({"done": done, "total": total}),
        )
    except ObverseError as error:
        return str(error)
    except Exception as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return None


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), file=_OUT, flush=True)


def _listen(requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    # Libraries print too; keep the channel to the parent clear of them.
    _OUT = os.fdopen(os.dup(1), "w")
    main()
