"""Rows of a JSONL file that are prompts with completions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.store.files import read_jsonl


def read_rows(path: Path, *labels: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)` of a file whose objects have `prompt`, `completion` and `labels`.

    Raises:
        ObverseError: naming the line where one of them is missing, is no text, or is blank.
    """
    for line, row in read_jsonl(path, ("prompt", "completion", *labels)):
        for key in ("prompt", "completion"):
            if not row[key].strip():
                raise ObverseError(f"{path}, line {line}: {key!r} is blank")
        yield line, row
