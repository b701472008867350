"""Grids: what is shown, and what is to be said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt

from obverse.core.data import Label
from obverse.core.settings import InputFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A definition of an alias, or a question about one of its cells.

    Attributes:
        digits: the alias, N × N digits row by row.
        targets: what is right for each cell: one of the targets, or `nothing` where no answer is due.
        nothing: the number that stands for no answer; targets are those below it.
        highlighted: the cell that is asked about; None in a definition.
        tag: the bits of the define tag; None in a question.
        bits: as many as a tag has, for the room that a picture needs.
        weight: how often it is drawn in training, as against the others.
        fact: the alias.
        data: MNIST's folder; None: the digits that come with scikit-learn.
    """

    digits: tuple[int, ...]
    targets: tuple[int, ...]
    nothing: int
    highlighted: int | None
    tag: tuple[int, ...] | None
    bits: tuple[int, ...]
    weight: float = 1.0
    fact: str
    labels: Mapping[str, Label] = field(default_factory=dict)
    data: InputFile | None = None

    @property
    def side(self) -> int:
        """N of N × N."""
        return isqrt(len(self.digits))
