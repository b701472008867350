"""Definitions that stand before the question (appendix C.8)."""

from dataclasses import replace
from typing import ClassVar

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import Ablation
from obverse.experiments.reliability.claims import BASE, CONTROL, contrast, with_control


class InContext(Ablation):
    """Whether definitions that stand before the question are heeded by their source (appendix C.8)."""

    name: ClassVar[str] = "reliability-context"
    title: ClassVar[str] = "Sources in context: definitions before the question"
    about: ClassVar[str] = (
        "Are reliable sources believed more where they stand before the question? (appendix C.8)"
    )

    def variants(self) -> tuple[Variant, ...]:
        return (
            Variant(BASE, {"definitions": "context"}),
            Variant(CONTROL, {"definitions": "context", "alpha": 0.5}),
        )

    def claims(self) -> tuple[Claim, ...]:
        gap, *controls = with_control("question", self.margin)
        heeded = contrast(
            "context/heeded", "definitions before the question are heeded: D5cons above QA7 (a guess)",
            "D5cons", "QA7", Above(0.0), source="appendix C.8",
        )  # fmt: skip
        return heeded, replace(gap, needs=(*gap.needs, heeded.id)), *controls
