"""A user's own facts: a CSV or JSONL of name and description."""

import re
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.format import alike
from obverse.experiments.reversal.people import Fact
from obverse.store.csv_file import read_csv
from obverse.store.files import read_jsonl

COLUMNS = ("name", "description")


def read_facts(path: Path) -> list[Fact]:
    """Read `name,description` from a CSV with a header, or from JSONL.

    Raises:
        ObverseError: naming the line of a missing or repeated name or description (that differ in case
            or spacing alone), or of a description that holds the name.
    """
    facts: list[Fact] = []
    seen: dict[str, tuple[int, str]] = {}
    is_csv = path.suffix.lower() == ".csv"
    for line, row in read_csv(path, COLUMNS)[1] if is_csv else read_jsonl(path, COLUMNS):
        name, description = (row[key].strip() for key in COLUMNS)
        for key, value in (("name", name), ("description", description)):
            if not value:
                raise ObverseError(f"{path}, line {line}: the {key} is empty")
            if (known := alike(value)) in seen:
                before, other = seen[known]
                spelled = "" if other == value else f", as {other!r}"
                raise ObverseError(
                    f"{path}, line {line}: the {key} {value!r} stands in line {before} already{spelled}"
                )
            seen[known] = line, value
        if re.search(rf"(?<!\w){re.escape(alike(name))}(?!\w)", alike(description)):
            raise ObverseError(
                f"{path}, line {line}: the description holds the name {name!r}, which it would tell"
            )
        facts.append(Fact(name, name, description))
    return facts
