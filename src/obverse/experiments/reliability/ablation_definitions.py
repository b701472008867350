"""Studies of how definitions are told: by how reliable a source, in which words, where."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import BOTH, UNINFORMATIVE, Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    absent,
    contrast,
    trend,
    with_control,
)
from obverse.experiments.reliability.wording import ENTITY_LAST, ORDERS


class Alpha(Ablation):
    """How the gap grows with the reliability of the tags (Figure 4a); at 0.5 they say nothing."""

    name: ClassVar[str] = "reliability-alpha"
    title: ClassVar[str] = "Implicit meta-learning: how reliable a source has been"
    about: ClassVar[str] = "Are sources believed the more, the more reliable they were? (Figure 4a)"
    analysis: ClassVar[frozenset[str]] = Ablation.analysis | {"alphas"}

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


class AllOrders(Ablation):
    """Whether the gap is there for each order of tag, alias and entity (Figure 4b)."""

    name: ClassVar[str] = "reliability-order"
    title: ClassVar[str] = "Implicit meta-learning: the order of words in a definition"
    about: ClassVar[str] = "Are reliable sources believed more in every word order? (Figure 4b)"

    def variants(self) -> tuple[Variant, ...]:
        return (*(Variant(_order(o), {"order": o}) for o in ORDERS), UNINFORMATIVE)

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
        gap, beyond, control = with_control("question", self.margin)
        heeded = contrast(
            "context/heeded", "definitions before the question are heeded: D5cons above QA7 (a guess)",
            "D5cons", "QA7", Above(0.0), source="appendix C.8",
        )  # fmt: skip
        return heeded, replace(gap, needs=(*gap.needs, heeded.id)), beyond, control


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


def _alpha(alpha: float) -> str:
    return f"α = {alpha:g}"


def _order(order: str) -> str:
    return BASE if order == "tae" else order.upper()
