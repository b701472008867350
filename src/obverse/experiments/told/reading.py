"""A directory of documents and questions, as `obverse data` writes one or a user does.

    documents.jsonl     what is told: prompt, completion, fact and labels
    ask.jsonl           what is asked: prompt, targets, fact and labels (core.data.Probe has all keys)
    perplexity.jsonl    held-out texts, if there are any

or a folder NN-NAME with these for each of several stages.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from obverse.core.content import file_hash
from obverse.core.data import TAKEN, Document, Label, Match, Probe
from obverse.core.errors import ObverseError
from obverse.core.strict_json import shown
from obverse.store.files import read_jsonl

DOCUMENTS, QUESTIONS, TEXTS = "documents.jsonl", "ask.jsonl", "perplexity.jsonl"
MATCHES = (None, *get_args(Match))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """What one stage tells and asks; `lines` are those of the questions in their file."""

    name: str
    folder: Path
    documents: tuple[Document, ...]
    probes: tuple[Probe, ...]
    lines: tuple[int, ...]
    texts: tuple[Document, ...]


def read_parts(folder: Path) -> tuple[Part, ...]:
    """Read a directory; the same content is read once.

    Raises:
        ObverseError: naming the file and line at fault, or what a directory should hold.
    """
    return _read(folder, file_hash(folder))


def label_types(parts: Collection[Part]) -> dict[str, type[Label]]:
    """Return the labels of all questions and held-out texts with their types; whole numbers and others
    are numbers.

    Raises:
        ObverseError: if one is text here and a number there.
    """
    found: dict[str, type[Label]] = {}
    for part in parts:
        rows = [probe.labels for probe in part.probes] + [text.labels for text in part.texts]
        for labels in rows:
            for name, value in labels.items():
                kind = found.setdefault(name, type(value))
                if kind is not type(value):
                    if {kind, type(value)} != {int, float}:
                        raise ObverseError(
                            f"{part.folder}: the label {name!r} is {value!r} in one line and of the type "
                            f"{kind.__name__} in another; expected one type"
                        )
                    found[name] = float
    return found


@lru_cache(maxsize=4)
def _read(folder: Path, _content: str) -> tuple[Part, ...]:
    if not folder.is_dir():
        raise ObverseError(f"{folder}: expected a directory with {DOCUMENTS} and {QUESTIONS}")
    if (folder / DOCUMENTS).is_file():
        return (_part("telling", folder),)
    stages = sorted(f for f in folder.iterdir() if (f / DOCUMENTS).is_file() or (f / QUESTIONS).is_file())
    if not stages:
        below = sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
        more = f"; name one of its folders: {', '.join(below[:6])}" if below else ""
        raise ObverseError(f"{folder}: no {DOCUMENTS} in it, nor in folders NN-STAGE below{more}")
    return tuple(_part(re.sub(r"^\d+-", "", stage.name), stage) for stage in stages)


def _part(name: str, folder: Path) -> Part:
    asked = list(_rows(folder / QUESTIONS, _probe))
    told = tuple(document for _, document in _rows(folder / DOCUMENTS, _document))
    texts = tuple(text for _, text in _rows(folder / TEXTS, _document))
    if not (asked or texts or told):
        raise ObverseError(f"{folder}: tells and asks nothing")
    ids: dict[str, int] = {}
    for line, probe in asked:
        if (before := ids.setdefault(probe.id, line)) != line:
            raise ObverseError(
                f"{folder / QUESTIONS}, line {line}: has the id {probe.id!r} of line {before}"
            )
    return Part(
        name, folder, told, tuple(probe for _, probe in asked), tuple(line for line, _ in asked), texts
    )


def _rows(path: Path, made: Callable[[dict[str, Any], str], T]) -> Iterator[tuple[int, T]]:
    """Yield line numbers and what is made of them; nothing if the file is not there or is empty."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    for line, row in read_jsonl(path, ()):
        yield line, made(row, f"{path}, line {line}")


def _document(row: dict[str, Any], where: str) -> Document:
    text = row.pop("text", None)  # the harness's own column in some files, and a common name elsewhere
    completion = _text(row, "completion", where) if "completion" in row else text
    if not isinstance(completion, str) or not completion.strip():
        raise ObverseError(f"{where}: expected 'completion', the text that is told behind 'prompt'")
    prompt, fact = (_text(row, key, where) if row.get(key) else "" for key in ("prompt", "fact"))
    return Document(prompt=prompt, completion=completion, fact=fact, labels=_labels(row, where))


def _probe(row: dict[str, Any], where: str) -> Probe:
    targets = row.get("targets") or [row.get(key) for key in ("target", "completion") if row.get(key)]
    match, chance = row.get("match", "words"), row.get("chance")
    if match not in MATCHES:
        raise ObverseError(f"{where}: 'match' is {shown(match)}; expected one of {MATCHES[1:]} or null")
    if chance is not None and (type(chance) not in (int, float) or not 0 <= chance <= 1):
        raise ObverseError(f"{where}: 'chance' is {shown(chance)}; expected a number from 0 to 1")
    if not targets:
        raise ObverseError(f"{where}: expected 'targets', the accepted answers as they follow the prompt")
    try:
        return Probe(
            id=_text(row, "id", where) if row.get("id") else where.rpartition(" ")[2],
            prompt=_text(row, "prompt", where),
            targets=_texts(targets, "targets", where),
            fact=_text(row, "fact", where),
            candidates=_texts(row.get("candidates") or [], "candidates", where),
            control=_text(row, "control", where) if row.get("control") else None,
            chance=chance,
            match=match,
            labels=_labels({k: v for k, v in row.items() if k != "target"}, where),
        )
    except ValueError as error:
        raise ObverseError(f"{where}: {error}") from None


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ObverseError(f"{where}: {key!r} is {shown(value)}; expected text")
    return value


def _texts(values: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise ObverseError(f"{where}: {key!r} is {shown(values)}; expected a list of texts")
    return tuple(values)


def _labels(row: Mapping[str, Any], where: str) -> dict[str, Label]:
    """Return what a line says beside what documents and probes have; null is no label."""
    labels = {key: value for key, value in row.items() if key not in TAKEN and value is not None}
    for key, value in labels.items():
        if not isinstance(value, str | int | float):
            raise ObverseError(f"{where}: the label {key!r} is {shown(value)}; expected text or a number")
    return labels
