"""Sources that are named in words, and is and is not (footnotes 2 and 4)."""

from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import Ablation
from obverse.experiments.reliability.claims import CONTROL, with_control


class TagKinds(Ablation):
    """Whether the gap is there for natural-language sources, and for is and is not (footnote 4)."""

    name: ClassVar[str] = "reliability-tags"
    title: ClassVar[str] = "Implicit meta-learning: kinds of tags"
    about: ClassVar[str] = (
        "Are reliable sources believed more if named in words, or by is and is not? (footnote 4)"
    )

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
