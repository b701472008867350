"""Which word order of tag, alias and entity shows the gap (Figure 4b)."""

from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import UNINFORMATIVE, Ablation
from obverse.experiments.reliability.claims import BASE, absent, with_control
from obverse.experiments.reliability.wording import ENTITY_LAST, ORDERS


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
            *(claim for gap, beyond, *_ in shown for claim in (gap, beyond)),
            *(
                absent(
                    _order(o),
                    "question",
                    self.margin,
                    needs=(f"gap/{_order('tae')}/question",),
                    source="Figure 4b",
                )
                for o in others
            ),
            *shown[0][2:],
        )


def _order(order: str) -> str:
    return BASE if order == "tae" else order.upper()
