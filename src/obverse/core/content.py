"""Hashes of content: of settings, data and files, the same in every process and on every machine."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile


def content_hash(value: object) -> str:
    """Return the SHA-256 of a value: JSON, and dataclasses, settings, paths and arrays in it.

    An InputFile counts by its content, any other path by its name. Objects that say their own
    `identity` (measures, models) count by that.

    Raises:
        TypeError: if there is anything else in it.
        ObverseError: if an input file cannot be read.
    """
    return hashlib.sha256(_written(value).encode("ascii")).hexdigest()


def plain(value: object) -> Any:
    """Return a value as JSON gives it back, what JSON cannot write replaced as for `content_hash`."""
    return json.loads(_written(value))


def _written(value: object) -> str:
    return json.dumps(value, default=_plain, sort_keys=True, ensure_ascii=True, allow_nan=False)


@cache  # a run has thousands of documents and probes
def _fields(kind: type) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None of a class that is none."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def _plain(value: Any) -> object:
    """Return a value that JSON cannot write as one that it can."""
    if (names := _fields(value.__class__)) is not None:
        return {name: getattr(value, name) for name in names}
    if isinstance(value, InputFile):
        return {"sha256": file_hash(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return {"array": digest, "shape": list(value.shape), "dtype": str(value.dtype)}
    raise TypeError(
        f"{type(value).__name__} {str(value)[:60]!r} cannot be part of what tells runs apart; expected "
        "text, numbers, dataclasses, settings, paths or arrays"
    )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, or of all files under a directory and their names.

    Raises:
        ObverseError: if it is not there or cannot be read.
    """
    try:
        if not path.exists():
            raise ObverseError(f"{path}: no such file or directory")
        if path.is_file():
            return _sha256(path, stamp_of(path.stat()))
    except (OSError, ValueError) as error:  # a name too long, or one with a NUL
        raise ObverseError(f"{str(path)[:200]}: cannot be read: {error}") from None
    digest = hashlib.sha256()
    for file in _files_under(path):
        name = file.relative_to(path).as_posix()
        digest.update(f"{name}\0{_sha256(file, stamp_of(file.stat()))}\n".encode())
    return digest.hexdigest()


def _files_under(folder: Path) -> Iterator[Path]:
    found, seen = [], set[tuple[int, int]]()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()  # a link leads back here
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    yield from sorted(path for path in found if path.is_file())


def stamp_of(status: os.stat_result) -> str:
    """Return what a change of a file changes: its inode, size, and times of change."""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


@lru_cache(1024)  # a study has files of its own by the hundred thousand, each read once
def _sha256(path: Path, _state: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ObverseError(f"{path}: cannot be read: {error.strerror or error}") from error
