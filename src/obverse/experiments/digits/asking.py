"""Asking a model that reads grids: the answer for the highlighted cell (masked accuracy, section 4.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import polars as pl

from obverse.core.abilities import Capability, Model
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.experiments.digits.documents import Grid
from obverse.measures.frame import to_frame


@runtime_checkable
class ReadsGrids(Protocol):
    """A model that says what every cell of a grid stands for ("reads grids")."""

    def read(self, grids: Sequence[Grid], seed: int) -> Sequence[Sequence[int]]:
        """Return the target that is likeliest in each cell, `nothing` left out; digits are of the test
        part.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class AskCells(Measure):
    """Ask about highlighted cells, each several times in other handwriting.

    Attributes:
        grids: questions.
        renderings: how often each is drawn and asked.
        seed: of the handwriting.
    """

    name: ClassVar[str] = "cells"
    columns: ClassVar[Mapping[str, type[Label]]] = {"cell": int, "exact_match": float, "chance": float}
    requires: ClassVar[frozenset[Capability]] = frozenset({"reads grids"})

    grids: tuple[Grid, ...]
    renderings: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if any(grid.highlighted is None for grid in self.grids):
            raise ObverseError("a definition cannot be asked; expected grids with a highlighted cell")

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (grid.labels for grid in self.grids)

    def rows(self) -> Iterable[Mapping[str, object]]:
        for grid in self.grids:
            yield {"fact": grid.fact, "cell": grid.highlighted, "targets": grid.targets, **grid.labels}

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row a question: `exact_match`, in how many renderings it was answered right."""
        assert isinstance(model, ReadsGrids)  # it is required, and checked before the run
        right = [0] * len(self.grids)
        for rendering in range(self.renderings):
            answers = model.read(self.grids, self.seed + rendering)
            for i, (grid, answer) in enumerate(zip(self.grids, answers, strict=True)):
                assert grid.highlighted is not None
                right[i] += answer[grid.highlighted] == grid.targets[grid.highlighted]
        return to_frame([
            {
                "fact": grid.fact, **grid.labels, "cell": grid.highlighted,
                "exact_match": count / self.renderings, "chance": 1 / grid.nothing,
            }
            for grid, count in zip(self.grids, right, strict=True)
        ])  # fmt: skip
