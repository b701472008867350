"""A study: an experiment × models × seeds, run as a whole and evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import polars as pl
from rich.console import Console

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import Checkpoint, Endpoint, Grown, ModelSpec, Scratch
from obverse.core.settings import leaf_keys, unknown_name, validated
from obverse.stats.verdict import evaluate
from obverse.store import files, observations
from obverse.store.provenance import provenance
from obverse.store.runs import RunFolder
from obverse.sweep.catalogue import entry
from obverse.sweep.execute import execute
from obverse.sweep.findings import Findings
from obverse.sweep.run import Execution, Run

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What a study gave: observations (the columns of `core.observation`) and findings.

    `obverse.write_report(result.out)` makes the page and the figures.
    """

    out: Path
    observations: pl.DataFrame
    claims: Findings


@dataclass(frozen=True, slots=True)
class Study:
    """An experiment, the models it is done to, and the seeds it is repeated over.

    study = obverse.study("reversal", seeds=3)
    result = study.run("out/reversal")
    result.claims
    """

    name: str
    experiment: Experiment
    models: tuple[ModelSpec, ...] = (Scratch(),)
    seeds: tuple[int, ...] = (0, 1, 2)
    preset: str = "tiny"
    given: dict[str, Any] = field(default_factory=dict)

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """Return a copy with settings replaced: the experiment's, and `model.*` of scratch models.

        Raises:
            ObverseError: on an unknown key or a value that is not allowed.
        """
        of_model, of_experiment = _split(settings)
        made_here = [m for m in self.models if isinstance(m, Scratch | Grown)]
        known = [
            *leaf_keys(self.experiment),
            *(f"model.{k}" for m in made_here[:1] for k in leaf_keys(m)),
        ]
        for key in of_experiment:
            if key not in known:
                raise ObverseError(unknown_name(key, known, "setting"))
        models = self.models
        if of_model:
            for model in models:
                if not isinstance(model, Scratch | Grown):
                    raise ObverseError(
                        f"model.{next(iter(of_model))} belongs to a model made here; "
                        f"{model.name} has its own shape"
                    )
            models = tuple(m.with_overrides(of_model) for m in models)
        return replace(
            self,
            experiment=self.experiment.with_overrides(of_experiment),
            models=models,
            given=self.given | {k: str(v) for k, v in settings.items()},
        )

    def runs(self) -> tuple[Run, ...]:
        """Return every run of the study. A model asked as it is gives the same whatever the seed."""
        trained = bool(self.experiment.stages(self.seeds[0])) if self.seeds else False
        return tuple(
            Run(self.experiment, model, seed)
            for model in self.models
            for seed in (self.seeds if trained or isinstance(model, Grown) else self.seeds[:1])
        )

    def check(self) -> None:
        """Build all data once, so that bad input is refused before any training."""
        if not self.seeds:
            raise ObverseError("a study needs at least one seed")
        for seed in self.seeds:
            asked = [s.probes for s in self.experiment.stages(seed)] or [self.experiment.probes(seed)]
            if not any(asked):
                raise ObverseError(f"{self.experiment.name}: there is nothing to ask")

    def run(
        self,
        out: str | Path,
        *,
        execution: Execution | None = None,
        console: Console | None = None,
        command: str | None = None,
    ) -> Result:
        """Carry out what is not finished yet and evaluate the claims.

        The same call again finishes an interrupted study; finished runs are never done twice.

        Args:
            out: the output directory (layout: docs/output.md).
            execution: how to run; the default uses every CPU core, or the GPU.
            console: where progress goes; standard error by default.
            command: the command line that this stands for, for the report.

        Raises:
            ObverseError: on bad input or an unwritable directory, before training; or if runs
                failed, after the others have finished.
        """
        out = Path(out)
        console = console or Console(stderr=True)
        self.check()
        work = [(run, out / "runs" / run.folder_name) for run in self.runs()]
        execute(work, execution or Execution(), console)
        folders = [RunFolder(path) for _, path in work]
        frame = observations.concatenate([folder.observations() for folder in folders])
        findings = Findings(tuple(evaluate(self.experiment.claims(), frame)))
        files.write_json(out / "study.json", self.describe(command))
        files.write_parquet(out / "observations.parquet", frame)
        files.write_json(
            out / "claims.json",
            {
                "schema": SCHEMA_VERSION,
                "study": self.name,
                "claims": [f.to_dict() for f in findings],
            },
        )
        return Result(out, frame, findings)

    def describe(self, command: str | None = None) -> dict[str, Any]:
        """Return what study.json holds."""
        return {
            "schema": SCHEMA_VERSION,
            "study": self.name,
            "experiment": self.experiment.name,
            "title": self.experiment.title,
            "preset": self.preset,
            "command": command,
            "given": self.given,
            "settings": self.experiment.model_dump(mode="json"),
            "models": [m.model_dump(mode="json") for m in self.models],
            "seeds": list(self.seeds),
            "runs": [run.folder_name for run in self.runs()],
            "reference": self.experiment.reference(),
            "provenance": provenance(),
        }


