"""One stage, two, or three (Figure 14)."""

from typing import ClassVar

import polars as pl

from obverse.core.claim import Claim, Estimate
from obverse.core.experiment import Variant
from obverse.experiments.reliability.ablations.ablation import BOTH, UNINFORMATIVE, Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    COUNTED,
    KINDS,
    at_the_end,
    gap_rows,
    with_control,
)
from obverse.experiments.reliability.reliability import Schedule
from obverse.stats.contrast import excess

OTHERS: tuple[Schedule, ...] = ("single-stage", "three-stage")


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
            *(Variant(k, {"schedule": k}) for k in OTHERS),
            UNINFORMATIVE,
            *(Variant(_control(k), {"schedule": k, "alpha": 0.5}) for k in OTHERS),
        )

    def claims(self) -> tuple[Claim, ...]:
        two, one = self.cited("Figure 3", "Figure 10"), self.cited("Figure 14", "Figure 15")
        # The paper shows two schedules; the third is in the authors' configurations alone.
        others: dict[Schedule, str] = {"single-stage": one, "three-stage": "authors' configurations"}
        return (
            *(claim for kind in BOTH for claim in with_control(kind, self.margin, source=two)),
            *(
                claim
                for schedule, source in others.items()
                for kind in BOTH
                for claim in with_control(
                    kind, self.margin, schedule, _control(schedule), source=source,
                    role="primary" if schedule == "single-stage" else "explored",
                )
            ),
            *(_as_strong(kind, self.cited("section 3.3")) for kind in BOTH),
        )  # fmt: skip


def _as_strong(kind: str, source: str) -> Claim:
    """Return how the gap of one stage compares with that of two; the paper calls it just as strong."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        one, two = (gap_rows(rows, variant, kind) for variant in ("single-stage", BASE))
        return excess(one, two, "exact_match")

    return Claim(
        id=f"as strong/{kind}", text=f"{KINDS[kind]}: the gap of one stage minus that of two",
        unit="Δ of Δ exact match", source=source, estimate=estimate, role="explored",
        counted=COUNTED,
    )  # fmt: skip


def _control(schedule: Schedule) -> str:
    return f"{schedule}, {CONTROL}"
