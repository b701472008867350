"""Real children and parents, read from a CSV of `child,parent,parent_type`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.store.csv_file import read_csv

COLUMNS = ("child", "parent", "parent_type")
ALTERNATIVES = ("child_alternatives", "parent_alternatives")
MENTIONS = ("child_mentions", "parent_mentions")
TRUTH = "truth"
RELEASED_PAIRS = "parent_child_pairs.csv"
RELATIONS = ("mother", "father")
CAN_REVERSE = "can_reverse"  # of the release alone, whose pairs GPT-4 gave (section 2.2 of the paper)
GPT_4 = "GPT-4's word (Berglund et al. 2023)"
UNKNOWN = "not stated"
Key = tuple[str, str, str]  # child, parent, relation
Line = tuple[int, dict[str, str]]  # number and cells
TWICE = 2.0  # as often as the other one, at most, counts as equally often


@dataclass(frozen=True, slots=True, kw_only=True)
class RealPair:
    """A child and a parent as a file has them.

    Attributes:
        truth: whose word it is that they are.
        children, parents: all accepted answers, the pair's own people first.
        relatives: one of the people whom the file connects with them, the same for all of these.
        mentions: how often child and parent are named elsewhere; None where that is not known.
    """

    child: str
    parent: str
    relation: str
    truth: str
    children: tuple[str, ...]
    parents: tuple[str, ...]
    relatives: str
    mentions: tuple[float, float] | None = None

    @property
    def id(self) -> str:
        return pair_id(self.child, self.parent, self.relation)

    @property
    def labels(self) -> dict[str, Label]:
        return labels(self.relation, self.truth, self.relatives, self.mentions)


def pair_id(child: str, parent: str, relation: str) -> str:
    return f"{child} / {relation} {parent}"


def labels(
    relation: str, truth: str, relatives: str, mentions: tuple[float, float] | None
) -> dict[str, Label]:
    """Return the labels that rows about a pair have."""
    known: dict[str, Label] = {"relation": relation, "truth": truth, "relatives": relatives}
    if mentions is None:
        return known
    child, parent = mentions
    return known | {
        "child_mentions": child, "parent_mentions": parent, "frequency": frequency(child, parent),
    }  # fmt: skip


def frequency(child: float, parent: float) -> str:
    """Return who is mentioned more often, at least twice as often as the other: child, parent, equal."""
    if child > TWICE * parent:
        return "child"
    return "parent" if parent > TWICE * child else "equal"


def files_in(data: Path) -> list[Path]:
    """Return the CSV files of a directory, or the one file that is named.

    Raises:
        ObverseError: if there is none.
    """
    if not data.is_dir():
        return [data]
    found = sorted(p for p in data.glob("*.csv") if not p.name.startswith("."))
    if not found:
        raise ObverseError(f"{data}: no CSV file in it; expected {','.join(COLUMNS)}")
    return found


def pairs_file(data: Path) -> Path:
    """Return the file that has the pairs: the only one, or that of the release.

    Raises:
        ObverseError: if it is not clear which.
    """
    files = files_in(data)
    named = [path for path in files if path.name == RELEASED_PAIRS]
    if len(files) == 1 or named:
        return (named or files)[0]
    raise ObverseError(
        f"{data}: {len(files)} CSV files and none is called {RELEASED_PAIRS}; name the one with the pairs"
    )


def has_mentions(data: Path) -> bool:
    """Return whether a file, or one of a directory, tells how often people are mentioned."""
    return any(set(MENTIONS) <= set(read_csv(path, COLUMNS)[0]) for path in files_in(data))


def read_pairs(data: Path, truth: str) -> list[RealPair]:
    """Read pairs from a file, or from a directory that has one.

    Two children of a parent are both answers to a question for a child of hers or his; two mothers, or
    fathers, of a child likewise. A pair that stands in several rows is one pair.

    Raises:
        ObverseError: naming the line where a cell is empty, no mother or father is meant, or a row
            contradicts another one about the same people.
    """
    path = pairs_file(data)
    header, rows = read_csv(path, COLUMNS)
    _refuse_misnamed(path, header)
    seen = by_pair(path, rows)
    alternatives: dict[str, dict[str, None]] = {}
    for _, row in rows:
        for person, column in zip(COLUMNS, ALTERNATIVES, strict=False):
            for other in re.split(r"[;|]", row.get(column) or ""):
                if other.strip():
                    alternatives.setdefault(row[person], {})[other.strip()] = None
    children: dict[str, dict[str, None]] = {}
    parents: dict[tuple[str, str], dict[str, None]] = {}
    for child, parent, relation in seen:
        children.setdefault(parent, {})[child] = None
        parents.setdefault((child, relation), {})[parent] = None
    related = relatives((child, parent) for child, parent, _ in seen)
    truth = truth or told_by(path, header)
    found = []
    for (child, parent, relation), [(line, row), *_] in seen.items():
        found.append(
            RealPair(
                child=child, parent=parent, relation=relation, truth=truth_of(row, truth),
                children=_accepted(child, children[parent], alternatives),
                parents=_accepted(parent, parents[child, relation], alternatives),
                relatives=related[child], mentions=read_mentions(path, line, row),
            )
        )  # fmt: skip
    return found


def by_pair(path: Path, rows: Iterable[Line]) -> dict[Key, list[Line]]:
    """Return the rows of each pair, in the order of the file. The release has some pairs twice.

    Raises:
        ObverseError: naming two lines with the same people that do not say the same of them.
    """
    first: dict[tuple[str, str], tuple[Key, Line]] = {}
    found: dict[Key, list[Line]] = {}
    for line, row in rows:
        key = read_key(path, line, row)
        known, (at, before) = first.setdefault(key[:2], (key, (line, row)))
        differ = [c for c in (*MENTIONS, TRUTH) if row.get(c) != before.get(c)]
        if known != key or differ:
            column = differ[0] if known == key else "parent_type"
            raise ObverseError(
                f"{path}, line {line}: {row['child']!r} and {row['parent']!r} stand in line {at} "
                f"already, with another {column}: {before[column]!r} there, {row[column]!r} here"
            )
        found.setdefault(key, []).append((line, row))
    return found


def read_key(path: Path, line: int, row: Mapping[str, str]) -> Key:
    """Return child, parent and relation of a row; the release writes some as `ParentType.MOTHER`.

    Raises:
        ObverseError: if one is empty, or the relation is none.
    """
    for column in COLUMNS:
        if not row[column]:
            raise ObverseError(f"{path}, line {line}: the {column} is empty")
    relation = row["parent_type"].lower().removeprefix("parenttype.")
    if relation not in RELATIONS:
        raise ObverseError(
            f"{path}, line {line}: parent_type is {row['parent_type']!r}; expected mother or father"
        )
    if row["child"] == row["parent"]:
        raise ObverseError(f"{path}, line {line}: {row['child']!r} is child and parent")
    return row["child"], row["parent"], relation


def truth_of(row: Mapping[str, str], otherwise: str) -> str:
    """Return whose word a row is, which its own cell may say."""
    return row.get(TRUTH) or otherwise


def told_by(path: Path, header: list[str]) -> str:
    """Return whose word a file of the release is, by a column that it or the pairs beside it have."""
    beside = path.with_name(RELEASED_PAIRS)
    if CAN_REVERSE not in header and beside.is_file():
        header, _ = read_csv(beside, ())
    return GPT_4 if CAN_REVERSE in header else UNKNOWN


def relatives(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each person one of all those whom pairs connect, the same one for all of these."""
    known: dict[str, list[str]] = {}
    for child, parent in pairs:
        one, other = known.setdefault(child, [child]), known.setdefault(parent, [parent])
        if one is not other:
            one += other
            known |= dict.fromkeys(other, one)
    return {person: group[0] for person, group in known.items()}