def study(
    name: str,
    *,
    preset: str = "tiny",
    models: Sequence[str | ModelSpec] = (),
    data: str | Path | None = None,
    seeds: int | Sequence[int] = 3,
    settings: Mapping[str, Any] | None = None,
    endpoint: str | None = None,
    family: str | None = None,
) -> Study:
    """Return the study called `name`, ready to run.

    Args:
        name: one of `obverse list`.
        preset: "tiny" (from scratch, minutes on two CPU cores) or "paper".
        models: checkpoint directories, hub names (`name@revision` for a training checkpoint),
            families (`pythia`) or model settings; by default what the preset takes.
        data: published data, obverse's own, or a CSV/JSONL of facts.
        seeds: how many (0, 1, …) or which.
        settings: overrides by dotted key, e.g. `{"recipe.epochs": 8}`.
        endpoint: address of an OpenAI-compatible server whose models `models` names, with `#chat` at
            its end where it serves chat alone.
        family: what the models have in common, for trends over their size; published families are
            known by their names.

    Raises:
        ObverseError: on an unknown name or setting, or a model or file that cannot be had.
    """
    known = entry(name)
    if preset not in known.presets:
        raise ObverseError(unknown_name(preset, known.presets, "preset"))
    if isinstance(seeds, int):
        if seeds < 1:
            raise ObverseError(f"seeds: at least one is needed, got {seeds}")
        seeds = range(seeds)
    overrides = dict(settings or {})
    if data is not None:
        overrides["data"] = Path(data)
    chosen = models or known.models[preset]
    # Settings are checked before any checkpoint is looked for.
    base = Study(name, known.presets[preset](), (), tuple(seeds), preset)
    of_model, of_experiment = _split(overrides)
    if not models:
        base = replace(base, models=tuple(m for m in chosen if not isinstance(m, str)))
    base = base.with_settings(of_experiment)
    base = replace(base, models=_distinct([s for m in chosen for s in _specs(m, endpoint, family)]))
    return base.with_settings({f"model.{k}": v for k, v in of_model.items()})


def _split(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of models made here (without their prefix) and those of the experiment."""
    of_model = {k.removeprefix("model."): v for k, v in settings.items() if k.startswith("model.")}
    return of_model, {k: v for k, v in settings.items() if not k.startswith("model.")}


def _specs(model: str | ModelSpec, endpoint: str | None, family: str | None) -> list[ModelSpec]:
    from obverse.models import checkpoint, grown
    from obverse.models.families import FAMILIES

    if isinstance(model, Grown):
        return [grown.resolve(model)]
    if not isinstance(model, str):
        return [model]
    if endpoint is not None:
        url, _, api = endpoint.partition("#")
        about = {"name": model, "url": url, "api": api or "completions", "family": family or ""}
        return [validated(Endpoint, about)]
    if model == "scratch":
        return [Scratch()]
    if model in FAMILIES and not Path(model).is_dir():
        return [checkpoint.resolve(m.name, family=model) for m in FAMILIES[model]]
    path, at, revision = model.rpartition("@")
    if not at:
        path, revision = model, ""
    return [checkpoint.resolve(path, revision or None, family)]


def _distinct(models: Sequence[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Give models of the same name (two directories called `final`) names that tell them apart."""
    names = [m.name for m in models]
    if len(set(names)) == len(names):
        return tuple(models)
    longer = []
    for model in models:
        if names.count(model.name) > 1 and isinstance(model, Checkpoint):
            model = model.model_copy(update={"name": "/".join(Path(model.path).parts[-2:])})
        longer.append(model)
    names = [m.name for m in longer]
    for name in names:
        if names.count(name) > 1:
            raise ObverseError(f"the model {name!r} is named twice")
    return tuple(longer)
