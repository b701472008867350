"""Claims about observations, and what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from numbers import Real
from typing import Any, Literal, Protocol, get_args

from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.format import number, whom

# What a control says that is to show learning, where it does not (`Claim.hint`).
NOT_LEARNT = "the model has not learnt the facts: train longer"

Verdict = Literal["holds", "fails", "undecided", "explored"]
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
        return f"> {number(self.threshold)}"

    def meets(self, value: float) -> bool:
        """Return whether a single value is what the criterion asks for."""
        return value > self.threshold

    def passed_by(self, low: float, high: float) -> float:
        """Return the highest threshold that an interval lies above."""
        return low

    def p_values(self, estimate: Estimate) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite."""
        return estimate.p_greater(self.threshold), estimate.p_less(self.threshold)


@dataclass(frozen=True, slots=True)
class Below:
    """The value is below a threshold."""

    threshold: float

    def __str__(self) -> str:
        return f"< {number(self.threshold)}"

    def meets(self, value: float) -> bool:
        """Return whether a single value is what the criterion asks for."""
        return value < self.threshold

    def passed_by(self, low: float, high: float) -> float:
        """Return the lowest threshold that an interval lies below."""
        return high

    def p_values(self, estimate: Estimate) -> tuple[float, float]:
        """Return the p-values for the claim and for its opposite."""
        return estimate.p_less(self.threshold), estimate.p_greater(self.threshold)


