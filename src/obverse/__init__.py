"""Controlled experiments on what language models generalise from what they were told.

import obverse

result = obverse.study("reversal", seeds=3).run("out/reversal")
result.claims        # claim, paper's number, measured with interval, verdict
result.observations  # one row for each probe and moment, a polars frame
obverse.write_report("out/reversal")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from obverse.core.claim import Claim, Finding
    from obverse.core.data import Document, Probe
    from obverse.core.errors import ObverseError
    from obverse.core.experiment import Experiment
    from obverse.core.model import Checkpoint, Model, Scratch
    from obverse.core.recipe import Recipe, Stage
    from obverse.report.build import build as write_report
    from obverse.sweep.run import Execution, Run
    from obverse.sweep.study import Result, Study, study

_WHERE = {
    "Checkpoint": "core.model", "Claim": "core.claim", "Document": "core.data",
    "Execution": "sweep.run", "Experiment": "core.experiment", "Finding": "core.claim",
    "Model": "core.model", "ObverseError": "core.errors", "Probe": "core.data",
    "Recipe": "core.recipe", "Result": "sweep.study", "Run": "sweep.run", "Scratch": "core.model",
    "Stage": "core.recipe", "Study": "sweep.study", "study": "sweep.study",
    "write_report": "report.build",
}  # fmt: skip

__all__ = [
    "Checkpoint", "Claim", "Document", "Execution", "Experiment", "Finding", "Model",
    "ObverseError", "Probe", "Recipe", "Result", "Run", "Scratch", "Stage", "Study", "study",
    "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import obverse` and the command line stay fast.
    if name not in _WHERE:
        raise AttributeError(f"module 'obverse' has no attribute {name!r}")
    module = import_module(f"obverse.{_WHERE[name]}")
    return getattr(module, "build" if name == "write_report" else name)
