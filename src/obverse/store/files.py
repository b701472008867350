"""Files written whole or not at all, and read with errors that name the line."""

import errno
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obverse.core.errors import ObverseError
from obverse.core.format import harmless
from obverse.core.strict_json import parse, problem_of, shown

if TYPE_CHECKING:
    import polars as pl


LONGEST = 100  # bytes of a name that others are made of by adding to it; a system takes 255
FULL = (errno.ENOSPC, errno.EDQUOT)
MAKE_ROOM = "make room there and give the same command again"
UNFINISHED = ".unfinished-"  # part of the names of files that are being written
# A control character as JSON writes it, behind any number of backslashes that are written as two.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u00[01][0-9a-f]|b|f)")


def unwritten(path: Path, error: OSError) -> ObverseError:
    """Return what to say of a file or directory that cannot be written."""
    remedy = f"; {MAKE_ROOM}" if error.errno in FULL else ""
    return ObverseError(f"{path}: cannot be written: {error.strerror or error}{remedy}")


def no_room(error: Exception, folder: Path) -> ObverseError | None:
    """Return what to say of an error whose reason is that the disk of a folder is full; None: it is not.

    Libraries pass on what the system says in their own words (safetensors), or not at all (torch).
    """
    if isinstance(error, OSError) and error.errno in FULL:
        return unwritten(Path(error.filename or folder), error)
    full = f"os error {errno.ENOSPC})" in str(error) or os.statvfs(folder).f_bavail == 0
    return unwritten(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) if full else None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give the name of a file to write, which takes the place of `path` once it is written whole.

    Raises:
        ObverseError: if the directory cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beginning = path.name.encode()[:LONGEST].decode(errors="ignore")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{beginning}{UNFINISHED}")
        os.close(handle)
        yield Path(temporary)
        with Path(temporary).open("rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritten(path, error) from error
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all.

    Raises:
        ObverseError: if the directory cannot be written or the disk is full.
    """
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)


def sweep(*folders: Path, of: Container[str] | None = None) -> None:
    """Remove what a kill in the middle of writing has left in folders that one process holds.

    Where others may be writing, only what belongs to `of` goes: what its name begins with, up to a dot.
    """
    for folder in folders:
        for path in folder.glob(f".*{UNFINISHED}*"):
            if of is None or path.name[1:].partition(".")[0] in of:
                path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all.

    Raises:
        ObverseError: as `write_bytes`, and if there is half a surrogate pair in it.
    """
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"U+{ord(text[error.start]):04X}, half a surrogate pair"
        raise ObverseError(f"{path}: cannot be written as UTF-8: the text holds {found}") from None
    write_bytes(path, content)


def write_json(path: Path, value: object) -> None:
    """Write a value; what `read_json` would refuse in text (a control character of a command line, say)
    becomes a replacement character."""
    # JSON has no NaN; a missing value is null.
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, harmless(_ESCAPED.sub("\\1\ufffd", text)))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_parquet(path: Path, frame: "pl.DataFrame") -> None:
    import io

    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    write_bytes(path, buffer.getvalue())


def read_text(path: Path) -> str:
    """Read a UTF-8 file.

    Raises:
        ObverseError: if it is not there, cannot be read or is not UTF-8 (naming the line).
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ObverseError(f"{path}: cannot be read: {error.strerror or error}") from error
    return _decoded(raw, path, 1)


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file, which are read one at a time.

    Raises:
        ObverseError: as `read_text`.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield _decoded(line.rstrip(b"\n"), path, number)
    except OSError as error:
        raise ObverseError(f"{path}: cannot be read: {error.strerror or error}") from error


def _decoded(raw: bytes, path: Path, first: int) -> str:
    """Return the text of bytes that begin with the line number `first` of a file."""
    try:
        return raw.decode("utf-8-sig" if first == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first + raw.count(b"\n", 0, error.start)
        raise ObverseError(
            f"{path}, line {line}: not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8"
        ) from None


def refuse_controls(text: str, where: str, allowed: str = "") -> None:
    """Refuse text with a control character, which a terminal obeys and no figure can hold.

    Raises:
        ObverseError: beginning with `where`.
    """
    found = next((c for c in text if unicodedata.category(c) == "Cc" and c not in allowed), None)
    if found is not None:
        raise ObverseError(f"{where}: {text[:60]!r} holds the control character U+{ord(found):04X}")
    if (problem := problem_of(text)) is not None:
        raise ObverseError(f"{where}: {problem}")


def refuse_no_folder(path: Path) -> None:
    """Refuse a directory to write to that is a file, or is in one.

    Raises:
        ObverseError: naming the file.
    """
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            where = "" if place == path else f"{path}: "
            raise ObverseError(f"{where}{place} is a file; name a directory to write to (--out)")


def safe_name(text: str) -> str:
    """Return `text` as the name of a file or directory, at most 60 letters and LONGEST bytes long."""
    name = "".join(c if c.isalnum() or c in "-." else "-" for c in text).strip("-.")[:60]
    return name.encode()[:LONGEST].decode(errors="ignore")


def read_json(path: Path) -> Any:
    """Return what a file of JSON says (`core.strict_json.parse`).

    Raises:
        ObverseError: naming file and line.
    """
    return parse(read_text(path), path)


def read_jsonl(path: Path, keys: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)` of a JSONL file whose objects have the text values `keys`.

    Raises:
        ObverseError: if the file is empty, or a line is not an object with those keys.
    """
    needed = tuple(keys)
    empty = True
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        empty = False
        row = parse(line, path, number)
        if not isinstance(row, dict):
            raise ObverseError(f"{path}, line {number}: expected an object, got {line[:60]}")
        for key in needed:
            if key not in row:
                raise ObverseError(f"{path}, line {number}: no key {key!r}; found {sorted(row)}")
            if not isinstance(row[key], str):
                raise ObverseError(f"{path}, line {number}: {key!r} must be text, got {shown(row[key])}")
        yield number, row
    if empty:
        raise ObverseError(f"{path}: empty; expected one JSON object a line")
