"""Controlled experiments on what language models generalise from what they were told.

import obverse

result = obverse.study("NAME", seeds=3).run("out/NAME")
result.claims        # claim, paper's number, measured with interval, verdict
result.observations  # one row for each question and moment, a polars frame
obverse.write_report("out/NAME")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from obverse.core.abilities import (
        Generates,
        GivesGradients,
        GivesHiddenStates,
        Model,
        Point,
        Samples,
        Scores,
        Trains,
        Watch,
    )
    from obverse.core.claim import Above, Below, Claim, Estimate, Finding, Within
    from obverse.core.data import Document, Probe
    from obverse.core.errors import ObverseError
    from obverse.core.experiment import Experiment, Preset, Variant
    from obverse.core.measure import Measure, Moment
    from obverse.core.model import ModelSpec, Setup
    from obverse.core.page import Column, Figure, Finished, Page, Section, Table, Text
    from obverse.core.recipe import Recipe
    from obverse.core.seeds import generator
    from obverse.core.settings import InputFile, Settings
    from obverse.core.stage import Stage, Timetable, Training, When
    from obverse.measures.ask import Ask
    from obverse.measures.gradients import Gradients
    from obverse.measures.hidden import Labelled, LinearProbe
    from obverse.measures.perplexity import Perplexity
    from obverse.measures.sample import Sample
    from obverse.models.checkpoint import Checkpoint
    from obverse.models.endpoint import Endpoint
    from obverse.models.grown import Grown
    from obverse.models.hosted import Hosted
    from obverse.models.lora import Lora
    from obverse.models.scratch import Scratch
    from obverse.report.build import build as write_report
    from obverse.run.task import Event, Execution, Executor, Failure, Task
    from obverse.stats.contrast import difference, excess, slope
    from obverse.stats.largest import largest
    from obverse.stats.summary import group_means, mean
    from obverse.studies.compare import compare
    from obverse.studies.executors.here import Here
    from obverse.studies.executors.on_ray import Ray
    from obverse.studies.executors.on_slurm import Slurm
    from obverse.studies.executors.work import Work
    from obverse.studies.naming import study
    from obverse.studies.result import Result, load
    from obverse.studies.study import Study

# Where each public name is: loaded on first use, so that `import obverse` and the command line stay fast.
_WHERE = {
    "core.abilities": (
        "Generates",
        "GivesGradients",
        "GivesHiddenStates",
        "Model",
        "Point",
        "Samples",
        "Scores",
        "Trains",
        "Watch",
    ),
    "core.claim": ("Above", "Below", "Claim", "Estimate", "Finding", "Within"),
    "core.data": ("Document", "Probe"),
    "core.errors": ("ObverseError",),
    "core.experiment": ("Experiment", "Preset", "Variant"),
    "core.measure": ("Measure", "Moment"),
    "core.model": ("ModelSpec", "Setup"),
    "core.page": ("Column", "Figure", "Finished", "Page", "Section", "Table", "Text"),
    "core.recipe": ("Recipe",),
    "core.seeds": ("generator",),
    "core.settings": ("InputFile", "Settings"),
    "core.stage": ("Stage", "Timetable", "Training", "When"),
    "measures.ask": ("Ask",),
    "measures.gradients": ("Gradients",),
    "measures.hidden": ("Labelled", "LinearProbe"),
    "measures.perplexity": ("Perplexity",),
    "measures.sample": ("Sample",),
    "models.checkpoint": ("Checkpoint",),
    "models.endpoint": ("Endpoint",),
    "models.grown": ("Grown",),
    "models.hosted": ("Hosted",),
    "models.lora": ("Lora",),
    "models.scratch": ("Scratch",),
    "report.build": ("write_report",),
    "run.task": ("Event", "Execution", "Executor", "Failure", "Task"),
    "stats.contrast": ("difference", "excess", "slope"),
    "stats.largest": ("largest",),
    "stats.summary": ("group_means", "mean"),
    "studies.executors.here": ("Here",),
    "studies.executors.on_ray": ("Ray",),
    "studies.executors.on_slurm": ("Slurm",),
    "studies.executors.work": ("Work",),
    "studies.naming": ("study",),
    "studies.compare": ("compare",),
    "studies.result": ("Result", "load"),
    "studies.study": ("Study",),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "Above",
    "Ask",
    "Below",
    "Checkpoint",
    "Claim",
    "Column",
    "Document",
    "Endpoint",
    "Estimate",
    "Event",
    "Execution",
    "Executor",
    "Experiment",
    "Failure",
    "Figure",
    "Finding",
    "Finished",
    "Generates",
    "GivesGradients",
    "GivesHiddenStates",
    "Gradients",
    "Grown",
    "Here",
    "Hosted",
    "InputFile",
    "Labelled",
    "LinearProbe",
    "Lora",
    "Measure",
    "Model",
    "ModelSpec",
    "Moment",
    "ObverseError",
    "Page",
    "Perplexity",
    "Point",
    "Preset",
    "Probe",
    "Ray",
    "Recipe",
    "Result",
    "Sample",
    "Samples",
    "Scores",
    "Scratch",
    "Section",
    "Settings",
    "Setup",
    "Slurm",
    "Stage",
    "Study",
    "Table",
    "Task",
    "Text",
    "Timetable",
    "Training",
    "Trains",
    "Variant",
    "Watch",
    "When",
    "Within",
    "Work",
    "compare",
    "difference",
    "excess",
    "generator",
    "group_means",
    "largest",
    "load",
    "mean",
    "slope",
    "study",
    "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'obverse' has no attribute {name!r}")
    module = import_module(f"obverse.{_MODULES[name]}")
    return getattr(module, "build" if name == "write_report" else name)


def __dir__() -> list[str]:
    return ["__version__", *__all__]
