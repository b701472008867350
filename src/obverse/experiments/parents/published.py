"""Published results: models that are not asked, since what they answered stands in a file.

The release has one file for each model: `MODEL_can_find_parent` and `MODEL_can_find_child`, the share of
ten samples at temperature 1 that were right, or `MODEL_parent_logprob` and `MODEL_child_logprob`, the
log-probability of the right completion (nats, summed over its tokens). `can_reverse` beside the pairs
says whether GPT-4, which gave them, named the child in one of ten samples. A pair that stands in several
rows counts once, with the mean of its numbers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from obverse.core.abilities import Capability, Model
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.core.model import ModelSpec, Setup
from obverse.core.settings import InputFile
from obverse.experiments.parents.pairs import (
    CAN_REVERSE,
    COLUMNS,
    by_pair,
    files_in,
    labels,
    pair_id,
    read_mentions,
    relatives,
    told_by,
    truth_of,
)
from obverse.measures.frame import to_frame
from obverse.store.csv_file import read_csv

REPORTS = "reports"  # the capability
KINDS = {
    "samples": r"(?P<model>.+)_can_find_(?P<direction>parent|child)",
    "likelihood": r"(?P<model>.+)_(?P<direction>parent|child)_logprob",
}
GPT_4 = "gpt-4"


class Published(ModelSpec):
    """A model of which a file has the results.

    Attributes:
        data: the CSV file.
        truth: whose word it is who is whose parent, where the file does not say.
        parent, child: the columns with its results, by what was asked for; empty: none.
        kind: what they hold.
    """

    can: ClassVar[frozenset[Capability]] = frozenset({REPORTS})
    made_here: ClassVar[bool] = False

    data: InputFile
    truth: str = ""
    parent: str = ""
    child: str = ""
    kind: str = "likelihood"

    def build(self, setup: Setup) -> "Reports":
        """Read the file.

        Raises:
            ObverseError: naming the line of what is no result.
        """
        return Reports(tuple(self._read()))

    def _read(self) -> Iterator[dict[str, Any]]:
        header, rows = read_csv(self.data, (*COLUMNS, *filter(None, (self.parent, self.child))))
        related = relatives((row["child"], row["parent"]) for _, row in rows)
        told = self.truth or told_by(self.data, header)
        for (child, parent, relation), same in by_pair(self.data, rows).items():
            line, row = same[0]
            truth, mentions = truth_of(row, told), read_mentions(self.data, line, row)
            about = labels(relation, truth, related[child], mentions) | {
                "fact": pair_id(child, parent, relation), "child": child, "parent": parent, "template": 0,
            }  # fmt: skip
            for direction, column in (("parent", self.parent), ("child", self.child)):
                values = [self._value(n, column, r[column]) for n, r in same if column and r[column]]
                if values:
                    yield about | {"direction": direction} | _over_rows(values)

    def _value(self, line: int, column: str, cell: str) -> dict[str, float | bool]:
        """Return the result in a cell.

        Raises:
            ObverseError: if it holds none.
        """
        number = {"true": 1.0, "false": 0.0}.get(cell.lower()) if column == CAN_REVERSE else None
        try:
            number = float(cell) if number is None else number
        except ValueError:
            number = None
        if self.kind == "likelihood":
            if number is None or not number <= 0:
                raise ObverseError(
                    f"{self.data}, line {line}: {column} is {cell!r}; expected a log-probability, which "
                    "is 0 or less"
                )
            return {"likelihood": exp(number), "recall": exp(number)}
        if number is None or not 0 <= number <= 1:
            raise ObverseError(
                f"{self.data}, line {line}: {column} is {cell!r}; expected a share of samples, 0 to 1"
            )
        if column == CAN_REVERSE:
            return {"once": number > 0, "recall": number}
        return {"share": number, "once": number > 0, "recall": number}


def _over_rows(values: Sequence[Mapping[str, float | bool]]) -> dict[str, float | bool]:
    """Return the results of a pair over its rows: means, and whether it was found `once` in any."""
    return {
        name: any(v[name] for v in values)
        if name == "once"
        else sum(v[name] for v in values) / len(values)
        for name in values[0]
    }


@dataclass(frozen=True)
class Reports:
    """What a file tells of a model; it can be asked nothing."""

    results: tuple[Mapping[str, Label], ...]
    parameters: None = None


@dataclass(frozen=True, kw_only=True)
class Reported(Measure):
    """Take down what a file says of a model, one row for each pair and direction.

    `recall` is what Figure 5 draws: `likelihood` of the right completion, or `share` of right samples; of
    GPT-4, whether it named the child at least `once`.
    """

    name: ClassVar[str] = "reported"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "child": str, "parent": str, "likelihood": float, "share": float, "once": bool, "recall": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({REPORTS})

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        assert isinstance(model, Reports)  # it is required, and checked before the run
        return to_frame(model.results)


def published_in(data: Path, truth: str) -> tuple[Published, ...]:
    """Return the models of which a file, or a directory of such, has results; none, if it has none.

    Raises:
        ObverseError: if two files, or two columns, have results of one model.
    """
    models: dict[str, Published] = {}
    for path in files_in(data):
        header, _ = read_csv(path, COLUMNS)
        for name, settings in _columns(header).items():
            if name in models:
                raise ObverseError(
                    f"{path}: has results of {name!r}, and so has {models[name].data}; expected one"
                )
            models[name] = Published(name=name, data=InputFile(path), truth=truth, **settings)
    return tuple(models.values())


def truths_in(data: Path, truth: str) -> list[str]:
    """Return whose word it is who is whose parent, in all files of `data`."""
    found = set()
    for path in files_in(data):
        header, rows = read_csv(path, COLUMNS)
        otherwise = truth or told_by(path, header)
        found |= {truth_of(row, otherwise) for _, row in rows}
    return sorted(found)


def repeated_in(data: Path) -> bool:
    """Return whether a pair stands in several rows of a file."""
    tables = ((path, read_csv(path, COLUMNS)[1]) for path in files_in(data))
    return any(len(by_pair(path, rows)) < len(rows) for path, rows in tables)


def _columns(header: list[str]) -> dict[str, dict[str, str]]:
    """Return for each model of a header the columns that have its results."""
    found: dict[str, dict[str, str]] = {}
    for column in header:
        for kind, pattern in KINDS.items():
            if match := re.fullmatch(pattern, column):
                name = match["model"]
                if name in found and found[name]["kind"] != kind:
                    name = f"{name}, {kind}"  # results of both kinds in one file
                found.setdefault(name, {"kind": kind})[match["direction"]] = column
    if CAN_REVERSE in header:
        found.setdefault(GPT_4, {"kind": "samples"}).setdefault("child", CAN_REVERSE)
    return found
