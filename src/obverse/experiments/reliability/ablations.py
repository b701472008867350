"""What changes implicit meta-learning: one study for each figure of ablations.

Every study has the negative control beside it: the same with random tags in X1, at which the gap
between D5cons and D6cons has to vanish.
"""

from dataclasses import replace
from math import gcd, log2, log10
from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field, PositiveInt, model_validator

from obverse.core.claim import Above, Below, Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    Measurement,
    absent,
    at_the_end,
    cell,
    contrast,
    trend,
    with_control,
)
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.wording import ENTITY_LAST, ORDERS
from obverse.stats.contrast import slope

RANDOM = Variant(CONTROL, {"alpha": 0.5})
BOTH = ("question", "attribution")


class Alpha(Reliability):
    """How the gap grows with the reliability of the tags (Figure 4a); at 0.5 they say nothing."""

    title: ClassVar[str] = "Implicit meta-learning: how reliable a source has been"
    analysis: ClassVar[frozenset[str]] = Reliability.analysis | {"alphas"}

    alphas: Annotated[tuple[float, ...], Field(min_length=2)] = (0.5, 0.6, 0.75, 0.9, 1.0)

    @model_validator(mode="after")
    def _has_control(self) -> "Alpha":
        if 0.5 not in self.alphas:
            raise ValueError(f"alphas {self.alphas}: expected 0.5 among them, the negative control")
        if len(set(self.alphas)) < len(self.alphas) or max(self.alphas) <= 0.5:
            raise ValueError(f"alphas {self.alphas}: expected each once, and one above 0.5")
        return self

    def variants(self) -> tuple[Variant, ...]:
        return tuple(Variant(_alpha(a), {"alpha": a}) for a in self.alphas)

    def claims(self) -> tuple[Claim, ...]:
        places = {_alpha(a): a for a in self.alphas}
        control, high = _alpha(0.5), _alpha(max(self.alphas))
        return (
            *(
                trend(
                    f"alpha/{d}", f"{d}: the gap grows with the reliability of the tags", places,
                    Above(0.0), "Δ exact match per unit of α", "Figure 4a", d,
                    needs=(f"gap/{control}/question",),
                )
                for d in BOTH
            ),
            *with_control("question", self.margin, high, control),
        )  # fmt: skip


class WordOrder(Reliability):
    """Whether the gap is there for each order of tag, alias and entity (Figure 4b)."""

    title: ClassVar[str] = "Implicit meta-learning: the order of words in a definition"

    def variants(self) -> tuple[Variant, ...]:
        return (*(Variant(_order(o), {"order": o}) for o in ORDERS), RANDOM)

    def claims(self) -> tuple[Claim, ...]:
        shown = [with_control("question", self.margin, _order(o)) for o in ENTITY_LAST]
        others = [o for o in ORDERS if o not in ENTITY_LAST]
        return (
            *(claim for gap, beyond, _ in shown for claim in (gap, beyond)),
            *(
                absent(_order(o), "question", self.margin, f"gap/{_order('tae')}/question", "Figure 4b")
                for o in others
            ),
            shown[0][2],
        )


class BatchSize(Reliability):
    """Whether larger batches make the gap smaller, epochs being equal (Figures 4c and 13)."""

    title: ClassVar[str] = "Implicit meta-learning: batch size"
    analysis: ClassVar[frozenset[str]] = Reliability.analysis | {"batch_sizes"}

    batch_sizes: Annotated[tuple[PositiveInt, ...], Field(min_length=2)] = (64, 128, 256, 512)

    def variants(self) -> tuple[Variant, ...]:
        smallest = self._settings(min(self.batch_sizes))
        return (
            *(Variant(_batch(b), self._settings(b)) for b in self.batch_sizes),
            Variant(CONTROL, {**smallest, "alpha": 0.5}),
        )

    def claims(self) -> tuple[Claim, ...]:
        places = {_batch(b): log2(b) for b in self.batch_sizes}
        return (
            *(
                trend(
                    f"batch/{d}", f"{d}: the gap shrinks with batch size", places, Below(0.0),
                    "Δ exact match per doubling", "Figure 4c", d,
                    needs=(f"gap/{CONTROL}/question",),
                )
                for d in BOTH
            ),
            *with_control("question", self.margin, _batch(min(self.batch_sizes))),
        )  # fmt: skip

    def _settings(self, size: int) -> dict[str, int]:
        settings = {"stage_1.batch_size": size, "stage_2.batch_size": size}
        for stage, recipe in (("stage_1", self.stage_1), ("stage_2", self.stage_2)):
            if recipe.micro_batch_size is not None:
                settings[f"{stage}.micro_batch_size"] = gcd(recipe.micro_batch_size, size)
        return settings


