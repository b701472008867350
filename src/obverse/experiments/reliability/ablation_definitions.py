"""Studies of how definitions are told: by how reliable a source, in which words, where."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import (
    trend,
    with_control,
)


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


def _alpha(alpha: float) -> str:
    return f"α = {alpha:g}"
