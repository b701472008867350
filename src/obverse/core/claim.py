"""Claims about observations, and what became of them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import polars as pl

Verdict = Literal["holds", "fails", "undecided"]
Role = Literal["primary", "control", "explored"]


class Estimate(Protocol):
    """A measured number with its uncertainty."""

    @property
    def value(self) -> float: ...
    @property
    def n_facts(self) -> int: ...
    @property
    def n_seeds(self) -> int: ...
    @property
    def se(self) -> float: ...

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided confidence interval."""
        ...

    def p_greater(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true value is above `threshold`."""
        ...

    def p_less(self, threshold: float) -> float:
        """Return the one-sided p-value for: the true value is below `threshold`."""
        ...


@dataclass(frozen=True, slots=True)
class Above:
    """The value is above a threshold."""

    threshold: float

    def __str__(self) -> str:
        return f"> {self.threshold:.3f}"

    def p_values(self, estimate: Estimate) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite."""
        return estimate.p_greater(self.threshold), estimate.p_less(self.threshold)


@dataclass(frozen=True, slots=True)
class Below:
    """The value is below a threshold."""

    threshold: float

    def __str__(self) -> str:
        return f"< {self.threshold:.3f}"

    def p_values(self, estimate: Estimate) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite."""
        return estimate.p_less(self.threshold), estimate.p_greater(self.threshold)


@dataclass(frozen=True, slots=True)
class Within:
    """The value is equivalent to zero: within ± margin (two one-sided tests)."""

    margin: float

    def __str__(self) -> str:
        return f"within ±{self.margin:g}"

    def p_values(self, estimate: Estimate) -> tuple[float, float]:
        """Return the p-values for equivalence and for lying outside the margin."""
        inside = max(estimate.p_greater(-self.margin), estimate.p_less(self.margin))
        outside = 2 * min(estimate.p_greater(self.margin), estimate.p_less(-self.margin))
        return inside, min(outside, 1.0)


Criterion = Above | Below | Within


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A hypothesis about the observations of one model, or of one family of models.

    Attributes:
        id: names the claim; unique in a study.
        text: what is claimed, in one line.
        estimate: takes the rows of one of `by` and returns the estimate, or None where nothing was
            measured.
        criterion: what the estimate has to meet; a function of the rows where it depends on them (on
            chance, say).
        unit: of the estimate.
        paper: the published number, and `source`, where it stands.
        by: whether each model is meant, or each family.
        needs: ids of the controls without which the claim says nothing: it holds only if they do.
        of: the measure whose table the claim is about.
    """

    id: str
    text: str
    estimate: Callable[["pl.DataFrame"], Estimate | None]
    criterion: Criterion | Callable[["pl.DataFrame"], Criterion]
    unit: str = ""
    paper: float | None = None
    source: str = ""
    by: Literal["model", "family"] = "model"
    needs: tuple[str, ...] = ()
    of: str = "ask"
    role: Role = "primary"
    counted: str = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a claim for one model or family.

    Attributes:
        claim, text, unit, paper, source: as the claim has them.
        model: the model's or the family's name.
        measured, low, high, level: the estimate and its interval; None where nothing was measured.
        criterion: what the number had to meet, in words.
        p: one-sided p-value of the claim, corrected over the study's claims (Holm).
        by_seed: the estimate from each seed's rows alone.
        note: why the claim is held back, if a control it needs does not hold.
        seeds_needed: of an undecided one, with how many seeds it would hold with 90 % power, were the
            true value as measured; None where more seeds would not help, or nobody knows.
    """

    claim: str
    text: str
    model: str
    unit: str
    paper: float | None
    source: str
    measured: float | None
    low: float | None
    high: float | None
    level: float
    criterion: str
    n_facts: int
    n_seeds: int
    p: float | None
    verdict: Verdict
    by_seed: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    seeds_needed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