class ModelSize(Reliability):
    """Whether larger models of a family show a larger gap (Figure 16).

    Intervals are over seeds of these models; they do not speak of other models of the same sizes.
    """

    title: ClassVar[str] = "Implicit meta-learning: model size"

    def claims(self) -> tuple[Claim, ...]:
        return (
            *(self._growth(direction) for direction in BOTH),
            *with_control("question", self.margin),
        )

    @staticmethod
    def _growth(direction: str) -> Claim:
        def measure(observations: pl.DataFrame) -> Measurement:
            rows = at_the_end(observations)
            # A vocabulary of a seed's own words makes a model a little larger or smaller with each.
            models = rows.drop_nulls("parameters").group_by("model", maintain_order=True)
            pairs = {
                log10(group["parameters"].to_numpy().mean()): (
                    cell(group, BASE, "D5cons", direction),
                    cell(group, BASE, "D6cons", direction),
                )
                for _, group in models
            }
            estimate = slope(pairs, "exact_match")
            return None if estimate is None else (estimate, Above(0.0))

        return Claim(
            f"size/{direction}", f"{direction}: the gap grows with model size",
            "Δ exact match per tenfold parameters", None, "Figure 16", measure, by="family",
        )  # fmt: skip


class Schedules(Reliability):
    """Whether the gap is there in one stage (Figure 14) and in three."""

    title: ClassVar[str] = "Implicit meta-learning: one, two and three stages"

    def variants(self) -> tuple[Variant, ...]:
        kinds = ("single-stage", "three-stage")
        return (
            Variant(BASE),
            *(Variant(k, {"schedule": k}) for k in kinds),
            RANDOM,
            *(Variant(f"{k}, {CONTROL}", {"schedule": k, "alpha": 0.5}) for k in kinds),
        )

    def claims(self) -> tuple[Claim, ...]:
        return (
            *with_control("question", self.margin),
            *with_control("question", self.margin, "single-stage", f"single-stage, {CONTROL}"),
            *with_control("question", self.margin, "three-stage", f"three-stage, {CONTROL}"),
        )


class InContext(Reliability):
    """Whether definitions that stand before the question are heeded by their source (appendix C.8)."""

    title: ClassVar[str] = "Sources in context: definitions before the question"

    def variants(self) -> tuple[Variant, ...]:
        return (
            Variant(BASE, {"definitions": "context"}),
            Variant(CONTROL, {"definitions": "context", "alpha": 0.5}),
        )

    def claims(self) -> tuple[Claim, ...]:
        gap, beyond, control = with_control("question", self.margin)
        heeded = contrast(
            "context/heeded", "definitions before the question are heeded: D5cons above QA7 (a guess)",
            "D5cons", "QA7", Above(0.0), source="appendix C.8",
        )  # fmt: skip
        return heeded, replace(gap, needs=(*gap.needs, heeded.id)), beyond, control


class TagKinds(Reliability):
    """Whether the gap is there for natural-language sources, and for is and is not (footnote 4)."""

    title: ClassVar[str] = "Implicit meta-learning: kinds of tags"

    def variants(self) -> tuple[Variant, ...]:
        return (
            Variant("natural", {"tags": "natural"}),
            Variant("is / is not", {"tags": "is"}),
            Variant(CONTROL, {"tags": "natural", "alpha": 0.5}),
            Variant(f"is / is not, {CONTROL}", {"tags": "is", "alpha": 0.5}),
        )

    def claims(self) -> tuple[Claim, ...]:
        return (
            *with_control("question", self.margin, "natural"),
            *with_control(
                "question",
                self.margin,
                "is / is not",
                f"is / is not, {CONTROL}",
                "what it is counts more than what it is not",
            ),
        )


def _alpha(alpha: float) -> str:
    return f"α = {alpha:g}"


def _order(order: str) -> str:
    return BASE if order == "tae" else order.upper()


def _batch(size: int) -> str:
    return f"batch {size}"
