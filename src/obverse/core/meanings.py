"""What settings mean, and which values they take: read from where their classes say so.

A class names the meaning of its fields in the section `Attributes:` of its docstring (`a, b: …` where
several share one), or by pydantic's `Field(description=…)`. A subclass need not repeat its parents'.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from obverse.core.settings import InputFile, field_of

ENTRY = re.compile(r"    (\w[\w, `]*): (.*)")
WORDS: dict[Any, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "none",
    Path: "a path", InputFile: "a file or directory",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A setting by its dotted key: what it means, and which values it takes, in words."""

    key: str
    text: str
    allowed: str


def meaning_of(settings: BaseModel, key: str) -> Meaning:
    """Return what a setting that exists means; the text is empty where its class does not say."""
    *parents, last = key.split(".")
    holder = settings
    for parent in parents:
        holder = getattr(holder, parent)
    field = field_of(settings, key)
    return Meaning(key=key, text=text_of(type(holder), last), allowed=allowed(field))


def text_of(kind: type[BaseModel], name: str) -> str:
    """Return what a field means, by its description or its class's docstring, or "" """
    return kind.model_fields[name].description or next(
        (told[name] for each in kind.__mro__ if name in (told := _attributes(each))), ""
    )


@cache
def _attributes(kind: type) -> dict[str, str]:
    """Return the entries of the section `Attributes:` of a class's own docstring, each in one line."""
    _, found, section = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("Attributes:\n")
    told: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines() if found else ():
        if line and not line.startswith(" "):
            break
        if entry := ENTRY.fullmatch(line):
            names = [name.strip(" `") for name in entry[1].split(",")]
            told |= dict.fromkeys(names, entry[2])
        else:
            told |= {name: f"{told[name]} {line.strip()}".strip() for name in names}
    return told


def allowed(field: FieldInfo) -> str:
    """Return which values a field takes, in words: "a whole number from 1 to 1000, or none"."""
    said = list(dict.fromkeys(_allowed(field.annotation, tuple(field.metadata))))
    if "none" in said:
        said = [one for one in said if one != "none"] + ["none"]
    return ", or ".join(said)


def _allowed(kind: Any, limits: tuple[Any, ...] = ()) -> Iterator[str]:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        yield from _allowed(inner, (*limits, *_constraints(more)))
    elif origin in (Union, UnionType):
        for each in get_args(kind):
            yield from _allowed(each, limits)
    elif origin is Literal:
        values = [str(value) for value in get_args(kind)]
        yield f"one of {', '.join(values)}" if len(values) > 1 else values[0]
    elif origin in (tuple, list, frozenset, set):
        of = ", ".join(dict.fromkeys(one for each in get_args(kind) if each is not ... for one in
                                     [", or ".join(_allowed(each))]))  # fmt: skip
        yield f"a JSON list, of each: {of}" if of else "a JSON list"
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield f"an object: {', '.join(kind.model_fields)}"
    elif kind in WORDS:
        yield WORDS[kind] + (_between(limits) if kind in (int, float) else "")
    elif origin is dict or (isinstance(origin, type) and hasattr(origin, "keys")):
        yield "a JSON object"
    else:
        yield getattr(kind, "__name__", str(kind))


def _constraints(metadata: list[Any]) -> Iterator[Any]:
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)


def _between(limits: tuple[Any, ...]) -> str:
    """Return the bounds of a number in words."""
    of = {name: getattr(one, name) for one in limits for name in ("ge", "gt", "le", "lt") if
          getattr(one, name, None) is not None}  # fmt: skip
    if {"ge", "le"} <= set(of):
        return f" from {of['ge']:,} to {of['le']:,}"
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    return "".join(
        f"{' and' if n else ''} {words[name]} {of[name]:,}"
        for n, name in enumerate(one for one in words if one in of)
    )
