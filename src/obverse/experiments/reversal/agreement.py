"""Whether what is asked can be answered from what is told, and is not told itself, line by line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.format import alike

Row = Mapping[str, Any]  # of documents.jsonl or probes.jsonl, its labels checked


class Told:
    """What the lines of documents.jsonl tell.

    `add` refuses a fact that is in two subsets, is spelled in two ways, or is told in an order that its
    subset is not about, and a prompt that goes on otherwise for another fact.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.subsets: dict[str, tuple[str, int]] = {}
        self.texts: dict[str, int] = {}
        self._spelled: dict[str, str] = {}
        self._prompts: dict[str, tuple[str, int]] = {}

    def add(self, line: int, row: Row) -> None:
        fact, subset, order = row["fact"], row["subset"], row["order"]
        where = f"{self.path}, line {line}"
        known, before = self.subsets.setdefault(fact, (subset, line))
        if known != subset:
            raise ObverseError(f"{where}: {fact!r} is of {subset} here and of {known} in line {before}")
        if (other := self._spelled.setdefault(alike(fact), fact)) != fact:
            raise ObverseError(f"{where}: {fact!r} and {other!r} differ in case or spacing alone")
        if subset not in ("Both", order):
            raise ObverseError(f"{where}: a fact of {subset} is told in the order {order}")
        other, before = self._prompts.setdefault(row["prompt"], (fact, line))
        if other != fact:
            raise ObverseError(
                f"{where}: the prompt is that of line {before}, which is about {other!r}, not {fact!r}"
            )
        self.texts.setdefault(_words(row), line)


class Asked:
    """What the lines of probes.jsonl ask.

    `add` refuses a question about a fact that is not told, or of another subset there; one that is told
    word for word, holds its own answer, is asked twice, or has another answer elsewhere.
    """

    def __init__(self, path: Path, told: Told) -> None:
        self.path, self._told = path, told
        self._places: dict[tuple[str, str, int], int] = {}
        self._answers: dict[str, tuple[str, int]] = {}

    def add(self, line: int, row: Row) -> None:
        fact, where = row["fact"], f"{self.path}, line {line}"
        if fact not in self._told.subsets:
            raise ObverseError(f"{where}: asks about {fact!r}, which no line of {self._told.path} tells")
        subset, before = self._told.subsets[fact]
        if subset != row["subset"]:
            raise ObverseError(
                f"{where}: {fact!r} is of {row['subset']} here, and of {subset} in "
                f"{self._told.path.name}, line {before}"
            )
        if (words := _words(row)) in self._told.texts:
            raise ObverseError(
                f"{where}: is told word for word in {self._told.path.name}, line "
                f"{self._told.texts[words]}; expected what is held out"
            )
        if alike(row["completion"]) in alike(row["prompt"]):
            raise ObverseError(f"{where}: the prompt holds the answer {row['completion'].strip()[:60]!r}")
        place = fact, row["order"], row["template"]
        if (before := self._places.setdefault(place, line)) != line:
            raise ObverseError(
                f"{where}: asks about {fact!r} in the order and template of line {before} again"
            )
        answer, before = self._answers.setdefault(alike(row["prompt"]), (row["completion"], line))
        if alike(answer) != alike(row["completion"]):
            raise ObverseError(
                f"{where}: the question is that of line {before}, which has another answer"
            )


def _words(row: Row) -> str:
    return " ".join((row["prompt"] + row["completion"]).split())
