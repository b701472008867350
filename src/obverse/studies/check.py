"""What is refused before anything is trained: claims, labels and models that do not fit together."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import polars as pl

from obverse.core.abilities import Capability
from obverse.core.claim import Claim, in_order
from obverse.core.data import TAKEN, Label
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.measure import LEADING, Measure
from obverse.core.model import ModelSpec
from obverse.core.recipe import Recipe
from obverse.core.settings import Settings, unknown_name, validated
from obverse.core.stage import Stage, origins

# Columns that means and figures have beside labels (stats.summary, report).
COMPUTED = ("mean", "low", "high", "sd", "n_facts", "n_seeds", "n_missing", "value", "has", "x")


def check_claims(name: str, claims: object, tables: Mapping[str, pl.Schema]) -> None:
    """Refuse claims of one name, and claims that need or are about what is not there.

    `tables` are the columns of each measure's table; `name` is whose claims they are.

    Raises:
        ObverseError: naming the claim.
    """
    if not isinstance(claims, tuple | list) or not all(isinstance(claim, Claim) for claim in claims):
        raise ObverseError(f"{name}: the claims are {claims!r}; expected a list or tuple of Claim")
    for id, times in Counter(claim.id for claim in claims).items():
        if times > 1:
            raise ObverseError(f"{name}: {times} claims have the id {id!r}; expected one each")
    by_id = {claim.id: claim for claim in claims}
    for claim in claims:
        where = f"{name}: the claim {claim.id!r}"
        if claim.of not in tables:
            raise ObverseError(f"{where} is of={claim.of!r}: {unknown_name(claim.of, tables, 'measure')}")
        for beside in claim.beside:
            if beside not in tables:
                unknown = unknown_name(beside, tables, "measure")
                raise ObverseError(f"{where} is beside={beside!r}: {unknown}")
        for need in claim.needs:
            _check_need(where, claim, need, by_id)
        _check_columns_of(where, claim, [tables[of].to_frame() for of in (claim.of, *claim.beside)])
    try:
        in_order(claims)
    except ObverseError as error:
        raise ObverseError(f"{name}: {error}") from None


def _check_columns_of(where: str, claim: Claim, empty: Sequence[pl.DataFrame]) -> None:
    """Refuse a claim that speaks of columns which its tables do not have."""
    try:
        claim.estimate(*empty)
    except pl.exceptions.ColumnNotFoundError as error:
        name = re.findall(r"\"([^\"]*)\"|$", str(error))[0]
        columns = dict.fromkeys(name for table in empty for name in table.columns)
        raise ObverseError(f"{where}: {unknown_name(name, columns, 'column')}") from None
    except Exception:
        return  # of an empty table there may be nothing to say


def _check_need(where: str, claim: Claim, need: str, by_id: Mapping[str, Claim]) -> None:
    if need not in by_id:
        raise ObverseError(f"{where} needs {need!r}: {unknown_name(need, by_id, 'claim')}")
    if by_id[need].by != claim.by:
        raise ObverseError(
            f"{where} is measured by {claim.by} and needs {need!r}, which is by {by_id[need].by}; "
            "expected the same"
        )


def check_stages(experiment: Experiment, stages: Sequence[Stage]) -> None:
    """Refuse stages that do not follow from one another, and labels that are not declared.

    Raises:
        ObverseError: naming the stage, or the label.
    """
    try:
        origins(stages)
    except ValueError as error:
        raise ObverseError(f"{experiment.name}: {error}") from None
    measures = [measure for stage in stages for measure, _ in stage.measures]
    if not measures:
        raise ObverseError(f"{experiment.name}: there is nothing to measure")
    for stage in stages:
        if stage.training is not None and not stage.training.documents:
            raise ObverseError(f"{experiment.name}: the stage {stage.label!r} has no documents")
    for measure in measures:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", measure.name):
            raise ObverseError(
                f"{experiment.name}: a measure is called {measure.name!r}, which names its file; "
                "expected at most 60 letters, digits, - and _"
            )
        if measure.name.lower() in ("claims", "runs"):  # files of the same names when a study is exported
            raise ObverseError(
                f"{experiment.name}: a measure is called {measure.name!r}, as a table of every study is; "
                "choose another name"
            )
    _check_columns(experiment, measures)
    seen: set[int] = set()
    for measure in measures:
        if id(measure) not in seen:
            seen.add(id(measure))
            _check_labels(experiment, measure)


def _check_columns(experiment: Experiment, measures: Iterable[Measure]) -> None:
    taken = dict.fromkeys(TAKEN, "what documents and probes have")
    taken |= dict.fromkeys(LEADING, "a column of every table")
    taken |= dict.fromkeys(COMPUTED, "what means and figures have beside labels")
    for measure in measures:
        taken |= dict.fromkeys(measure.columns, f"a column of the measure {measure.name!r}")
    for label in experiment.columns:
        if label.startswith("_"):
            raise ObverseError(
                f"{experiment.name}: the label {label!r} begins with _; choose another name"
            )
        if label in taken:
            raise ObverseError(
                f"{experiment.name}: the label {label!r} of `columns` is {taken[label]}; choose another "
                "name"
            )
    declared = dict(experiment.columns)
    for name in (*experiment.clusters, *(experiment.by or ())):
        if name not in declared:
            raise ObverseError(f"{experiment.name}: {unknown_name(name, declared, 'label')} (`columns`)")


def _check_labels(experiment: Experiment, measure: Measure) -> None:
    declared = experiment.columns
    for labels in measure.labels():
        for name, value in labels.items():
            if name not in declared:
                raise ObverseError(
                    f"{experiment.name}: {unknown_name(name, declared, 'label')}; declare it in "
                    f"`columns`, as {{{name!r}: {type(value).__name__}}}"
                )
            if not _is(value, declared[name]):
                raise ObverseError(
                    f"{experiment.name}: the label {name!r} is declared as {declared[name].__name__} and "
                    f"has the value {value!r}"
                )


def _is(value: Label, kind: type[Label]) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return type(value) is kind


def check_portable(settings: Settings, name: str) -> None:
    """Refuse settings that would be others in another process.

    Raises:
        ObverseError: if they do not survive being written down as JSON.
    """
    try:
        again = validated(type(settings), settings.model_dump(mode="json"))
    except (ObverseError, ValueError) as error:
        raise ObverseError(
            f"{name}: its settings cannot be written down and read again: {error}"
        ) from None
    for key in type(settings).model_fields:
        if getattr(again, key) != getattr(settings, key):
            raise ObverseError(
                f"{name}: the setting {key!r} does not survive being written down: "
                f"{getattr(settings, key)!r} becomes {getattr(again, key)!r}; declare its own type"
            )


def refuse_unheeded(experiment: Experiment, models: Iterable[ModelSpec], given: Iterable[str]) -> None:
    """Refuse a setting of a recipe that a model's training does not heed, which would change nothing.

    Raises:
        ObverseError: naming the setting, and what is heeded.
    """
    for model in models:
        for key in given if model.heeds is not None else ():
            *parents, name = key.split(".")
            holder: object = experiment
            for parent in parents:
                holder = getattr(holder, parent, None)
            if isinstance(holder, Recipe) and name not in (model.heeds or ()):
                heeded = ", ".join(sorted(model.heeds or ()))
                raise ObverseError(
                    f"{key}: {model.name} is trained by a service, which heeds {heeded} of a recipe, and "
                    "settings of its own (model.*)"
                )


def check_models(
    models: Sequence[ModelSpec], stages: Sequence[Stage], keep_weights: bool, processes: int = 1
) -> None:
    """Refuse models that cannot do what the stages ask of them, each in so many processes.

    Raises:
        ObverseError: naming the model and what it lacks.
    """
    needed: set[Capability] = {"saves"} if keep_weights else set()
    for stage in stages:
        if stage.training is not None:
            needed.add("trains")
        for measure, _ in stage.measures:
            needed |= measure.requires
    for model in models:
        if model.blank and "trains" not in needed:
            raise ObverseError(
                f"{model.name}: knows nothing before it is trained, and this study asks models as they "
                "are; use the models of its preset, or name one with --model"
            )
        reason = model.lacks(frozenset(needed))
        reason = reason or model.refuses(stages)
        if processes > 1:
            reason = reason or indivisible(model, stages, processes)
        if reason is not None:
            raise ObverseError(f"{model.name}: {reason}")


def indivisible(model: ModelSpec, stages: Sequence[Stage], processes: int = 2) -> str | None:
    """Return why several processes cannot carry out a run together, or None if they can."""
    if not model.splits():
        return (
            f"a model of this kind ({type(model).__name__}) is computed by one process; expected no "
            "--gpus-per-run"
        )
    for measure in (measure for stage in stages for measure, _ in stage.measures):
        if "gradients" in measure.requires:
            return f"the measure {measure.name!r} takes gradients, which are whole in one process alone"
    for training in (stage.training for stage in stages if stage.training is not None):
        if training.recipe.optimizer == "adafactor":
            return "adafactor cannot be shared by processes; set recipe.optimizer to adamw or sgd"
        passes = training.recipe.micro_batch_size or training.recipe.batch_size
        if passes < processes:
            return (
                f"{processes} processes share the documents of a pass, of which there are {passes}; set "
                f"recipe.batch_size and, if it is given, recipe.micro_batch_size to {processes} or more"
            )
    return None
