"""A user's own facts: a CSV or JSONL of name and description."""

from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.experiments.reversal.people import Fact
from obverse.store.csv_file import read_csv
from obverse.store.files import read_jsonl

COLUMNS = ("name", "description")


def read_facts(path: Path) -> list[Fact]:
    """Read `name,description` from a CSV with a header, or from JSONL.

    Raises:
        ObverseError: naming the line of a missing or repeated name or description.
    """
    facts: list[Fact] = []
    seen: dict[str, int] = {}
    is_csv = path.suffix.lower() == ".csv"
    for line, row in read_csv(path, COLUMNS)[1] if is_csv else read_jsonl(path, COLUMNS):
        name, description = (row[key].strip() for key in COLUMNS)
        for key, value in (("name", name), ("description", description)):
            if not value:
                raise ObverseError(f"{path}, line {line}: the {key} is empty")
            if value in seen:
                raise ObverseError(
                    f"{path}, line {line}: the {key} {value!r} stands in line {seen[value]} already"
                )
            seen[value] = line
        facts.append(Fact(name, name, description))
    return facts
