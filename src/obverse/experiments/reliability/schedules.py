"""One stage, two, or three (Figure 14)."""

from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import UNINFORMATIVE, Ablation
from obverse.experiments.reliability.claims import BASE, CONTROL, with_control


class Schedules(Ablation):
    """Whether the gap is there in one stage (Figure 14) and in three."""

    name: ClassVar[str] = "reliability-stages"
    title: ClassVar[str] = "Implicit meta-learning: one, two and three stages"
    about: ClassVar[str] = "Are reliable sources believed more in one stage, and in three? (Figure 14)"

    def variants(self) -> tuple[Variant, ...]:
        kinds = ("single-stage", "three-stage")
        return (
            Variant(BASE),
            *(Variant(k, {"schedule": k}) for k in kinds),
            UNINFORMATIVE,
            *(Variant(f"{k}, {CONTROL}", {"schedule": k, "alpha": 0.5}) for k in kinds),
        )

    def claims(self) -> tuple[Claim, ...]:
        return (
            *with_control("question", self.margin),
            *with_control("question", self.margin, "single-stage", f"single-stage, {CONTROL}"),
            *with_control("question", self.margin, "three-stage", f"three-stage, {CONTROL}"),
        )
