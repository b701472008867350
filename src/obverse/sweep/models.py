"""Which models a study is done to: from what the user names to their settings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from obverse.core.errors import CannotLoadError, ObverseError
from obverse.core.model import Checkpoint, Endpoint, Grown, ModelSpec, Scratch
from obverse.core.settings import unknown_name, validated

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A model that was named and cannot be loaded."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user says of all models named.

    Attributes:
        endpoint: address of the server that has them, with `#chat` at its end where it serves chat alone.
        family: what they have in common, in place of the published families.
        dtype: what checkpoints are loaded in.
    """

    endpoint: str | None = None
    family: str | None = None
    dtype: str | None = None


def choose(
    models: Sequence[str | ModelSpec], choice: Choice
) -> tuple[tuple[ModelSpec, ...], tuple[Skipped, ...]]:
    """Return the settings of the models named, and the models left out because they cannot be loaded.

    Raises:
        ObverseError: if a name or number is not what was expected, two models have the same name, or
            none can be loaded.
    """
    if choice.dtype is not None and choice.dtype not in DTYPES:
        raise ObverseError(unknown_name(choice.dtype, DTYPES, "dtype"))
    specs: list[ModelSpec] = []
    failed: dict[str, CannotLoadError] = {}
    for model in models:
        if not isinstance(model, str):
            specs.append(_completed(model, choice))
        elif choice.endpoint is not None:
            specs.append(_endpoint(model, choice))
        elif model == "scratch":
            specs.append(Scratch())
        else:
            for path, revision, family in named(model):
                label = f"{path}@{revision}" if revision else path
                try:
                    specs.append(_checkpoint(path, revision, choice.family or family, choice.dtype))
                except CannotLoadError as error:
                    failed[label] = error
    _refuse_none(specs, failed)
    if choice.dtype is not None and not any(isinstance(s, Checkpoint) for s in specs):
        raise ObverseError(f"--dtype {choice.dtype} is for checkpoints, and no model named is one")
    skipped = tuple(Skipped(name, str(e).splitlines()[0]) for name, e in failed.items())
    return distinct(specs), skipped


def named(model: str) -> list[tuple[str, str | None, str | None]]:
    """Return the checkpoints that a name stands for: path or hub name, revision, family.

    Raises:
        ObverseError: if nothing stands behind the @.
    """
    from obverse.models.families import FAMILIES

    if Path(model).is_dir():  # whatever its name looks like
        return [(model, None, None)]
    if model in FAMILIES:
        return [(member.name, None, model) for member in FAMILIES[model]]
    name, at, revision = model.rpartition("@")
    if not at:
        return [(model, None, None)]
    if not revision:
        raise ObverseError(f"--model {model}: expected NAME@REVISION, with a branch or tag of the hub")
    return [(name, revision, None)]


def refuse_same(models: Iterable[ModelSpec]) -> None:
    """Refuse models that differ in nothing but their names."""
    for alike in _groups((m.identity(), m) for m in models):
        raise ObverseError(
            f"{_list(alike)} are one and the same model: neither settings nor weights differ; "
            "name it once"
        )


def refuse_averaged(models: Iterable[ModelSpec]) -> None:
    """Refuse several models at one place of a family's trend, which would average them."""
    placed = [(place, m) for m in models if (place := _place(m)) is not None]
    for alike in _groups(placed):
        place = _place(alike[0])
        assert place is not None
        family, parameters, when = place
        at = "" if when is None else f" at {when:,} tokens" if isinstance(when, int) else f" at {when}"
        raise ObverseError(
            f"{_list(alike)} are all of the family {family!r} with {parameters:,} parameters{at}, and a "
            "trend over the family would average them; leave out all but one, or give each a study of "
            "its own"
        )


def _place(model: ModelSpec) -> tuple[str, int, int | str | None] | None:
    """Return family, parameters, and tokens or revision; None without a family or a known size."""
    if not getattr(model, "family", ""):
        return None
    if isinstance(model, Grown):
        from obverse.models import grown

        return model.family, grown.parameters(model), model.tokens
    if isinstance(model, Scratch) or model.parameters is None:
        return None
    tokens = getattr(model, "tokens", None)
    when = tokens if tokens is not None else getattr(model, "revision", None)
    return model.family, model.parameters, when


def _completed(model: ModelSpec, choice: Choice) -> ModelSpec:
    """Fill in what only the machine knows of a model given by its settings."""
    from obverse.models import grown

    if choice.family and not isinstance(model, Scratch):
        model = model.model_copy(update={"family": choice.family})
    if isinstance(model, Grown):
        return grown.resolve(model)
    if isinstance(model, Checkpoint) and not model.weights:
        family, dtype = model.family or None, choice.dtype or model.dtype
        resolved = _checkpoint(model.path, model.revision, family, dtype)
        return resolved.model_copy(update={"name": model.name, "tokens": model.tokens or resolved.tokens})
    if isinstance(model, Checkpoint) and choice.dtype:
        return model.model_copy(update={"dtype": choice.dtype})
    return model


def _checkpoint(path: str, revision: str | None, family: str | None, dtype: str | None) -> Checkpoint:
    from obverse.models import checkpoint

    return checkpoint.resolve(path, revision, family, dtype or "float32")  # type: ignore[arg-type]


def _endpoint(model: str, choice: Choice) -> Endpoint:
    assert choice.endpoint is not None
    url, _, api = choice.endpoint.partition("#")
    name, given, size = model.rpartition("=")
    about: dict[str, Any] = {"name": name if given else model, "url": url, "api": api or "completions"}
    if given:
        about["parameters"] = _count(size, model)
    return validated(Endpoint, about | {"family": choice.family or ""})


def _count(text: str, where: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not isfinite(value) or value < 1:
        raise ObverseError(f"--model {where}: expected NAME=PARAMETERS with a number such as 7e9")
    return int(value)


def _refuse_none(specs: Sequence[ModelSpec], failed: dict[str, CannotLoadError]) -> None:
    if specs or not failed:
        return
    first, *others = failed.values()
    if not others:
        raise first
    lines = "\n".join(f"  {e}" for e in failed.values())
    raise ObverseError(f"none of the {len(failed)} models can be loaded:\n{lines}")


def distinct(models: Sequence[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Give models of the same name (two directories called `final`) names that tell them apart."""
    names = [m.name for m in models]
    if len(set(names)) == len(names):
        return tuple(models)
    longer = []
    for model in models:
        if names.count(model.name) > 1 and isinstance(model, Checkpoint) and model.commit is None:
            model = model.model_copy(update={"name": "/".join(Path(model.path).parts[-2:])})
        longer.append(model)
    names = [m.name for m in longer]
    for name in names:
        if names.count(name) > 1:
            raise ObverseError(f"the model {name!r} is named twice")
    return tuple(longer)


def _groups(keyed: Iterable[tuple[Any, ModelSpec]]) -> list[list[ModelSpec]]:
    """Return the groups of models that share their key, those of several members alone."""
    groups: dict[Any, list[ModelSpec]] = {}
    for key, model in keyed:
        groups.setdefault(key, []).append(model)
    return [group for group in groups.values() if len(group) > 1]


def _list(models: Sequence[ModelSpec]) -> str:
    return ", ".join(m.name for m in models)
