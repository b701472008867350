"""Stages: what a model is trained on, and when which measures are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from obverse.core.data import Document
from obverse.core.recipe import Recipe

if TYPE_CHECKING:
    from obverse.core.measure import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What a stage will do, known before its first step.

    Attributes:
        steps: optimizer steps.
        epoch_ends: the step after which each epoch is over; the last one is `steps`.
        tokens: training tokens seen after each step, padding left out: `tokens[0]` is 0, and there are
            `steps + 1` numbers.
    """

    steps: int
    epoch_ends: tuple[int, ...]
    tokens: tuple[int, ...]

    def epochs_at(self, step: int) -> int:
        """Return how many whole epochs are over after `step`."""
        return sum(end <= step for end in self.epoch_ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """At which moments of a stage a measure is taken; by default at its end alone.

    Attributes:
        start: before the first step.
        epochs: after every so-many-th epoch.
        steps: after every so-many-th optimizer step, or after these.
        tokens: at so many moments, the last at the end of the stage and each at half the tokens of the
            next, so that they are evenly spaced on a log scale.
        end: after the last step. Without it the other rules leave the end out as well, so that one
            measure can be taken along the way and another at the end.

    A stage without training has one moment, its end. Where the model grows by itself, a measure is taken
    at each moment of its growth if any rule beside `end` is given.
    """

    start: bool = False
    epochs: int | None = None
    steps: int | tuple[int, ...] | None = None
    tokens: int | None = None
    end: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "tokens", "steps"):
            value = getattr(self, name)
            counts = value if isinstance(value, tuple) else () if value is None else (value,)
            if any(count < 1 for count in counts):
                raise ValueError(f"When({name}={value!r}): expected 1 or more")
        if not (self.along or self.end):
            raise ValueError("When(end=False) without another rule is never")

    @property
    def along(self) -> bool:
        """Whether there is a rule for moments before the end."""
        return bool(self.start or self.epochs or self.steps or self.tokens)

    def steps_of(self, table: Timetable) -> set[int]:
        """Return after which steps of a stage the measure is taken, 0 standing for before the first."""
        chosen: set[int] = {0} if self.start else set()
        if self.epochs is not None:
            chosen |= set(table.epoch_ends[self.epochs - 1 :: self.epochs])
        if isinstance(self.steps, int):
            chosen |= set(range(self.steps, table.steps + 1, self.steps))
        elif self.steps is not None:
            chosen |= {step for step in self.steps if step <= table.steps}
        if self.tokens is not None:
            chosen |= set(_halves(table.tokens, self.tokens))
        return chosen | {table.steps} if self.end else chosen - {table.steps}


def _halves(tokens: Sequence[int], count: int) -> list[int]:
    """Return the steps that come nearest to the whole, a half, a quarter … of all tokens."""
    places = (tokens[-1] / 2**back for back in range(count))
    return [min(range(1, len(tokens)), key=lambda step: abs(tokens[step] - at)) for at in places]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Documents, and the recipe that trains on them.

    Documents are texts (`core.data.Document`), or whatever else the model that is trained can read. They
    are shuffled every epoch, unless they are to come `in_order`, as a curriculum does.
    """

    documents: tuple[Document, ...] | tuple[Any, ...]
    recipe: Recipe
    in_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of an experiment: a training, or a model as it is, and the measures taken of it.

    Attributes:
        name: what the column `stage` says; unique among the stages of an experiment and branch.
        training: what is trained on; None asks a model as it is.
        measures: each measure and when it is taken.
        after: name of the stage it goes on from; None takes the one before it in the sequence.
        branch: several stages that go on from the same one are its branches 0, 1, 2 …
    """

    name: str
    training: Training | None = None
    measures: tuple[tuple["Measure", When], ...]
    after: str | None = None
    branch: int = 0

    @property
    def label(self) -> str:
        """The stage's name, and its branch if it is a further one."""
        return f"{self.name}, branch {self.branch}" if self.branch else self.name


def origins(stages: Sequence[Stage]) -> list[int]:
    """Return the number of the stage that each goes on from; −1 is the model as it was made.

    Raises:
        ValueError: if `after` names no earlier stage, or two stages have the same name and branch.
    """
    numbers: dict[tuple[str, int], int] = {}
    found = []
    for number, stage in enumerate(stages):
        if (stage.name, stage.branch) in numbers:
            raise ValueError(f"two stages are called {stage.label!r}; expected names that differ")
        if stage.after is not None and (stage.after, 0) not in numbers:
            raise ValueError(f"stage {stage.name!r}: after={stage.after!r} is not an earlier stage")
        found.append(number - 1 if stage.after is None else numbers[stage.after, 0])
        numbers[stage.name, stage.branch] = number
    return found
