"""A study: an experiment × models × seeds, run as a whole and evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import polars as pl
from rich.console import Console

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import Checkpoint, Endpoint, Grown, ModelSpec, Scratch
from obverse.core.settings import leaf_keys, unknown_name
from obverse.stats.verdict import evaluate
from obverse.store import files, observations
from obverse.store.provenance import provenance
from obverse.store.runs import RunFolder
from obverse.sweep.catalogue import entry
from obverse.sweep.execute import execute
from obverse.sweep.findings import Findings
from obverse.sweep.models import Choice, Skipped, choose, distinct, refuse_averaged, refuse_same
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
    skipped: tuple[Skipped, ...] = ()

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
            if not models:
                raise ObverseError(f"model.{next(iter(of_model))}: no model takes part here")
            models = tuple(m.with_overrides(of_model) for m in models)
            models = distinct(models)
            refuse_same(models)
        return replace(
            self,
            experiment=self.experiment.with_overrides(of_experiment),
            models=models,
            given=self.given | {k: str(v) for k, v in settings.items()},
        )

    def runs(self) -> tuple[Run, ...]:
        """Return every run of the study. A model asked as it is gives the same whatever the seed."""
        trained, variants = self.trains, self.variants()
        return tuple(
            Run(experiment, model, seed, variant)
            for model in self.models
            for seed in (self.seeds if trained or isinstance(model, Grown) else self.seeds[:1])
            for variant, experiment in variants.items()
        )

    def variants(self) -> dict[str, Experiment]:
        """Return the experiments that the study compares, by name; "" if it is one alone.

        Raises:
            ObverseError: if two are the same, or all set what the user gave.
        """
        compared = self.experiment.variants()
        if not compared:
            return {"": self.experiment}
        for key in set.intersection(*(set(v.settings) for v in compared)) & set(self.given):
            raise ObverseError(f"{key}: the study {self.name} compares values of it, and sets it itself")
        made: dict[str, Experiment] = {}
        for variant in compared:
            experiment = self.experiment.with_overrides(variant.settings)
            for name, other in made.items():
                if experiment == other:
                    raise ObverseError(
                        f"with these settings the variants {name!r} and {variant.name!r} of the study "
                        f"{self.name} are one and the same"
                    )
            made[variant.name] = experiment
        return made

    @property
    def trains(self) -> bool:
        """Whether models are told something, and not only asked."""
        return bool(self.experiment.stages(self.seeds[0])) if self.seeds else False

    def check(self) -> None:
        """Build the first seed's data, so that bad input is refused before any training."""
        if not self.seeds:
            raise ObverseError("a study needs at least one seed")
        refuse_same(self.models)
        trained = self.trains
        if trained:
            _refuse_untrainable(self.models)
        if not trained or any(claim.by == "family" for claim in self.experiment.claims()):
            refuse_averaged(self.models)
        for experiment in self.variants().values():
            seed = self.seeds[0]
            asked = [s.probes for s in experiment.stages(seed)] or [experiment.probes(seed)]
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
        execution = execution or Execution()
        self.check()
        if execution.keep_weights:
            _refuse_remote(self.models)
        for left in self.skipped:
            console.print(f"left out: {left.reason}", highlight=False, markup=False, soft_wrap=True)
        work = [(run, out / "runs" / run.folder_name) for run in self.runs()]
        execute(work, execution, console)
        seen = [_labelled(RunFolder(path).observations(), run) for run, path in work]
        frame = observations.concatenate(seen)
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
            "variants": {v.name: dict(v.settings) for v in self.experiment.variants()},
            "models": [m.model_dump(mode="json") for m in self.models],
            "seeds": list(self.seeds),
            "runs": [run.folder_name for run in self.runs()],
            "reference": self.experiment.reference(),
            "provenance": provenance() | {"skipped": [asdict(left) for left in self.skipped]},
        }


def study(
    name: str,
    *,
    preset: str = "tiny",
    models: Sequence[str | ModelSpec] = (),
    data: str | Path | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    endpoint: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
) -> Study:
    """Return the study called `name`, ready to run.

    Args:
        name: one of `obverse list`.
        preset: "tiny" (from scratch, minutes on two CPU cores), "paper", or another of the study's.
        models: checkpoint directories, hub names (`name@revision` for a training checkpoint),
            families (`pythia`) or model settings; by default what the preset takes. Models that cannot
            be loaded are left out, and said to be, as long as one remains.
        data: published data, obverse's own, or a CSV/JSONL of facts, as the study takes it.
        seeds: how many (0, 1, …) or which; by default as many as the study needs.
        settings: overrides by dotted key, e.g. `{"recipe.epochs": 8}`.
        endpoint: address of an OpenAI-compatible server whose models `models` names (`NAME=7e9` tells
            its parameters), with `#chat` at its end where it serves chat alone.
        family: what the models have in common, for trends over their size; the members of published
            families are known by their names.
        dtype: what checkpoints that are only asked are loaded in: "float32" (the default), "bfloat16"
            or "float16".

    Raises:
        ObverseError: on an unknown name or setting, or where no model or a file can be had.
    """
    known = entry(name)
    if preset not in known.presets:
        raise ObverseError(unknown_name(preset, known.presets, "preset"))
    if endpoint is not None and not models:
        raise ObverseError(f"--endpoint {endpoint}: name the server's model with --model NAME")
    seeds = known.seeds if seeds is None else seeds
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
    specs, skipped = choose(chosen, Choice(endpoint, family, dtype))
    base = replace(base, models=specs, skipped=skipped)
    return base.with_settings({f"model.{k}": v for k, v in of_model.items()})


def data_of(
    name: str, data: Path | None, settings: Mapping[str, str], preset: str | None = None
) -> Study:
    """Return the study `name`, without models, whose data is written, checked and exported.

    Unless a preset is named, the data is all there is (the full grid of repetition).

    Raises:
        ObverseError: on an unknown name, preset or setting.
    """
    known = entry(name)
    if preset is not None and preset not in known.presets:
        raise ObverseError(unknown_name(preset, known.presets, "preset"))
    overrides: dict[str, Any] = dict(settings)
    if data is not None:
        overrides["data"] = data
    experiment = known.data() if preset is None else known.presets[preset]()
    return Study(name, experiment, (), (0,)).with_settings(overrides)


def _labelled(frame: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Return what a run saw, with what is said of it now; it may have been run before that."""
    said: dict[str, str | int | None] = {
        "family": run.model.family or None,
        "variant": run.variant or None,
    }
    if isinstance(run.model, Endpoint):
        said["parameters"] = run.model.parameters
    return frame.with_columns(
        pl.lit(value, frame.schema[name]).alias(name) for name, value in said.items()
    )


def _refuse_untrainable(models: Sequence[ModelSpec]) -> None:
    for model in models:
        if isinstance(model, Endpoint | Grown):
            raise ObverseError(f"{model.name}: this study trains models, which a {model.kind} cannot be")
        if isinstance(model, Checkpoint) and model.dtype != "float32":
            raise ObverseError(
                f"{model.name}: --dtype {model.dtype} is for models that are only asked; this study "
                "trains them, in float32"
            )


def _refuse_remote(models: Sequence[ModelSpec]) -> None:
    for model in models:
        if isinstance(model, Endpoint):
            raise ObverseError(
                f"--keep-weights: the weights of {model.name} are not here, but a server's"
            )


def _split(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of models made here (without their prefix) and those of the experiment."""
    of_model = {k.removeprefix("model."): v for k, v in settings.items() if k.startswith("model.")}
    return of_model, {k: v for k, v in settings.items() if not k.startswith("model.")}
