"""What was asked of a fine-tuning service, written down before and after each step."""

import json
import os
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.strict_json import parse


class Ledger:
    """A JSON file of what is known of one job.

    `key` tells the job from all others. `doing` is the step that was begun last ("upload", "start"), so
    that a run that was killed in it looks whether it had come through; `file`, `job` and `model` are the
    service's names for what is there.

    Raises:
        ObverseError: if the file cannot be read or written, or is of another job.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._known: dict[str, Any] = {"key": key}
        if path.is_file():
            try:
                known = parse(path.read_text(encoding="utf-8"), path)
            except (OSError, ValueError) as error:
                raise ObverseError(f"{path}: cannot be read: {error}") from error
            if isinstance(known, dict) and known.get("key") == key:
                self._known = known

    def __getitem__(self, name: str) -> str | None:
        value = self._known.get(name)
        return None if value is None else str(value)

    def note(self, **facts: str | None) -> None:
        """Write down facts, whole or not at all, before going on."""
        self._known |= facts
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_suffix(".part")
            with beside.open("w", encoding="utf-8") as file:
                json.dump(self._known, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            raise ObverseError(f"{self.path}: cannot be written: {error.strerror or error}") from error
