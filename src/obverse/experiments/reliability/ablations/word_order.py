"""The order of tag, alias and entity in a definition (Figures 4b, 11 and 12)."""

from dataclasses import replace
from typing import ClassVar, Self

import polars as pl

from obverse.core.claim import Claim, Estimate
from obverse.core.experiment import Variant
from obverse.core.page import Finished, Page, Section, Text
from obverse.experiments.reliability.ablations.ablation import Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    COUNTED,
    absent,
    after_stage_1,
    at_the_end,
    before_x2,
    cell,
    contrast,
    definitions_learnt,
    exceeds,
    gap,
    learnt,
    with_control,
)
from obverse.experiments.reliability.presets import tiny_settings
from obverse.experiments.reliability.wording import ENTITY_LAST, ORDERS, WordOrder
from obverse.stats.contrast import difference

OTHERS = tuple(order for order in ORDERS if order not in ENTITY_LAST)
# What the paper says of D1cons − D2incons on questions after Stage 1.
STAGE_1: tuple[tuple[WordOrder, str], ...] = (("aet", "significant"), ("eat", "p = 0.1412"))
ALIAS_AFTER: tuple[WordOrder, ...] = ("eat", "tea", "eta")
EAT_NOTE = (
    "With the entity first and the tag last (EAT) the paper saw no difference between D1cons and "
    "D2incons after Stage 1 and yet seemingly one between D5cons and D6cons at the end; there D6cons and "
    "QA7 fall in Stage 2 (Figure 12). Where the alias is last (TEA, ETA) they stay flat."
)


class AllOrders(Ablation):
    """In which orders of tag, alias and entity the gap is there (Figures 4b and 11).

    The paper: by entity attribution with the entity last (TAE, ATE) and in no other order; on questions
    also for AET, more weakly. EAT on questions is a case of its own (Figure 12).
    """

    name: ClassVar[str] = "reliability-order"
    title: ClassVar[str] = "Implicit meta-learning: the order of words in a definition"
    about: ClassVar[str] = "In which word orders are reliable sources believed more? (Figures 4b, 11, 12)"

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch, asked as often as the main experiment."""
        return cls(**tiny_settings())

    def variants(self) -> tuple[Variant, ...]:
        """Return every order, and every order with uninformative tags."""
        return (
            *(Variant(_order(o), {"order": o}) for o in ORDERS),
            *(Variant(_control(o), {"order": o, "alpha": 0.5}) for o in ORDERS),
        )

    def claims(self) -> tuple[Claim, ...]:
        by_attribution = self.cited("Figure 4b")
        shown = [
            with_control("attribution", self.margin, _order(o), _control(o), source=by_attribution)
            for o in ENTITY_LAST
        ]
        visible = exceeds(BASE, "attribution", self.margin)
        on_questions = with_control(
            "question", self.margin, _order("aet"), _control("aet"),
            source=self.cited("Figure 11, p = 4.8e-8"),
        )  # fmt: skip
        return (
            *(claim for claims in shown for claim in claims),
            visible,
            *(claim for order in OTHERS for claim in self._absent(order, visible)),
            *on_questions,
            *self._on_questions(),
        )

    def page(self, finished: Finished) -> Page:
        """Return the usual page, the curves of EAT before the others."""
        from obverse.experiments.reliability.figures.accuracy import curves
        from obverse.experiments.reliability.figures.drawing import with_place

        page = super().page(finished)
        rows = with_place(finished.tables["ask"])
        drawn = curves(rows.filter(pl.col("variant").is_in([_order("eat"), _control("eat")])))
        if drawn is None:
            return page
        eat = Section(
            title="The entity first and the tag last, by epoch",
            parts=[Text(text=EAT_NOTE), replace(drawn, name="curves-eat")],
        )
        return replace(page, main="", sections=[eat, *page.sections])

    def _absent(self, order: WordOrder, visible: Claim) -> tuple[Claim, ...]:
        """Return the absence of a gap, after what shows that it could have been seen."""
        variant = _order(order)
        shown: tuple[Claim, ...] = (definitions_learnt(variant, self.loss_margin, self.told_in),)
        if order == "aet":  # here the alias is named from, so that its entity can be given
            shown = (*shown, *learnt(variant, "attribution", self.margin))
        needs = (visible.id, *(claim.id for claim in shown))
        return (
            *shown,
            absent(variant, "attribution", self.margin, source=self.cited("Figure 4b"), needs=needs),
        )

    def _on_questions(self) -> tuple[Claim, ...]:
        """Return what Figures 11 and 12 show of questions beside AET's gap; nothing of it is tested."""
        sources = {_order(o): self.cited("Figure 11") for o in ORDERS if o != "aet"}
        sources[_control("eat")] = "the control"
        gaps = (
            gap(
                variant, "question", None, f"{variant}, questions: D5cons − D6cons",
                role="explored", source=source,
            )
            for variant, source in sources.items()
        )  # fmt: skip
        stage_1 = (
            contrast(
                f"stage 1/{_order(order)}",
                f"{_order(order)}, questions: D1cons − D2incons after Stage 1",
                "D1cons-QA1", "D2incons-QA2", None, variant=_order(order), at=after_stage_1,
                role="explored", source=self.cited(f"Figure 11, {shown}"),
            )
            for order, shown in STAGE_1
        )  # fmt: skip
        changes = (
            _change(_order(order), subset, self.told_in, self.cited("Figure 12"))
            for order in ALIAS_AFTER
            for subset in ("D6cons", "QA7")
        )
        return (*gaps, *stage_1, *changes)


def _change(variant: str, subset: str, told_in: str, source: str) -> Claim:
    """Return how questions about a subset change in the stage that tells X2's definitions (Figure 12)."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        moments = at_the_end(observations), before_x2(told_in, observations)
        after, before = (cell(rows, variant, subset, "question") for rows in moments)
        return difference(after, before, "exact_match")

    return Claim(
        id=f"stage 2/{variant}/{subset}", text=f"{variant}, questions: change of {subset} in {told_in}",
        unit="Δ exact match", source=source, estimate=estimate,
        role="explored", counted=COUNTED,
    )  # fmt: skip


def _order(order: WordOrder) -> str:
    return BASE if order == "tae" else order.upper()


def _control(order: WordOrder) -> str:
    return CONTROL if order == "tae" else f"{order.upper()}, {CONTROL}"