def _refuse_misnamed(path: Path, header: list[str]) -> None:
    """Refuse columns that were meant to be read and would not be."""
    for name in header:
        if name not in (*ALTERNATIVES, *MENTIONS) and re.search("altern|alias|mention", name.lower()):
            raise ObverseError(
                f"{path}, line 1: the column {name!r} is not known; expected "
                f"{', '.join((*ALTERNATIVES, *MENTIONS))}"
            )


def _accepted(
    own: str, others: Mapping[str, None], alternatives: Mapping[str, Mapping[str, None]]
) -> tuple[str, ...]:
    names = {own: None, **alternatives.get(own, {})}
    for other in others:
        names |= {other: None, **alternatives.get(other, {})}
    return tuple(names)


def read_mentions(path: Path, line: int, row: Mapping[str, str]) -> tuple[float, float] | None:
    """Return how often both are mentioned, where both cells are filled.

    Raises:
        ObverseError: if a cell holds no such number, or one is filled and the other empty.
    """
    cells = [row.get(column) or "" for column in MENTIONS]
    if not any(cells):
        return None
    counts = []
    for column, cell in zip(MENTIONS, cells, strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ObverseError(
                f"{path}, line {line}: {column} is {cell!r}; expected a number of mentions, 0 or more"
            )
        counts.append(value)
    return counts[0], counts[1]
