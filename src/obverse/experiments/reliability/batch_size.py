"""The size of batches (Figures 4c and 13)."""

from math import gcd, log2
from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from obverse.core.claim import Below, Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import CONTROL, trend, with_control


class BatchSize(Ablation):
    """Whether larger batches make the gap smaller, epochs being equal (Figures 4c and 13)."""

    name: ClassVar[str] = "reliability-batch"
    title: ClassVar[str] = "Implicit meta-learning: batch size"
    about: ClassVar[str] = "Do larger batches make reliable sources matter less? (Figure 4c)"
    analysis: ClassVar[frozenset[str]] = Ablation.analysis | {"batch_sizes"}

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


def _batch(size: int) -> str:
    return f"batch {size}"
