"""One stage, two, or three (Figure 14)."""

from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablation import BOTH, UNINFORMATIVE, Ablation
from obverse.experiments.reliability.claims import BASE, CONTROL, with_control
from obverse.experiments.reliability.reliability import Schedule

# The paper shows two schedules; the third is in the authors' configurations alone.
SHOWN: dict[Schedule, str] = {"single-stage": "Figure 14", "three-stage": "authors' configurations"}


class Schedules(Ablation):
    """Whether the gap is there in one stage (Figure 14), and in three.

    In three stages the definitions of X1 come first, then its questions, then the definitions of X2, as
    in the authors' configurations; the paper reports nothing of it, so that it is explored.
    """

    name: ClassVar[str] = "reliability-stages"
    title: ClassVar[str] = "Implicit meta-learning: one, two and three stages"
    about: ClassVar[str] = "Are reliable sources believed more in one stage, and in three? (Figure 14)"

    def variants(self) -> tuple[Variant, ...]:
        return (
            Variant(BASE),
            *(Variant(k, {"schedule": k}) for k in SHOWN),
            UNINFORMATIVE,
            *(Variant(_control(k), {"schedule": k, "alpha": 0.5}) for k in SHOWN),
        )

    def claims(self) -> tuple[Claim, ...]:
        return (
            *(claim for kind in BOTH for claim in with_control(kind, self.margin)),
            *(
                claim
                for schedule, source in SHOWN.items()
                for kind in BOTH
                for claim in with_control(
                    kind, self.margin, schedule, _control(schedule), source=source,
                    role="primary" if schedule == "single-stage" else "explored",
                )
            ),
        )  # fmt: skip


def _control(schedule: Schedule) -> str:
    return f"{schedule}, {CONTROL}"
