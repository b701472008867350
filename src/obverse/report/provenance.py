"""Where a page's numbers come from: settings, runs, code, packages, machine."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from obverse.core.format import MISSING, number, whole
from obverse.core.page import Cell, Column, Finished, Section, Table, Text

MOST_RUNS = 100  # in the table; a page does not grow with each of thousands


def section(finished: Finished) -> Section:
    """Return the last section of a page, without the command, which stands before it."""
    parts: list[Text | Table] = []
    if finished.study["variants"]:
        parts.append(Text(lead="Variants compared.", text=_variants(finished)))
    return Section(
        title="Settings and provenance",
        parts=[*parts, _settings(finished), _runs(finished), _machine(finished)],
    )


def _variants(finished: Finished) -> str:
    said = []
    for name, settings in finished.study["variants"].items():
        values = ", ".join(f"{key} = {text(value)}" for key, value in settings.items())
        said.append(f"{name} ({values})" if values else name)
    return "; ".join(said) + ". The settings below are of all, where a variant does not say otherwise."


def _settings(finished: Finished) -> Table:
    study = finished.study
    preset = f"preset {study['preset']}" if study["preset"] else ""
    rows: list[list[Cell]] = [
        [key, text(value), "given" if _given(key, study["given"]) else preset]
        for key, value in leaves(study["experiment"]["settings"])
    ]
    several = len(study["models"]) > 1
    for model in study["models"]:
        of = f" ({model['name']})" if several else ""
        for key, value in leaves(model):
            said = "given" if _given(f"model.{key}", study["given"]) else ""
            rows.append([f"model.{key}{of}", text(value), said])
    return Table(
        title="Settings, given and defaulted",
        columns=[Column(title="setting"), Column(title="value"), Column(title="from")],
        rows=rows,
        folded=True,
    )


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every setting, nested ones included."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _given(key: str, given: Mapping[str, Any]) -> bool:
    """Return whether the user gave a setting, or a group that it belongs to."""
    return any(key == name or key.startswith(f"{name}.") for name in given)


def text(value: Any) -> str:
    """Return a setting's value as a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _runs(finished: Finished) -> Table:
    heads = ["parameters", "seconds", "documents", "tokens", "steps"]
    rows: list[list[Cell]] = []
    for run in finished.runs[:MOST_RUNS]:
        sums = {
            key: sum(known) if (known := [s[key] for s in run["stages"] if s[key] is not None]) else None
            for key in ("documents", "tokens", "steps")
        }
        rows.append([
            run["name"], whole(run["parameters"]), number(run["seconds"], 0), whole(sums["documents"]),
            whole(sums["tokens"]), whole(sums["steps"]), run["device"] or MISSING,
            (run["data_sha256"] or MISSING)[:12], (run["weights_after_sha256"] or MISSING)[:12],
        ])  # fmt: skip
    return Table(
        title="Runs",
        columns=[
            Column(title="run"), *(Column(title=head, numeric=True) for head in heads),
            Column(title="device"), Column(title="data SHA-256"), Column(title="weights SHA-256"),
        ],
        rows=rows,
        note=(
            f"These are the first {MOST_RUNS} of {whole(len(finished.runs))} runs; all are in runs.jsonl."
            if len(finished.runs) > MOST_RUNS
            else ""
        ),
        folded=True,
    )  # fmt: skip


def _machine(finished: Finished) -> Table:
    made = finished.study["provenance"]
    machine = made["machine"]
    cpus = "" if machine["cpus"] is None else f", {machine['cpus']} CPUs"
    rows: list[list[Cell]] = [
        ["finished", made["time"]],
        ["revision", made["revision"] or "not a clone"],
        *([name, version or "not installed"] for name, version in made["packages"].items()),
        ["Python", made["python"]],
        ["machine", f"{machine['processor']}{cpus}, {machine['platform']}"],
        ["accelerator", made["accelerator"] or "none"],
    ]
    columns = [Column(title="what"), Column(title="which")]
    return Table(title="Code, packages, machine", columns=columns, rows=rows, folded=True)
