"""What tells one run from another, and why a stored run no longer counts.

The identity covers all that determines a result: the experiment's settings, the data as built, input
files by content, measures and when they are taken, the model, the seed, the engine's version. A run
whose identity has changed is another run. For classes from outside this package, whose versions nobody
keeps, their code counts as well (`source.py`); that of experiments does not, since the data shows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from obverse.core.content import content_hash, plain
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.measure import Measure
from obverse.core.settings import leaf_keys
from obverse.core.stage import Stage, When
from obverse.engine import VERSION
from obverse.run.run import Run
from obverse.run.source import source


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts of a run's identity, as JSON has them, and the id that is their hash."""

    parts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return content_hash(self.parts)[:16]

    @property
    def data(self) -> str:
        """The SHA-256 of all that is told and asked."""
        told_and_asked = [
            [stage["name"], stage["documents"], [measure["content"] for measure in stage["measures"]]]
            for stage in self.parts["stages"]
        ]
        return content_hash(told_and_asked)


def identify(run: Run, stages: Sequence[Stage], hashes: dict[int, str] | None = None) -> Identity:
    """Return the identity of `run`, whose stages are built.

    `hashes` keeps what was hashed, by the `id` of objects that are alive, for further runs of the same
    stages.

    Raises:
        ObverseError: if a part of it is nothing that can be told apart.
    """
    experiment, model = run.experiment, run.model
    hashes = {} if hashes is None else hashes  # what several stages share is hashed once
    try:
        parts = {
            "experiment": {"name": experiment.name, "version": experiment.version},
            "settings": _settings(experiment),
            "stages": [_stage(stage, hashes) for stage in stages],
            "model": {"type": type(model).__name__, "version": model.version, "is": model.identity()}
            | source(type(model)),
            "seed": run.seed,
            "engine": VERSION,
        }
        return Identity(plain(parts))
    except (TypeError, ValueError) as error:
        raise ObverseError(f"{experiment.name}: {error}") from error


def _settings(experiment: Experiment) -> dict[str, object]:
    """Return the settings by dotted key, without those that matter only after the runs."""
    values: dict[str, object] = {}
    for key in leaf_keys(experiment):
        if key.partition(".")[0] in experiment.analysis:
            continue
        value: Any = experiment
        for part in key.split("."):
            value = getattr(value, part)
        values[key] = value
    return values


def _stage(stage: Stage, hashes: dict[int, str]) -> dict[str, object]:
    training = stage.training
    documents = None if training is None else _hash(training.documents, hashes)
    if training is not None and training.in_order:
        documents = f"{documents}, in order"
    return {
        "name": stage.label,
        "after": stage.after,
        "documents": documents,
        "recipe": None if training is None else training.recipe,
        "measures": [_measure(measure, when, hashes) for measure, when in stage.measures],
    }


def _measure(measure: Measure, when: When, hashes: dict[int, str]) -> dict[str, object]:
    return {
        "name": measure.name,
        "type": type(measure).__name__,
        "version": measure.version,
        "content": _hash(measure, hashes),
        "when": asdict(when),
    } | source(type(measure))


def _hash(value: object, hashes: dict[int, str]) -> str:
    if id(value) not in hashes:
        content = value.identity() if isinstance(value, Measure) else value
        hashes[id(value)] = content_hash(content)
    return hashes[id(value)]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between the parts of two identities, in words; the telling things first."""
    found = [
        f"{what} ({old.get(key)} → {new[key]})"
        for key, what in (("engine", "the engine's version"), ("seed", "the seed"))
        if old.get(key) != new[key]
    ]
    for key in ("experiment", "model"):
        if old.get(key) != new[key]:
            found += differences(old.get(key) or {}, new[key], f"the {key}'s ")
    settings = differences(old.get("settings") or {}, new["settings"])
    return found + settings + _of_stages(old.get("stages") or [], new["stages"], not settings)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return in words what differs between two mappings of plain values, key by key."""
    found = []
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            if {"sha256"} == set(before) == set(after):
                found.append(f"the content of {prefix}{key}")
            else:
                found += differences(before, after, f"{prefix}{key}." if key != "is" else prefix)
        elif key == "source":
            found.append(f"{prefix}code")
        else:
            found.append(f"{prefix}{key} ({_short(before)} → {_short(after)})")
    return found


def _of_stages(
    old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], recipes: bool
) -> list[str]:
    before = {stage["name"]: stage for stage in old}
    after = {stage["name"]: stage for stage in new}
    if list(before) != list(after):
        return [f"the stages ({', '.join(before)} → {', '.join(after)})"]
    found = []
    for name, stage in after.items():
        if before[name]["documents"] != stage["documents"]:
            found.append(f"the documents of stage {name!r}")
        if before[name]["measures"] != stage["measures"]:
            found.append(f"what is measured in stage {name!r}")
        if recipes and before[name]["recipe"] != stage["recipe"]:
            found.append(f"the recipe of stage {name!r}")
    return found


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
