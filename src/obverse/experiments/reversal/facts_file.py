"""A user's own facts: a CSV or JSONL of name and description."""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.experiments.reversal.people import Fact
from obverse.store.files import read_jsonl, read_text

COLUMNS = ("name", "description")


def read_facts(path: Path) -> list[Fact]:
    """Read `name,description` from a CSV with a header, or from JSONL.

    Raises:
        ObverseError: naming the line of a missing or repeated name or description.
    """
    facts: list[Fact] = []
    seen: dict[str, int] = {}
    for line, row in _csv_rows(path) if path.suffix == ".csv" else read_jsonl(path, COLUMNS):
        name, description = ((row[key] or "").strip() for key in COLUMNS)
        for key, value in (("name", name), ("description", description)):
            if not value:
                raise ObverseError(f"{path}, line {line}: the {key} is empty")
            if value in seen:
                raise ObverseError(
                    f"{path}, line {line}: the {key} {value!r} stands in line {seen[value]} already"
                )
            seen[value] = line
        facts.append(Fact(name, name, description))
    if not facts:
        raise ObverseError(f"{path}: no facts; expected rows of name,description")
    return facts


def _csv_rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(StringIO(read_text(path)), strict=True)
    try:
        header = reader.fieldnames or []
        for key in COLUMNS:
            if key not in header:
                raise ObverseError(f"{path}, line 1: no column {key!r}; found {list(header)}")
        for row in reader:
            if None in row or None in row.values():
                raise ObverseError(
                    f"{path}, line {reader.line_num}: the row does not have "
                    f"{len(header)} cells; put text with commas in quotes"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise ObverseError(f"{path}, line {max(1, reader.line_num)}: not valid CSV: {error}") from None
