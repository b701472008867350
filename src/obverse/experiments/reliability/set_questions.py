"""How many questions about a variable are trained (the remark under Figure 22)."""

from collections.abc import Callable
from math import log2
from typing import Annotated, ClassVar, Self

import polars as pl
from pydantic import Field, model_validator

from obverse.core.claim import Above, Below, Claim, Criterion, Estimate, Within
from obverse.core.experiment import Variant
from obverse.core.format import count
from obverse.core.settings import Count
from obverse.experiments.reliability.claims import (
    CONTROL,
    COUNTED,
    after_stage_1,
    against_chance,
    at_the_end,
    cell,
    contrast,
    gap,
    gap_rows,
    with_control,
)
from obverse.experiments.reliability.set_inclusion import (
    SetInclusion,
    learnt_beyond_chance,
    tiny,
)
from obverse.stats.contrast import Pair, slope

D1, D2 = "D1cons-QA1", "D2incons-QA2"
SOURCE = "remark of Figure 22"


class SetQuestions(SetInclusion):
    """How the gaps change with the number of trained questions (the remark under Figure 22).

    The paper saw that with more of them questions not trained are answered much better, and that
    definitions stop making a difference in either stage. All variants draw the same variables and
    questions, and train more or fewer of them. Epochs are equal, so that more questions are more steps.

    Attributes:
        trained: the numbers of trained questions of a variable that are compared.
    """

    name: ClassVar[str] = "reliability-set-questions"
    title: ClassVar[str] = "Implicit meta-learning: how many questions are trained"
    about: ClassVar[str] = "Do definitions matter less where more questions are trained? (Figure 22)"
    analysis: ClassVar[frozenset[str]] = SetInclusion.analysis | {"trained"}
    seeds: ClassVar[int] = 3

    trained: Annotated[tuple[Count, ...], Field(min_length=2)] = (6, 12, 18)

    @model_validator(mode="after")
    def _some_are_held_out(self) -> "SetQuestions":
        questions = self._questions()
        if max(self.trained) >= questions or len(set(self.trained)) < len(self.trained):
            raise ValueError(
                f"trained {self.trained}: expected each number once, and below {questions}, "
                "population.questions"
            )
        return self

    @classmethod
    def tiny(cls) -> Self:
        """Return set inclusion with ten integers, and sixteen questions a variable."""
        return cls(**tiny(trained=(2, 4, 8)))

    def variants(self) -> tuple[Variant, ...]:
        counts = [Variant(_named(n), self._settings(n)) for n in self.trained]
        return (*counts, Variant(CONTROL, {**self._settings(min(self.trained)), "alpha": 0.5}))

    def claims(self) -> tuple[Claim, ...]:
        fewest, most = _named(min(self.trained)), _named(max(self.trained))
        learnt = learnt_beyond_chance(most)
        # What is not there with the fewest cannot shrink.
        differ = contrast(
            f"stage 1/{fewest}", f"{fewest}: after Stage 1, D1cons above D2incons", D1, D2, Above(0.0),
            variant=fewest, at=after_stage_1, role="control", source="the control",
        )  # fmt: skip
        return (
            learnt,
            self._trend("learnt", "questions not trained are answered better", Above(0.0), _answers, ()),
            self._trend(
                "stage 1", "after Stage 1, D1cons − D2incons shrinks", Below(0.0), _first,
                (learnt.id, differ.id),
            ),
            differ,
            self._trend(
                "stage 2", "D5cons − D6cons shrinks", Below(0.0), _second,
                (learnt.id, f"gap/{fewest}/question"),
            ),
            *with_control("question", self.margin, fewest, source="Figure 22", guess="chance"),
            *self._alike(most),
        )  # fmt: skip

    def _alike(self, variant: str) -> tuple[Claim, Claim]:
        """Return what the paper says of many questions: definitions make no difference any more."""
        alike = f"alike within ±{self.margin:g}"
        return (
            contrast(
                f"stage 1/{variant}", f"{variant}: after Stage 1, D1cons and D2incons {alike}",
                D1, D2, Within(self.margin), variant=variant, at=after_stage_1, role="explored",
                source=SOURCE,
            ),
            gap(
                variant, "question", Within(self.margin), f"{variant}: D5cons and D6cons {alike}",
                role="explored", source=SOURCE,
            ),
        )  # fmt: skip

    def _trend(
        self,
        id: str,
        text: str,
        criterion: Criterion,
        pair: Callable[[pl.DataFrame, str], Pair],
        needs: tuple[str, ...],
    ) -> Claim:
        """Return a claim about how a difference changes with each doubling of the trained questions."""

        def estimate(observations: pl.DataFrame) -> Estimate | None:
            pairs = {log2(n): pair(observations, _named(n)) for n in self.trained}
            return slope(pairs, "exact_match")

        return Claim(
            id=f"questions/{id}", text=f"with more trained questions: {text}",
            unit="Δ exact match per doubling", source=SOURCE, estimate=estimate, criterion=criterion,
            counted=COUNTED, needs=needs,
        )  # fmt: skip

    def _settings(self, trained: int) -> dict[str, int]:
        return {"population.held_out": self._questions() - trained}

    def _questions(self) -> int:
        return getattr(self.population, "questions", 0)


def _answers(observations: pl.DataFrame, variant: str) -> Pair:
    return against_chance(after_stage_1(observations), variant, D1)


def _first(observations: pl.DataFrame, variant: str) -> Pair:
    rows = after_stage_1(observations)
    return cell(rows, variant, D1, "question"), cell(rows, variant, D2, "question")


def _second(observations: pl.DataFrame, variant: str) -> Pair:
    return gap_rows(at_the_end(observations), variant, "question")


def _named(trained: int) -> str:
    return count(trained, "trained question")
