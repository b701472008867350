"""Typed, frozen settings, and overriding them by name with errors that help."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from obverse.core.errors import ObverseError
from obverse.core.refusals import in_words
from obverse.core.strict_json import LARGEST, problem_of, shown

MOST = 1_000_000  # of whatever a setting counts, unless it says otherwise: more is a slip of the finger
Count = Annotated[int, Field(ge=1, le=MOST)]


class InputFile(type(Path())):  # type: ignore[misc]
    """A path whose content is read: a setting of this type is told apart by the content, not the name.

    A directory stands for all files under it, but for hidden ones.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, handler(Path), serialization=core_schema.to_string_ser_schema()
        )


class Settings(BaseModel):
    """A frozen settings object with complete defaults; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:
        """Refuse numbers that no column can hold, and text that no file or terminal should."""
        for one in _single(value):
            if isinstance(one, int) and abs(one) > LARGEST:
                raise ValueError(f"{shown(one)} is out of range; expected at most {LARGEST} (2^63 - 1)")
            if isinstance(one, str) and (problem := problem_of(one)) is not None:
                raise ValueError(problem)
        return value

    def with_overrides(
        self, overrides: Mapping[str, Any], *, exact: bool = False, prefix: str = ""
    ) -> Self:
        """Return a copy with dotted keys replaced, e.g. `{"recipe.learning_rate": "1e-5"}`.

        Values may be text, as typed on a command line, unless they are `exact`: then text is text, and
        null is no text. Messages put `prefix` before the keys.

        Raises:
            ObverseError: on a key that does not exist (naming the nearest one) or a value that is
                not allowed.
        """
        known = list(leaf_keys(self, prefix))
        tree = _Tree()
        for key, value in overrides.items():
            if prefix + key not in known:
                raise ObverseError(unknown_name(prefix + key, known, "setting"))
            *parents, last = key.split(".")
            place = tree
            for parent in parents:
                place = place.setdefault(parent, _Tree())
            place[last] = value if exact else read(value, field_of(self, key), prefix + key)
        return _replaced(self, tree, prefix)


def field_of(settings: BaseModel, key: str) -> FieldInfo:
    """Return the field behind a dotted key that exists."""
    *parents, last = key.split(".")
    for parent in parents:
        settings = getattr(settings, parent)
    return type(settings).model_fields[last]


class _Tree(dict[str, Any]):
    """Overrides by name; those of nested settings in a tree of their own."""


S = TypeVar("S", bound=BaseModel)


def validated(kind: type[S], data: object, where: str = "") -> S:
    """Return `data` as `kind`.

    Raises:
        ObverseError: naming each key at fault behind `where`, and what is expected of it.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ObverseError(in_words(error, kind.__name__, where)) from None


def _single(value: object) -> Iterator[object]:
    """Yield what a setting's value is made of; nested settings check themselves."""
    if isinstance(value, Mapping):
        for each in value.items():
            yield from _single(each)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _single(each)
    else:
        yield value


def _replaced(settings: S, tree: _Tree, where: str = "") -> S:
    """Return a copy in which the named settings, and nothing else, are others."""
    if not tree:
        return settings
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    for name, change in tree.items():
        nested = isinstance(change, _Tree)
        values[name] = _replaced(values[name], change, f"{where}{name}.") if nested else change
    return validated(type(settings), values, where)


def leaf_keys(settings: BaseModel, prefix: str = "") -> Iterable[str]:
    """Yield the dotted key of every setting that can be overridden."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from leaf_keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def unknown_name(name: str, known: Iterable[str], what: str) -> str:
    """Say that `name` is not known, with the nearest names that are."""
    known = sorted(known)
    # A key may be mistyped as a whole or given without its group ("learning_rate").
    near = [k for k in known if k.rsplit(".", 1)[-1] == name] or difflib.get_close_matches(
        name, known, n=3, cutoff=0.5
    )
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
    return f"unknown {what} {name!r}; {hint}"


def read(value: object, field: FieldInfo, key: str) -> object:
    """Return what is meant by a value for a setting, which may be text as typed on a command line.

    Text is read as JSON, but for settings that take any text: those have it as it stands.

    Raises:
        ObverseError: on true or false where a number is expected.
    """
    kinds = set(_kinds(field.annotation))
    if isinstance(value, str):
        value = _parse(value, kinds)
    if isinstance(value, bool) and kinds <= {int, float, NoneType}:
        raise ObverseError(f"{key}: expected a number, got {str(value).lower()}")
    return value


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield the types that a setting can have, and the values of literals."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _kinds(each)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        yield annotation


def _parse(text: str, kinds: set[Any]) -> object:
    word = text.lower()
    if text in kinds:
        return text
    if word in ("none", "null") and NoneType in kinds:
        return None
    others = kinds - {NoneType}
    if all(isinstance(kind, type) and issubclass(kind, str | Path) for kind in others):
        return text
    if word in ("none", "null"):
        return None
    try:
        return json.loads(word if word in ("true", "false") else text)
    except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
        return text
