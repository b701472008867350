"""Carries out one run in a process of its own: `python -m obverse.sweep.worker FOLDER SPEC`.

Speaks JSON lines on standard output: {"done": 3, "total": 450} while it trains, {"error": …} before it
ends with status 1. Ends when its standard input closes, so that it never outlives who started it.
"""

import importlib
import json
import os
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


def main(folder: str, request: str) -> int:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asked = json.loads(request)
    try:
        perform(
            from_spec(asked["run"]),
            RunFolder(Path(folder)),
            Execution(**asked["execution"]),
            lambda done, total: _say({"done": done, "total": total}),
        )
    except ObverseError as error:
        _say({"error": str(error)})
        return 1
    except Exception as error:
        traceback.print_exc()
        _say({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), file=_OUT, flush=True)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(3)


if __name__ == "__main__":
    # Libraries print too; keep the channel to the parent clear of them.
    _OUT = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.exit(main(sys.argv[1], sys.argv[2]))