@dataclass(frozen=True, slots=True)
class Within:
    """The value is equivalent to zero: within ± margin (two one-sided tests)."""

    margin: float

    def __str__(self) -> str:
        return f"within ±{self.margin:g}"

    def meets(self, value: float) -> bool:
        """Return whether a single value is what the criterion asks for."""
        return abs(value) < self.margin

    def passed_by(self, low: float, high: float) -> float:
        """Return the smallest margin that an interval lies within."""
        return max(-low, high)

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
        text: what is claimed, in one line, with the margin if there is one.
        estimate: takes the rows of one of `by` and returns the estimate, or None where nothing was
            measured.
        criterion: what the estimate has to meet; a function of the rows where it depends on them (on
            chance, say). An explored claim needs none.
        role: *primary* claims share the level of the study (Holm). A *control* is tested at the full
            level, since a claim needs all of its controls. Of an *explored* one the estimate and its
            interval are shown, and nothing is tested.
        needs: ids of the claims without which this one says nothing: it holds or fails only if they
            hold.
        hint: of a control, in one line: what it means, and what to do, if the measured value is not what
            it asks for.
        unit: of the estimate.
        counted: what the column `fact` counts here, in the plural.
        paper: the published number, and `source`, where it stands.
        by: whether each model is meant, or each family.
        of: the measure whose table the claim is about.
        beside: further measures, whose rows `estimate` takes as further arguments, in this order. Where
            one of them has none, nothing was measured.

    Raises:
        ObverseError: if there is no criterion, and the claim is not an explored one; or if a value is
            not what is expected, which would show after the training otherwise.
    """

    id: str
    text: str
    estimate: Callable[..., Estimate | None]
    criterion: Criterion | Callable[..., Criterion] | None = None
    role: Role = "primary"
    needs: tuple[str, ...] = ()
    hint: str = ""
    unit: str = ""
    counted: str = "facts"
    paper: float | None = None
    source: str = ""
    by: Literal["model", "family"] = "model"
    of: str = "ask"
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.criterion is None and self.role != "explored":
            raise ObverseError(f"the claim {self.id!r} has no criterion; expected Above, Below or Within")
        for key in ("id", "text", "hint", "unit", "counted", "source", "of"):
            self._expect(key, isinstance(getattr(self, key), str), "text")
        self._expect("role", self.role in get_args(Role), f"one of {', '.join(get_args(Role))}")
        self._expect("by", self.by in ("model", "family"), "model or family")
        self._expect("paper", self.paper is None or _finite(self.paper), "a finite number or None")
        self._expect("needs", isinstance(self.needs, tuple | list), "a tuple of ids")
        self._expect("beside", isinstance(self.beside, tuple | list), "a tuple of measures' names")
        self._expect("estimate", callable(self.estimate), "a function of the rows")
        depends = callable(self.criterion) and not isinstance(self.criterion, type)
        if self.criterion is not None and not depends:
            check_criterion(self.id, self.criterion)

    def _expect(self, key: str, fits: bool, expected: str) -> None:
        if not fits:
            raise ObverseError(
                f"the claim {self.id!r}: {key}: expected {expected}, got {getattr(self, key)!r}"
            )


def check_criterion(id: str, criterion: object) -> None:
    """Refuse what is no criterion, or one that has no finite threshold, or no margin above 0.

    Raises:
        ObverseError: naming the claim.
    """
    if not isinstance(criterion, Criterion):
        raise ObverseError(
            f"the claim {id!r}: its criterion is {criterion!r}; expected Above, Below or Within"
        )
    bound = criterion.margin if isinstance(criterion, Within) else criterion.threshold
    if not _finite(bound):
        raise ObverseError(
            f"the claim {id!r}: its criterion is {criterion!r}; expected a finite number in it"
        )
    if isinstance(criterion, Within) and criterion.margin <= 0:
        raise ObverseError(f"the claim {id!r}: its criterion is {criterion!r}; expected a margin above 0")


def _finite(value: object) -> bool:
    return isinstance(value, Real) and isfinite(value)


def in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Return claims so that each comes after those that it needs.

    Raises:
        ObverseError: if two have one id, or one needs what is not there, is by family where it is by
            model, is only explored, or needs it in turn.
    """
    by_id = {claim.id: claim for claim in claims}
    if len(by_id) < len(claims):
        ids = [claim.id for claim in claims]
        raise ObverseError(f"two claims have the id {next(id for id in ids if ids.count(id) > 1)!r}")
    for claim in claims:
        for need in claim.needs:
            if need not in by_id:
                raise ObverseError(
                    f"the claim {claim.id!r} needs {need!r}, which is no claim of the study"
                )
            if by_id[need].by != claim.by:
                raise ObverseError(
                    f"the claim {claim.id!r} is by {claim.by} and needs {need!r}, which is by "
                    f"{by_id[need].by}"
                )
            if by_id[need].role == "explored":
                raise ObverseError(
                    f"the claim {claim.id!r} needs {need!r}, which is only explored and can never hold"
                )
    try:
        return [by_id[id] for id in TopologicalSorter({c.id: c.needs for c in claims}).static_order()]
    except CycleError as error:
        raise ObverseError(
            f"claims that need one another in a circle: {', '.join(error.args[1])}"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a claim for one model or family.

    Attributes:
        claim, text, role, unit, counted, paper, source: as the claim has them.
        model: the model's or the family's name.
        cell: the values at which it stands in the study's grid, by setting.
        measured, low, high: the estimate and its 95 % interval by itself, whatever else the study
            claims; None where nothing was measured.
        level: of that interval.
        criterion: what the number had to meet, in words; `bound` is its threshold or margin.
        n_facts, n_seeds: what the number rests on.
        trained: whether the model depends on a training that obverse repeats over seeds; if not, it was
            asked as it is, and the claim speaks of that one model.
        p: one-sided p-value of the verdict, not corrected: of the opposite for *fails*, also for one that
            is held back, otherwise of the claim. None where nothing is tested.
        tested_at: the level that p had to be below.
        family: how many primary claims share the study's level; 0 if this one is none of them.
        passes_at: the tightest threshold, or the smallest margin, with which the claim would have held;
            None where that is one that every value meets.
        by_seed: the estimate from each seed's rows alone.
        meets: how many seeds' own values meet the criterion.
        open_share: the largest share of trainings that may not, with 97.5 % confidence (Clopper and
            Pearson), as far as these seeds tell.
        paper_outside: whether the paper's number lies outside the interval; None without either.
        note: why a verdict is held back, or lost to the correction.
        reason: the same in one plain line, of whatever is undecided and of a control that fails, with
            what to do about it.
        seeds_needed: of an undecided claim, with how many seeds it would hold with 90 % power: a range,
            from the intervals of effect and spread; no upper end where the effect may be none.
    """

    claim: str
    text: str
    role: Role = "primary"
    model: str
    cell: Mapping[str, Label | None] = field(default_factory=dict)
    unit: str = ""
    counted: str = "facts"
    paper: float | None = None
    source: str = ""
    measured: float | None
    low: float | None
    high: float | None
    level: float
    criterion: str
    n_facts: int
    n_seeds: int
    trained: bool = True
    p: float | None
    tested_at: float | None = None
    family: int = 0
    verdict: Verdict
    passes_at: float | None = None
    by_seed: Mapping[str, float] = field(default_factory=dict)
    meets: int | None = None
    open_share: float | None = None
    paper_outside: bool | None = None
    note: str = ""
    reason: str = ""
    seeds_needed: tuple[int, int | None] | None = None
    bound: float | None = None

    @property
    def whom(self) -> str:
        """The model's or family's name, and where it stands in a grid."""
        return whom(self.model, self.cell)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
