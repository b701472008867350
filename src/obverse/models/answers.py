"""Answers of a server, written down as they come, so that none is asked for twice."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.strict_json import parse


class Answers:
    """A JSONL file of `{"key": …, "value": …}`; the key is a hash of what was asked.

    Several threads of one process may add to it. A line is on the disk before the next question is asked
    in its place, so that a kill loses the answers that were on their way, and no others.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            kept = path.read_bytes()
            whole = kept[: kept.rfind(b"\n") + 1]
            self._file = path.open("ab")
            self._file.truncate(len(whole))  # a kill may have cut the last line
        except OSError as error:
            raise ObverseError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._known = dict(_read(whole))
        self._asked: dict[str, Lock] = {}

    def once(self, question: object, ask: Callable[[], Any]) -> Any:
        """Return the answer to `question`, for which `ask` is called if there is none yet.

        Of several threads that have the same question, one asks it.
        """
        with self._lock:
            alone = self._asked.setdefault(_key(question), Lock())
        with alone:
            known = self.get(question)
            if known is None:
                known = ask()
                self.add(question, known)
            return known

    def get(self, question: object) -> Any:
        """Return the answer to `question` (anything that JSON can hold), or None."""
        return self._known.get(_key(question))

    def add(self, question: object, answer: object) -> None:
        """Write down an answer.

        Raises:
            ObverseError: if the file cannot be written.
        """
        key = _key(question)
        line = json.dumps({"key": key, "value": answer}, allow_nan=False) + "\n"
        with self._lock:
            try:
                self._file.write(line.encode())
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise ObverseError(
                    f"{self.path}: cannot be written: {error.strerror or error}"
                ) from error
            self._known[key] = answer

    def close(self) -> None:
        self._file.close()


def _read(whole: bytes) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            row = parse(line.decode(), "answers", number)
            if isinstance(row["key"], str):
                yield row["key"], row["value"]
        except (ObverseError, ValueError, KeyError, TypeError):
            continue  # a full disk may have cut a line; what it held is asked again


def _key(question: object) -> str:
    return hashlib.sha256(json.dumps(question).encode()).hexdigest()[:32]
