"""A study: an experiment × models × seeds, run as a whole and evaluated."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pydantic_core import to_jsonable_python
from rich.console import Console

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.format import count, named
from obverse.core.loading import reference_of, stop_if_importing
from obverse.core.model import ModelSpec
from obverse.core.settings import Settings, leaf_keys, unknown_name
from obverse.run import tracking
from obverse.run.task import Execution, Executor
from obverse.store.locks import locked
from obverse.store.provenance import provenance
from obverse.studies.bills import check_bills
from obverse.studies.carrying import carry_out
from obverse.studies.check import refuse_unheeded
from obverse.studies.executors.here import Here
from obverse.studies.grid import MOST, Axes, axes_of, cells_of, refuse_many
from obverse.studies.leave import leave
from obverse.studies.models import Skipped, called, distinct, refuse_same
from obverse.studies.plan import Arm, Plan
from obverse.studies.progress import doing, say
from obverse.studies.result import Result
from obverse.studies.tasks import work
from obverse.studies.whose import asked, begin, refuse_other

# What settings of models that are not made here belong to.
BELONGS = {
    "model.lora.": "a checkpoint, which --model DIRECTORY names",
    "model.training_price": "a model that a service trains, which --finetune URL --model NAME names",
    **dict.fromkeys(
        (
            "model.cost_limit",
            "model.asking_price",
            "model.answering_price",
            "model.most_requests",
            "model.patience",
        ),
        "a model behind a server, which --endpoint URL or --finetune URL, with --model NAME, names",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Study:
    """An experiment, the models it is done to, and the seeds it is repeated over.

    `looks` says how often its claims will be evaluated, with more seeds each time; every look has its
    share of the level. `axes` are those of a grid (`Study.grid`).

    study = obverse.study("NAME", seeds=3)
    result = study.run("out/NAME")
    result.claims
    """

    experiment: Experiment
    models: tuple[ModelSpec, ...]
    seeds: tuple[int, ...]
    preset: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    looks: int = 1
    axes: Axes = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say in a line what is asked of whom; `experiment`, `models` and `seeds` have the rest."""
        models = ", ".join(called(model) for model in self.models) or "no model"
        about = [f"preset {self.preset}"] * bool(self.preset)
        about += [f"{key}={value}" for key, value in self.given.items()]
        return f"Study({', '.join([self.name, *about])}: {models}; {count(len(self.seeds), 'seed')})"

    @property
    def name(self) -> str:
        return self.experiment.name

    def with_settings(self, settings: Mapping[str, Any], *, exact: bool = False) -> Self:
        """Return a copy with settings replaced: the experiment's, and `model.*` of models made here.

        Text is read as on a command line, unless values are `exact`.

        Raises:
            ObverseError: on an unknown key or a value that is not allowed.
        """
        for key in settings:
            if key in self.axes:
                raise ObverseError(f"{key}: is an axis of the grid; set its values there")
            self.holder_of(key)
        of_model, of_experiment = split(settings)
        models = self.models
        if of_model:
            models = distinct(
                [model.with_overrides(of_model, exact=exact, prefix="model.") for model in models]
            )
            refuse_same(models, named({f"model.{key}": value for key, value in of_model.items()}))
        given = {**self.given, **{key: str(value) for key, value in settings.items()}}
        experiment = self.experiment.with_overrides(of_experiment, exact=exact)
        refuse_unheeded(experiment, models, given)
        return replace(self, experiment=experiment, models=models, given=given)

    def holder_of(self, key: str) -> tuple[Settings, str]:
        """Return the settings that a key is one of, and what it is called there.

        Raises:
            ObverseError: on a key that is unknown, or of models that are not made here.
        """
        if key.startswith("model."):
            if not self.models:
                raise ObverseError(f"{key}: no model takes part here")
            for model in self.models:
                if not model.takes(key.removeprefix("model.")):
                    raise ObverseError(
                        f"{key} belongs to a model made here; {called(model)} has its own shape"
                    )
        known: dict[str, tuple[Settings, str]] = {
            name: (self.experiment, name) for name in leaf_keys(self.experiment)
        }
        for model in self.models[:1]:
            known |= {f"model.{n}": (model, n) for n in leaf_keys(model) if model.takes(n)}
        if key not in known:
            for start, needs in BELONGS.items():
                if key.startswith(start) and not any(name.startswith(start) for name in known):
                    raise ObverseError(f"{key}: belongs to {needs}")
            raise ObverseError(unknown_name(key, known, "setting"))
        return known[key]

    def grid(self, axes: Mapping[str, Sequence[Any]], *, most: int = MOST) -> Self:
        """Return the study at every combination of some settings' values, as `with_settings` takes them.

        Each axis is a column of the observations, claims are evaluated for each cell, and the page draws
        curves over one axis and heat maps over two. Axes that the study has already are replaced.

            study.grid({"recipe.learning_rate": [1e-3, 3e-3], "model.layers": [2, 4]})

        Raises:
            ObverseError: on an unknown key, a value that is not allowed, given twice or not alone in
                setting what it sets, or if there are more than `most` runs.
        """
        made = replace(self, axes={**self.axes, **axes_of(self.without_grid(), axes)})
        refuse_many(made, most)
        cells_of(made)
        return made

    def without_grid(self) -> Self:
        return replace(self, axes={})

    def variants(self) -> dict[str, Arm]:
        """Return what the study compares, by name; "" if it is one experiment alone.

        Raises:
            ObverseError: if two are the same, all set what the user gave, or one sets a model that is
                not made here.
        """
        compared = self.experiment.variants()
        if not compared:
            return {"": Arm(self.experiment, self.models)}
        for key in set.intersection(*(set(v.settings) for v in compared)) & set(self.given):
            raise ObverseError(f"{key}: the study {self.name} compares values of it, and sets it itself")
        made: dict[str, Arm] = {}
        differences: dict[str, Mapping[str, Any]] = {}
        for variant in compared:
            of_model, of_experiment = split(variant.settings)
            # Where no model takes part, data is written, for which models do not matter.
            settings = variant.settings if self.models else of_experiment
            study = self.without_grid().with_settings(settings)
            arm = Arm(study.experiment, study.models)
            for name, other in made.items():
                same = arm == other and (self.models or of_model == differences[name])
                if name == variant.name or same:
                    raise ObverseError(
                        f"with these settings the variants {name!r} and {variant.name!r} of the study "
                        f"{self.name} are one and the same"
                    )
            made[variant.name], differences[variant.name] = arm, of_model
        return made

    def plans(self) -> list[Plan]:
        """Return the study's runs, for each cell of its grid; of one without a grid there is one.

        Raises:
            ObverseError: if the data of the first seed cannot be built.
        """
        return [
            Plan(study.variants(), study.seeds, cell, study.experiment.claims())
            for cell, study in cells_of(self)
        ]

    def run(
        self,
        out: str | Path,
        *,
        execution: Execution | None = None,
        executor: Executor | None = None,
        console: Console | None = None,
        command: str | None = None,
        replace: bool = False,
    ) -> Result:
        """Carry out what is not finished yet and evaluate the claims.

        The same call again finishes an interrupted study; a finished run is not done twice unless what
        determines its result has changed, which is said.

        Args:
            out: the output directory (layout: docs/output.md).
            execution: how to run; the default uses every CPU core, or the GPU.
            executor: where to run; by default this machine.
            console: where progress goes; standard error by default.
            command: the command line that this stands for, for the report.
            replace: take the place of another study whose results the directory has. Its runs are kept.

        Raises:
            ObverseError: on bad input, an unwritable directory or one of another study, before
                training; or if runs failed, after the others have finished.
        """
        stop_if_importing()
        out, console, execution = Path(out), console or Console(stderr=True), execution or Execution()
        tracking.check(execution.track)
        wanted = asked(self)
        if not replace:
            refuse_other(out, wanted)
        with doing(console, "building the data"):
            plans = self.plans()
        for plan in plans:
            plan.check(execution.keep_weights, execution.processes)
        charged = check_bills(plans, out)
        for left in self.skipped:
            say(console, f"left out: {left.reason}")
        if (remark := self._recipe_remark(plans)) is not None:
            say(console, remark)
        # Another process may plan, or sum up, the same study. Where nothing is, nothing is left before
        # all is known to be well.
        lock = locked(out) if (out / "runs").is_dir() else nullcontext()
        with doing(console, "planning the runs") as planned, lock:
            found = work(plans, out, execution, planned)
        with locked(out):
            begin(out, wanted, replace=replace)
        for message in (*(charged if found.to_do else ()), *found.messages):
            say(console, message)
        if found.to_do:
            carry_out(executor or Here(), found.to_do, len(found.tasks), console)
        else:
            n = len(found.tasks)
            say(console, f"{n} of {count(n, 'run')} {'is' if n == 1 else 'are'} finished already")
        claims = [(plan.cell, plan.claims) for plan in plans]
        with doing(console, "evaluating the claims"), locked(out):
            refuse_other(out, wanted)  # another process may have asked for more, or for something else
            return leave(out, found.tasks, claims, self.describe(command), anew=bool(found.to_do))

    def _recipe_remark(self, plans: Sequence[Plan]) -> str | None:
        """Return a warning where a learning rate for models made from scratch meets a checkpoint."""
        presets = type(self.experiment).presets()
        models = presets[self.preset].models if self.preset in presets else ()
        scratch = models and all(m == "scratch" or getattr(m, "blank", False) for m in models)
        others = [m for m in self.models if not m.blank and m.heeds is None]
        chosen = any("learning_rate" in key for key in (*self.given, *self.axes))
        if not (scratch and others and plans[0].trains) or chosen:
            return None
        return (
            f"{others[0].name}: trained at the learning rate of the preset {self.preset}, which is for "
            "models made from scratch and may spoil a checkpoint; set recipe.learning_rate, or take "
            "another preset"
        )

    def describe(self, command: str | None = None) -> dict[str, Any]:
        """Return what study.json holds, but for the runs and hashes of files."""
        experiment, kind = self.experiment, type(self.experiment)
        by = [k for k, t in experiment.columns.items() if t is str] if kind.by is None else list(kind.by)
        return {
            "study": self.name,
            "title": kind.title,
            "about": kind.about,
            "paper": kind.paper,
            "preset": self.preset,
            "command": command,
            "given": dict(self.given),
            "experiment": {
                "type": reference_of(kind),
                "version": kind.version,
                "settings": experiment.model_dump(mode="json"),
                "columns": {name: column.__name__ for name, column in experiment.columns.items()},
                "by": by,
                "clusters": list(kind.clusters),
            },
            "variants": {v.name: dict(v.settings) for v in experiment.variants()},
            "models": [{"type": reference_of(type(m))} | m.model_dump(mode="json") for m in self.models],
            "seeds": list(self.seeds),
            "looks": self.looks,
            "grid": {key: list(values) for key, values in self.axes.items()},
            "grid_values": to_jsonable_python(
                {key: list(values.values()) for key, values in self.axes.items()}
            ),
            "remark": experiment.remark(),
            "skipped": [asdict(left) for left in self.skipped],
            "provenance": provenance(),
        }


def split(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of models made here (without their prefix) and those of the experiment."""
    of_model = {k.removeprefix("model."): v for k, v in settings.items() if k.startswith("model.")}
    return of_model, {k: v for k, v in settings.items() if not k.startswith("model.")}
