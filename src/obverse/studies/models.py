"""Which models a study is done to: from what the user names to their settings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from obverse.core.content import content_hash
from obverse.core.errors import CannotLoadError, ObverseError
from obverse.core.loading import is_reference, load
from obverse.core.model import ModelSpec
from obverse.core.settings import unknown_name, validated

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A model that was named and cannot be loaded."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAll:
    """What the user says of all models named.

    Attributes:
        endpoint: address of the server that has them, with `#chat` at its end where it serves chat alone.
        finetune: likewise, of a server that finetunes them first.
        family: what they have in common, in place of the published families.
        dtype: what checkpoints are loaded in.
    """

    endpoint: str | None = None
    finetune: str | None = None
    family: str | None = None
    dtype: str | None = None


def choose(
    models: Sequence[str | ModelSpec], of_all: OfAll, *, at_hand: bool = True
) -> tuple[tuple[ModelSpec, ...], tuple[Skipped, ...]]:
    """Return the settings of the models named, and the models left out because they cannot be loaded.

    Where they need not be `at_hand`, those are not left out, and are as they were named.

    A name is a directory, a hub name (`NAME@REVISION` for one of its revisions), a family, "scratch", or
    a class of the user's own (`file.py:Class`, `module:Class`).

    Raises:
        ObverseError: if a name or number is not what was expected, two models have the same name, or
            none can be loaded.
    """
    if of_all.dtype is not None and of_all.dtype not in DTYPES:
        raise ObverseError(unknown_name(of_all.dtype, DTYPES, "dtype"))
    specs: list[ModelSpec] = []
    failed: dict[str, CannotLoadError] = {}
    for label, spec in _specs(models, of_all):
        try:
            specs.append(spec.resolve())
        except CannotLoadError as error:
            if at_hand:
                failed[label] = error
            else:
                specs.append(spec)
    _refuse_none(specs, failed)
    if of_all.dtype is not None and not any("dtype" in type(s).model_fields for s in specs):
        raise ObverseError(f"--dtype {of_all.dtype} is for checkpoints, and no model named is one")
    skipped = tuple(Skipped(name=name, reason=str(e).splitlines()[0]) for name, e in failed.items())
    return distinct(specs), skipped


def _specs(models: Sequence[str | ModelSpec], of_all: OfAll) -> Iterable[tuple[str, ModelSpec]]:
    """Yield each model, not resolved yet, under what the user calls it."""
    from obverse.models.checkpoint import Checkpoint

    said: dict[str, Any] = {"family": of_all.family, "dtype": of_all.dtype}
    for model in models:
        if not isinstance(model, str):
            yield model.name, _with(model, said)
        elif of_all.endpoint is not None:
            yield model, _endpoint(model, of_all.endpoint, of_all.family or "")
        elif of_all.finetune is not None:
            yield model, _endpoint(model, of_all.finetune, of_all.family or "", finetuned=True)
        elif (own := _made_here(model)) is not None:
            yield model, _with(own, said)
        else:
            for path, revision, family in checkpoints_of(model):
                label = f"{path}@{revision}" if revision else path
                spec = Checkpoint(path=path, revision=revision, family=family or "")
                yield label, _with(spec, said)


def _with(model: ModelSpec, said: dict[str, Any]) -> ModelSpec:
    """Return a model with what is said of all, where it has such a setting."""
    known = {k: v for k, v in said.items() if v is not None and k in type(model).model_fields}
    return validated(type(model), model.model_dump() | known) if known else model


def _made_here(model: str) -> ModelSpec | None:
    """Return a model made from settings alone: "scratch", or a class of the user's own."""
    if model == "scratch":
        from obverse.models.scratch import Scratch

        return Scratch()
    if Path(model).is_dir() or not is_reference(model):
        return None
    kind = load(model, ModelSpec)
    return validated(kind, {}, f"--model {model}: ")


def checkpoints_of(model: str) -> list[tuple[str, str | None, str | None]]:
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


def refuse_same(models: Iterable[ModelSpec], made_equal: str = "") -> None:
    """Refuse models that differ in nothing but their names; `made_equal`: what they have been given."""
    for alike in _groups((content_hash([type(m).__name__, m.identity()]), m) for m in models):
        said = f"with {made_equal} {_list(alike)}" if made_equal else _list(alike)
        raise ObverseError(
            f"{said} are one and the same model: neither settings nor weights differ; name it once"
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
    """Return family, parameters, and which moment; None without a family or a known size."""
    size = model.size()
    return None if not model.family or size is None else (model.family, size, model.position())


def _endpoint(model: str, address: str, family: str, *, finetuned: bool = False) -> ModelSpec:
    from obverse.models.endpoint import Endpoint
    from obverse.models.hosted import Hosted

    url, _, api = address.partition("#")
    if api not in ("", "chat", "completions"):  # not repeated: it may be part of a password
        raise ObverseError(
            f"{'--finetune' if finetuned else '--endpoint'}: expected #chat, #completions or nothing "
            "behind the address"
        )
    name, given, size = model.rpartition("=")
    about: dict[str, Any] = {"name": name if given else model, "url": url, "api": api or "completions"}
    if given:
        about["parameters"] = _count(size, model)
    kind = Hosted if finetuned else Endpoint
    option = "--finetune" if finetuned else "--endpoint"
    return validated(kind, about | {"family": family}, f"{option}: ")


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
        if names.count(model.name) > 1:
            model = model.model_copy(update={"name": model.longer_name()})
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


def called(model: ModelSpec) -> str:
    """Return a model's name, or what it would have if it were at hand."""
    path, revision = getattr(model, "path", ""), getattr(model, "revision", None)
    there = "@".join(str(part) for part in (path, revision) if part)
    return model.name or there or type(model).__name__
