"""From what a user names to a study that is ready to run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Preset
from obverse.core.model import ModelSpec
from obverse.studies.catalogue import What, find, preset_of
from obverse.studies.grid import MOST, refuse_no_axes
from obverse.studies.models import OfAll, choose
from obverse.studies.study import Study, split
from obverse.studies.which_seeds import which_seeds


def study(
    what: What,
    *,
    preset: str | None = None,
    models: Sequence[str | ModelSpec] = (),
    data: str | Path | None = None,
    seeds: int | str | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    endpoint: str | None = None,
    finetune: str | None = None,
    family: str | None = None,
    dtype: str | None = None,
    looks: int = 1,
    grid: Mapping[str, Sequence[Any]] | None = None,
    most: int | None = None,
    at_hand: bool = True,
) -> Study:
    """Return a study, ready to run.

    Args:
        what: a name of `obverse list`, a file (`FILE.py` or `FILE.py:CLASS`), `MODULE:CLASS`, a class, or
            an experiment with its settings.
        preset: its name; by default the first. An experiment with its settings takes none but its models.
        models: checkpoint directories, hub names (`name@revision`), families (`pythia`), classes of your
            own (`FILE.py:CLASS`) or model settings; by default what the settings bring along, or else
            the preset. Those that cannot be loaded are left out and said to be, as long as one remains.
        data: the input file or directory; stands for the setting `data`.
        seeds: how many (0, 1, …) or which, as numbers or as typed ("1000-1009").
        settings: overrides by dotted key, e.g. `{"recipe.epochs": 8}`; `model.*` for models made here.
        endpoint: address of an OpenAI-compatible server of `models` (`NAME=7e9` tells parameters), with
            `#chat` at its end where it serves chat alone.
        finetune: likewise, of a server that finetunes them; needs `model.training_price`, `.cost_limit`.
        family: what the models have in common, for trends; published families are known by their names.
        dtype: of checkpoints: "float32", "bfloat16" (asked, or with adapters) or "float16" (asked).
        looks: how often you will look, with more seeds each time; every look has its share of the level.
        grid: values of settings at whose combinations it is done (`Study.grid`), beside the preset's.
        most: runs that a grid may make, a thousand by default.
        at_hand: whether models have to be here, or on the hub; a study of others can be planned.

    Raises:
        ObverseError: on an unknown name or setting, or where no model or a file can be had.
    """
    _refuse_options(endpoint, finetune, models, looks)
    kind = find(what)
    name, chosen = preset_of(kind, preset)
    if isinstance(what, Experiment):
        name, chosen = "", Preset(what, chosen.models)
    of_model, of_experiment = split(dict(settings or {}) | _data(chosen.experiment, data))
    # Settings are checked before any checkpoint is looked for.
    named = tuple(model for model in models or chosen.models if isinstance(model, ModelSpec))
    numbers = which_seeds(kind.seeds if seeds is None else seeds)
    base = Study(
        experiment=chosen.experiment, models=named, seeds=numbers, preset=name, looks=looks
    ).with_settings(of_experiment)
    wanted = models or base.experiment.models() or chosen.models
    of_all = OfAll(endpoint=endpoint, finetune=finetune, family=family, dtype=dtype)
    specs, skipped = choose(wanted, of_all, at_hand=at_hand)
    base = replace(base, models=specs, skipped=skipped)
    base = base.with_settings({f"model.{key}": value for key, value in of_model.items()})
    refuse_no_axes({} if grid is None else grid)
    axes = {**chosen.grid, **(grid or {})}
    return base.grid(axes, most=MOST if most is None else most) if axes else base


def _refuse_options(
    endpoint: str | None, finetune: str | None, models: Sequence[object], looks: int
) -> None:
    for option, address in (("--endpoint", endpoint), ("--finetune", finetune)):
        if address is not None and not models:
            raise ObverseError(f"{option}: name the server's model with --model NAME")
    if endpoint is not None and finetune is not None:
        raise ObverseError("--endpoint, --finetune: expected one of the two")
    if looks < 1:
        raise ObverseError(f"looks: at least one is needed, got {looks}")


def _data(experiment: Experiment, data: str | Path | None) -> dict[str, Any]:
    if data is None:
        return {}
    if "data" not in type(experiment).model_fields:
        raise ObverseError(f"--data {data}: {experiment.name} reads no file; it has no setting `data`")
    return {"data": Path(data)}
