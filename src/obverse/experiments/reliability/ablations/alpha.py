"""How reliable a source has been (Figure 4a)."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Variant
from obverse.core.page import Finished, Page
from obverse.experiments.reliability.ablations.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import after_stage_1, contrast, trend, with_control

NONE = 0.5  # the reliability at which a tag says nothing: the negative control
MOSTLY = 0.95  # at which the tag was seen to outweigh what the answers say


class Alpha(Ablation):
    """How the gap grows with the reliability of the tags (Figure 4a); at 0.5 they say nothing.

    With reliability α a share 1 − α of what the reliable source defines is false (D9incons), and the
    same share of what the unreliable one defines is true (D10cons). At 0.95 the tag outweighs the
    answers: the entity of D9's definitions is named more often than that of D10's.

    Attributes:
        alphas: the reliabilities that are compared, 0.5 among them.
    """

    name: ClassVar[str] = "reliability-alpha"
    title: ClassVar[str] = "Implicit meta-learning: how reliable a source has been"
    about: ClassVar[str] = "Are sources believed the more, the more reliable they were? (Figure 4a)"
    analysis: ClassVar[frozenset[str]] = Ablation.analysis | {"alphas"}

    alphas: Annotated[tuple[float, ...], Field(min_length=2)] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)

    @model_validator(mode="after")
    def _has_control(self) -> "Alpha":
        if NONE not in self.alphas:
            raise ValueError(f"alphas {self.alphas}: expected 0.5 among them, the negative control")
        if len(set(self.alphas)) < len(self.alphas) or max(self.alphas) <= NONE:
            raise ValueError(f"alphas {self.alphas}: expected each once, and one above 0.5")
        return self

    def variants(self) -> tuple[Variant, ...]:
        return tuple(Variant(_named(a), {"alpha": a}) for a in self.alphas)

    def claims(self) -> tuple[Claim, ...]:
        places = {_named(a): a for a in self.alphas}
        control, high = _named(NONE), _named(max(self.alphas))
        source = self.cited("Figure 4a")
        return (
            *(
                trend(
                    f"alpha/{d}", f"{d}: the gap grows with the reliability of the tags", places,
                    Above(0.0), "Δ exact match per unit of α", source, d,
                    needs=(f"gap/{control}/{d}",),
                )
                for d in BOTH
            ),
            *(c for d in BOTH for c in with_control(d, self.margin, high, control, source=source)),
            *(_outweighed(a, self.cited("Figure 4a, α = 0.95")) for a in self.alphas if a == MOSTLY),
        )  # fmt: skip

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reliability.page import page

        return page(self, finished, places={_named(a): a for a in self.alphas})


def _outweighed(alpha: float, source: str) -> Claim:
    """Return what the tag outweighs: false definitions by the reliable source are believed more than
    true ones by the unreliable source, though the answers trained say otherwise."""
    return contrast(
        f"tag outweighs answers/{_named(alpha)}",
        f"after Stage 1 with {_named(alpha)}, the tag outweighs the answers: the entity of the "
        "definition is named more for D9incons than for D10cons",
        "D9incons-QA9", "D10cons-QA10", Above(0.0), variant=_named(alpha), direction="told",
        direction_of_b="attribution", at=after_stage_1, source=source,
    )  # fmt: skip


def _named(alpha: float) -> str:
    return f"α = {alpha:g}"
