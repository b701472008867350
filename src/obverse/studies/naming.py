"""From what a user names to a study that is ready to run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
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
        preset: a name among the experiment's presets; by default its first. It is not for an
            experiment that is given with its settings, whose models are those of that preset.
        models: checkpoint directories, hub names (`name@revision` for a training checkpoint),
            families (`pythia`), classes of your own (`FILE.py:CLASS`) or model settings; by default what
            the settings bring along, or else what the preset takes. Models that cannot be loaded are left
            out, and said to be, as long as one remains.
        data: the input file or directory; stands for the setting `data`.
        seeds: how many (0, 1, …) or which, as numbers or as on the command line ("1000-1009"); by
            default as many as the experiment says.
        settings: overrides by dotted key, e.g. `{"recipe.epochs": 8}`; `model.*` for models made here.
        endpoint: address of an OpenAI-compatible server whose models `models` names (`NAME=7e9` tells
            its parameters), with `#chat` at its end where it serves chat alone.
        finetune: address of a server that finetunes the models that `models` names by OpenAI's API, in
            the same form; `model.training_price` and `model.cost_limit` have to be set.
        family: what the models have in common, for trends over their size; the members of published
            families are known by their names.
        dtype: what checkpoints are loaded in: "float32" (the default), "bfloat16" (to be asked, or
            trained with adapters) or "float16" (to be asked).
        looks: how often the study will be looked at, with more seeds each time; every look has its
            share of the level.
        grid: values of settings at whose combinations the study is done (`Study.grid`), beside those of
            the preset's own grid; an axis replaces the preset's.
        most: runs that a grid may make, a thousand by default.
        at_hand: whether models have to be here, or on the hub; a study of others can be planned.

    Raises:
        ObverseError: on an unknown name or setting, or where no model or a file can be had.
    """
    for option, address in (("--endpoint", endpoint), ("--finetune", finetune)):
        if address is not None and not models:
            raise ObverseError(f"{option}: name the server's model with --model NAME")
    if endpoint is not None and finetune is not None:
        raise ObverseError("--endpoint, --finetune: expected one of the two")
    kind = find(what)
    name, chosen = preset_of(kind, preset)
    given = isinstance(what, Experiment)
    experiment = what if given else chosen.experiment
    assert isinstance(experiment, Experiment)
    if looks < 1:
        raise ObverseError(f"looks: at least one is needed, got {looks}")
    overrides = dict(settings or {}) | _data(experiment, data)
    of_model, of_experiment = split(overrides)
    # Settings are checked before any checkpoint is looked for.
    base = Study(
        experiment=experiment,
        models=tuple(m for m in models or chosen.models if isinstance(m, ModelSpec)),
        seeds=which_seeds(kind.seeds if seeds is None else seeds),
        preset="" if given else name,
        looks=looks,
    ).with_settings(of_experiment)
    wanted = models or base.experiment.models() or chosen.models
    specs, skipped = choose(
        wanted,
        OfAll(endpoint=endpoint, finetune=finetune, family=family, dtype=dtype),
        at_hand=at_hand,
    )
    base = replace(base, models=specs, skipped=skipped)
    base = base.with_settings({f"model.{k}": v for k, v in of_model.items()})
    refuse_no_axes({} if grid is None else grid)
    axes = ({} if given else dict(chosen.grid)) | dict(grid or {})
    return base.grid(axes, most=MOST if most is None else most) if axes else base


def _data(experiment: Experiment, data: str | Path | None) -> dict[str, Any]:
    if data is None:
        return {}
    if "data" not in type(experiment).model_fields:
        raise ObverseError(f"--data {data}: {experiment.name} reads no file; it has no setting `data`")
    return {"data": Path(data)}
