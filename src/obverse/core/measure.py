"""The Measure contract: what is found out about a model at one moment."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, ClassVar

from obverse.core.abilities import Capability, Model
from obverse.core.data import Label

if TYPE_CHECKING:
    import polars as pl


def _nobody(reason: str, count: int) -> None:
    """Take no note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a measure is taken, and of which run; all but `leave_out` are columns of every table.

    `leave_out(reason, count)` is for a measure to say that it left something out; the reasons and counts
    of a run's last moment stand on the page.
    """

    run: str
    model: str
    parameters: int | None
    family: str | None
    variant: str | None
    seed: int
    branch: int
    stage: str
    epoch: int
    step: int
    tokens: int | None
    final: bool
    leave_out: Callable[[str, int], None] = _nobody


# The leading columns of every measure's table. `fact` is what a row is about, the unit that intervals
# resample; measures give it themselves.
LEADING: dict[str, type[Label]] = {
    "run": str, "model": str, "parameters": int, "family": str, "variant": str, "seed": int,
    "branch": int, "stage": str, "epoch": int, "step": int, "tokens": int, "final": bool, "fact": str,
}  # fmt: skip


class Measure(ABC):
    """What is found out about a model at one moment: a function of both that returns a table.

    A measure is a frozen dataclass whose fields determine its result. The loop puts the leading columns
    before those it returns, fills in what is missing with nulls, and refuses columns that neither the
    measure nor the experiment declares.

    Attributes:
        name: what its table is called; measures of one name share a table.
        columns: the columns it gives, beside `fact` and the experiment's labels. Fixed for a class.
        requires: what a model has to be able to do for it.
        version: raised whenever the same fields would give another result.
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, type[Label]]]
    requires: ClassVar[frozenset[Capability]] = frozenset()
    version: ClassVar[int] = 1

    @abstractmethod
    def __call__(self, model: Model, moment: Moment) -> "pl.DataFrame":
        """Return one row for each thing measured."""

    def labels(self) -> Iterable[Mapping[str, Label]]:
        """Return the experiment's labels that the rows will have, so that they can be checked before."""
        return ()

    def rows(self) -> Iterable[Mapping[str, object]]:
        """Return what is measured, a JSON object each, as `obverse data` writes it to NAME.jsonl."""
        return ()

    def texts(self) -> Iterable[str]:
        """Return what the model will read, for tokenizers that have to know every word."""
        return ()

    def identity(self) -> object:
        """Return what determines the result, as JSON can write it or as dataclasses of such things."""
        if not is_dataclass(self):
            raise TypeError(
                f"{type(self).__name__}: a measure has to be a dataclass, or say its identity"
            )
        return {field.name: getattr(self, field.name) for field in fields(self)}
