"""Where a study is written unless a directory is named."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from obverse.store.files import safe_name
from obverse.studies.models import called

if TYPE_CHECKING:
    from obverse.studies.study import Study

LONGEST = 48  # letters of what is said beside the study's name


def place_of(study: "Study") -> Path:
    """Return out/NAME, followed by what was chosen beside the study's defaults.

    The same choice has the same place, so that the same command goes on; two that differ in preset,
    settings, models or grid have two. Seeds are not in it: a study may have more of them later.
    """
    said = "-".join(_chosen(study))
    if len(said) > LONGEST:
        digest = hashlib.sha256(said.encode()).hexdigest()[:6]
        said = f"{said[:LONGEST]}-{digest}"
    return Path("out", "-".join(safe_name(part) for part in (study.name, said) if part))


def _chosen(study: "Study") -> list[str]:
    presets = type(study.experiment).presets()
    said = [] if study.preset in ("", next(iter(presets))) else [study.preset]
    usual = presets[study.preset].models if study.preset in presets else ()
    brought = {model.name for model in study.experiment.models()}
    names = [called(model) for model in study.models if model.name not in brought]
    if names != [model if isinstance(model, str) else model.name for model in usual]:
        said += names
    for key, value in study.given.items():
        name = [] if key == "data" else [key.rpartition(".")[2]]  # a file's own name says enough
        said += [*name, Path(value).name if "/" in value else value]
    own = presets[study.preset].grid if study.preset in presets else {}
    for key, values in study.axes.items():
        if list(values) != list(own.get(key, ())):
            said += [key.rpartition(".")[2], *map(str, values)]
    return [part for part in said if part]
