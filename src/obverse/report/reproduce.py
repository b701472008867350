"""How a study is done again: the command, or the lines of Python, by which it was run."""

from collections.abc import Mapping
from pprint import pformat
from typing import Any


def reproduce(study: Mapping[str, Any]) -> str:
    """Return the command line of a study, or, if it was run from Python, the lines that run it."""
    return study["command"] or "\n".join(_lines(study))


def _lines(study: Mapping[str, Any]) -> list[str]:
    reference = study["experiment"]["type"]
    kinds = {model["type"] for model in study["models"] if model.get("type")}
    lines = ["import obverse", *sorted(filter(None, (_import(one) for one in {reference, *kinds})))]
    if any(_in_file(one) for one in (reference, *kinds)):
        lines.insert(1, "from obverse.core.loading import load")
    if reference is None:
        lines.append(
            "# Kind is the class of the experiment, which was defined in a notebook or a prompt."
        )
    settings = _text(study["experiment"]["settings"])
    models = [
        f"    {_class(m.get('type'))}.model_validate({_text(_without(m))})," for m in study["models"]
    ]
    grid = {axis: study["grid_values"].get(axis, values) for axis, values in study["grid"].items()}
    return [
        *lines,
        "",
        f"experiment = {_class(reference, 'obverse.Experiment')}.model_validate({settings})",
        "models = [",
        *models,
        "]",
        f"study = obverse.study(experiment, models=models, seeds={study['seeds']}"
        + (f", looks={study['looks']}" if study["looks"] > 1 else "")
        + ")",
        *([f"study = study.grid({_text(grid)})"] if grid else []),
        f"study.run({'out/' + study['study']!r})",
        f"obverse.write_report({'out/' + study['study']!r})",
    ]


def _in_file(reference: str | None) -> bool:
    return reference is not None and reference.rpartition(":")[0].endswith(".py")


def _import(reference: str | None) -> str:
    """Return the line that imports a class of a module."""
    if reference is None or _in_file(reference):
        return ""
    module, _, name = reference.rpartition(":")
    return f"from {module} import {name}"


def _class(reference: str | None, base: str = "obverse.ModelSpec") -> str:
    if reference is None:
        return "Kind"
    return f"load({reference!r}, {base})" if _in_file(reference) else reference.rpartition(":")[2]


def _without(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key != "type"}


def _text(value: object) -> str:
    """Return a value as Python, its lines indented as they stand behind a name."""
    return pformat(value, width=96, sort_dicts=False, compact=True).replace("\n", "\n    ")
