"""Is a step on "A is B" a step on "B is A"? Gradient alignment in experiment 1.

The Reversal Curse as gradients see it: a trained sentence is compared with held-out prompts about the
same fact, in the same order and in the reverse, over all parameters while the facts are learnt. Only
answers bear loss: in the same order they are the very words that are trained, in the reverse they are
others. Not in the paper, which suggests that a gradient update on "A is B" is myopic: it changes what is
predicted from A, and not what would have to be predicted from B (arXiv 2309.12288, section 4).

    obverse run reversal-alignment
"""

from dataclasses import replace
from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field, PositiveInt

from obverse.core.claim import Above, Claim, Criterion, Estimate, Role, Within
from obverse.core.data import Document, Label
from obverse.core.page import Finished, Page
from obverse.core.seeds import derive, generator
from obverse.core.stage import Stage, When
from obverse.experiments.reversal.dataset import DIRECTIONS, SUBSETS, Dataset, Subset
from obverse.experiments.reversal.identities import Identities
from obverse.measures.gradients import Gradients
from obverse.stats.contrast import by_seed, difference, over_seeds

TESTED = SUBSETS[:2]  # of Both, both orders are trained


class Alignment(Identities):
    """Experiment 1, its gradients compared while the facts are learnt.

    Attributes:
        aligned: trained sentences drawn of each fact.
        cosine_margin: within which own facts and other facts count as aligned alike.
    """

    name: ClassVar[str] = "reversal-alignment"
    title: ClassVar[str] = 'The Reversal Curse: is a step on "A is B" a step on "B is A"?'
    about: ClassVar[str] = 'Is the gradient of "A is B" aligned with that of "B is A"?'

    analysis: ClassVar[frozenset[str]] = Identities.analysis | {"cosine_margin"}

    aligned: PositiveInt = 3
    cosine_margin: Annotated[float, Field(gt=0)] = 0.02

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return the stages of experiment 1, gradients compared after each epoch."""
        data = self.dataset(seed)
        measures = tuple(
            (self._measure(data, subset, direction, seed), When(start=True, epochs=1))
            for subset in TESTED
            for direction in DIRECTIONS
        )
        return tuple(replace(s, measures=(*s.measures, *measures)) for s in super().stages(seed))

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.page_alignment import alignment_page

        return alignment_page(super().page(finished), finished)

    def _measure(self, data: Dataset, subset: Subset, direction: str, seed: int) -> Gradients:
        labels: dict[str, Label] = {"subset": subset, "direction": direction}
        asked = [h for h in data.held_out if (h.subset, h.direction) == (subset, direction)]
        told: dict[str, list[Document]] = {}
        for document in data.documents:
            if document.labels["subset"] == subset:
                told.setdefault(document.fact, []).append(document)
        draw = generator(derive(seed, "data"), f"alignment/{subset}")
        first = [
            replace(document, labels=labels)
            for documents in told.values()
            for document in draw.sample(documents, min(self.aligned, len(documents)))
        ]
        second = [
            Document(prompt=h.prompt, completion=h.answer, fact=h.fact, labels=labels) for h in asked
        ]
        return Gradients(first=tuple(first), second=tuple(second), loss_on="completion")

    def claims(self) -> tuple[Claim, ...]:
        """Return for each subset that own pairs stand out in the same order, and more so than in the
        reverse.
        """
        return (
            *(_same(subset) for subset in TESTED),
            *(_reverse(subset, self.cosine_margin) for subset in TESTED),
            *(_less(subset) for subset in TESTED),
        )


def _cell(rows: pl.DataFrame, subset: str, direction: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return own and other pairs of the moments after each epoch."""
    some = rows.filter(pl.col("epoch") > 0, pl.col("subset") == subset, pl.col("direction") == direction)
    return some.filter(pl.col("partner") == "own"), some.filter(pl.col("partner") == "other")


def _same(subset: str) -> Claim:
    return _own(
        subset, "same", "cosine, own facts stand out from other facts", Above(0.0), role="control"
    )


def _reverse(subset: str, margin: float) -> Claim:
    return _own(
        subset, "reverse", f"cosine, own facts are like other facts, within ±{margin:g}", Within(margin),
        needs=(f"own/{subset}/same",),
    )  # fmt: skip


def _own(
    subset: str,
    direction: str,
    text: str,
    criterion: Criterion,
    *,
    role: Role = "primary",
    needs: tuple[str, ...] = (),
) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return difference(*_cell(rows, subset, direction), "cosine")

    return Claim(
        id=f"own/{subset}/{direction}", text=f"{subset}, {direction}: {text}", unit="Δ cosine",
        source="not in the paper", estimate=estimate, of="gradients", criterion=criterion, role=role,
        needs=needs,
    )  # fmt: skip


def _less(subset: str) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        same, reverse = (by_seed(*_cell(rows, subset, d), "cosine") for d in DIRECTIONS)
        values = {seed: same[seed] - reverse[seed] for seed in same if seed in reverse}
        return over_seeds(values, rows["fact"].n_unique())

    return Claim(
        id=f"order/{subset}",
        text=f"{subset}: own facts stand out more in the same order than in the reverse",
        unit="Δ of Δ cosine", source="not in the paper", estimate=estimate, of="gradients",
        criterion=Above(0.0), needs=(f"own/{subset}/same",),
    )  # fmt: skip
