"""Classification data as the Inverse Scaling Prize writes it: CSV, JSONL, and the hub's variant.

prompt,classes,answer_index[,part,round]      classes as a list: "[' A', ' B']"
text,classes,target[,part,round]              the hub's names for the same
"""

import ast
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from obverse.core.errors import ObverseError
from obverse.core.strict_json import problem_of
from obverse.store.csv_file import read_csv
from obverse.store.files import read_jsonl, write_text

NAMES = {"prompt": ("prompt", "text"), "answer_index": ("answer_index", "target")}


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt, its classes (with their leading spaces) and the index of the right one."""

    prompt: str
    classes: tuple[str, ...]
    answer_index: int
    part: str | None = None
    round: str | None = None


def write(cases: Sequence[Case], path: Path, hub: bool = False) -> None:
    """Write CSV or JSONL by the path's ending, in the prize's columns or the hub's."""
    prompt, answer = ("text", "target") if hub else ("prompt", "answer_index")
    extra = [k for k in ("part", "round") if any(getattr(c, k) is not None for c in cases)]
    table = [
        {prompt: c.prompt, "classes": list(c.classes), answer: c.answer_index}
        | {k: getattr(c, k) for k in extra}
        for c in cases
    ]
    if path.suffix == ".jsonl":
        write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table))
        return
    out = StringIO()
    # Python's writer does not quote a carriage return by itself, which its reader then refuses.
    quoting: Literal[0, 2] = csv.QUOTE_MINIMAL
    if any("\r" in case.prompt for case in cases):
        quoting = csv.QUOTE_NONNUMERIC
    names = [prompt, "classes", answer, *extra]
    writer = csv.DictWriter(out, names, lineterminator="\n", quoting=quoting)
    writer.writeheader()
    writer.writerows(row | {"classes": str(row["classes"])} for row in table)
    write_text(path, out.getvalue())


def read(path: Path) -> list[Case]:
    """Read CSV or JSONL in either naming. An item that stands in several lines is one item.

    Raises:
        ObverseError: naming the line of whatever is missing or out of range, of columns that disagree, or
            of an item that an earlier line answers otherwise.
    """
    cases: list[Case] = []
    seen: dict[tuple[str, tuple[str, ...]], tuple[int, str]] = {}
    for line, cells in _rows(path):
        case = _case(path, line, cells)
        right = case.classes[case.answer_index]
        before, other = seen.setdefault((case.prompt, tuple(sorted(case.classes))), (line, right))
        if other != right:
            raise ObverseError(
                f"{path}, line {line}: the item of line {before} again, whose right answer is {other!r} "
                f"there and {right!r} here"
            )
        if before == line:
            cases.append(case)
    return cases


def _rows(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    if path.suffix == ".jsonl":
        return read_jsonl(path, ())
    return read_csv(path, strip=False, allowed="\n\r\t")[1]


def _case(path: Path, line: int, cells: dict[str, Any]) -> Case:
    where = f"{path}, line {line}"

    def cell(*names: str) -> Any:
        given = [name for name in names if cells.get(name) is not None]
        for other in given[1:]:
            if str(cells[other]) != str(cells[given[0]]):
                raise ObverseError(
                    f"{where}: {given[0]} and {other} are names of one thing, and differ; expected one"
                )
        if given:
            return cells[given[0]]
        raise ObverseError(f"{where}: no {' or '.join(names)}; found {sorted(map(str, cells))}")

    classes = _classes(where, cell("classes"))
    answer = cell(*NAMES["answer_index"])
    try:
        if isinstance(answer, bool | float):
            raise ValueError
        index = int(answer)
    except (TypeError, ValueError):
        raise ObverseError(f"{where}: the answer index must be a whole number, got {answer!r}") from None
    if not 0 <= index < len(classes):
        raise ObverseError(f"{where}: answer index {index} for {len(classes)} classes")
    prompt = cell(*NAMES["prompt"])
    if not isinstance(prompt, str) or not prompt:
        raise ObverseError(f"{where}: the prompt must be text, got {prompt!r}")
    part, turn = (str(cells[k]) if cells.get(k) not in (None, "") else None for k in ("part", "round"))
    return Case(prompt, classes, index, part, turn)


def _classes(where: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            raise ObverseError(
                f"{where}: classes must be a list such as [' A', ' B'], got {value!r}"
            ) from None
    if not isinstance(value, list | tuple) or not all(isinstance(c, str) and c for c in value):
        raise ObverseError(f"{where}: classes must be a list of texts, got {value!r}")
    for one in value:  # a list that is written as Python has it may hold what no file of UTF-8 does
        if (problem := problem_of(one)) is not None:
            raise ObverseError(f"{where}: classes: {problem}")
    if len(value) < 2 or len(set(value)) != len(value):
        raise ObverseError(f"{where}: at least two different classes are needed, got {value!r}")
    return tuple(value)
