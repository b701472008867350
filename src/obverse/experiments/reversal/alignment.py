"""Is a step on "A is B" a step on "B is A"? Gradient alignment in experiment 1.

A step on a trained sentence, as it is trained, is compared with held-out prompts and their answers while
the facts are learnt. It may make an answer likelier whatever is asked, or likelier where its own fact is
asked about; only the latter is knowledge. So the same answers are also put behind other facts' prompts,
and own prompts have to be better aligned than those:

    Δ = cos(∇L(sentence), ∇L(answer | own prompt)) − cos(∇L(sentence), ∇L(answer | another's prompt)).

Claims are about the moments from which facts are learnt, before the first epoch and behind it: an answer
that is known has no gradient left to compare.

Not in the paper, which suggests that a gradient update on "A is B" is myopic: it changes what is
predicted from A, and not what would have to be predicted from B (arXiv 2309.12288, section 4).

    obverse run reversal-alignment
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field

from obverse.core.claim import Above, Claim, Criterion, Estimate, Role, Within
from obverse.core.data import Document, Label
from obverse.core.page import Finished, Page
from obverse.core.seeds import derive, generator
from obverse.core.settings import Count
from obverse.core.stage import Stage, When
from obverse.experiments.reversal.dataset import DIRECTIONS, SUBSETS, Dataset, HeldOutPrompt, Subset
from obverse.experiments.reversal.identities import Identities
from obverse.measures.gradients import Gradients
from obverse.stats.contrast import Pair, by_seed, difference, over_seeds

TESTED = SUBSETS[:2]  # of Both, both orders are trained
OWN, ANOTHER = "own", "another's"  # whose prompt an answer stands behind
LEARNING = 1  # the last epoch behind which facts are still to be learnt


class Alignment(Identities):
    """Experiment 1, its gradients compared while the facts are learnt.

    Attributes:
        aligned: trained sentences drawn of each fact.
        aligned_prompts: held-out prompts drawn of each order, the same for all facts.
        cosine_margin: within which own prompts and others' count as aligned alike.
    """

    name: ClassVar[str] = "reversal-alignment"
    version: ClassVar[int] = 2
    title: ClassVar[str] = 'The Reversal Curse: is a step on "A is B" a step on "B is A"?'
    about: ClassVar[str] = 'Is the gradient of "A is B" aligned with that of "B is A"?'

    columns: ClassVar[Mapping[str, type[Label]]] = {**Identities.columns, "prompted": str}
    analysis: ClassVar[frozenset[str]] = Identities.analysis | {"cosine_margin"}

    aligned: Count = 2
    aligned_prompts: Count = 4
    cosine_margin: Annotated[float, Field(gt=0)] = 0.005

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return the stages of experiment 1, gradients compared after each epoch."""
        data = self.dataset(seed)
        measures = tuple(
            (measure, When(start=True, epochs=1))
            for subset in TESTED
            for direction in DIRECTIONS
            for measure in self._measures(data, subset, direction, seed)
        )
        return tuple(replace(s, measures=(*s.measures, *measures)) for s in super().stages(seed))

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.page_alignment import alignment_page

        return alignment_page(super().page(finished), finished)

    def _measures(
        self, data: Dataset, subset: Subset, direction: str, seed: int
    ) -> tuple[Gradients, Gradients]:
        """Return what compares trained sentences with answers behind own prompts, and behind others'."""
        draw = generator(derive(seed, "data"), f"alignment/{subset}")
        told: dict[str, list[Document]] = {}
        for document in data.documents:
            if document.labels["subset"] == subset:
                told.setdefault(document.fact, []).append(self._as_trained(document))
        first = [
            document
            for documents in told.values()
            for document in draw.sample(documents, min(self.aligned, len(documents)))
        ]
        asked = [h for h in data.held_out if (h.subset, h.direction) == (subset, direction)]
        templates = sorted({h.template for h in asked})
        chosen = set(draw.sample(templates, min(self.aligned_prompts, len(templates))))
        asked = [h for h in asked if h.template in chosen]
        labels: dict[str, Label] = {"subset": subset, "direction": direction}
        own, another = (
            Gradients(
                first=tuple(replace(d, labels={**labels, "prompted": whose}) for d in first),
                second=tuple(
                    Document(prompt=prompt, completion=h.answer, fact=h.fact)
                    for h, prompt in zip(asked, prompts, strict=True)
                ),
                loss_on="completion",
            )
            for whose, prompts in ((OWN, [h.prompt for h in asked]), (ANOTHER, _anothers(asked)))
        )
        return own, another

    def _as_trained(self, document: Document) -> Document:
        """Return a trained sentence whose completion is what bears loss in training."""
        if self.recipe.loss_on == "completion":
            return document
        return replace(document, prompt="", completion=document.text)

    def claims(self) -> tuple[Claim, ...]:
        """Return for each subset that own prompts stand out in the same order, and not in the reverse.

        Explored is whether a step makes the reverse's answer likelier whatever is asked.
        """
        return (
            *(_same(subset) for subset in TESTED),
            *(_reverse(subset, self.cosine_margin) for subset in TESTED),
            *(_less(subset) for subset in TESTED),
            *(_anyway(subset) for subset in TESTED),
        )


def _anothers(asked: list[HeldOutPrompt]) -> list[str]:
    """Return for each prompt the same one about another fact, the next that is asked in these words."""
    of_template: dict[int, list[int]] = {}
    for place, held_out in enumerate(asked):
        of_template.setdefault(held_out.template, []).append(place)
    prompts = [""] * len(asked)
    for places in of_template.values():
        for place, other in zip(places, places[1:] + places[:1], strict=True):
            prompts[place] = asked[other].prompt
    return prompts


def _prompts(rows: pl.DataFrame, subset: str, direction: str) -> Pair:
    """Return right answers behind own prompts, and behind others', while they are learnt."""
    some = rows.filter(
        pl.col("epoch") <= LEARNING, pl.col("partner") == "own", pl.col("subset") == subset,
        pl.col("direction") == direction,
    )  # fmt: skip
    return some.filter(prompted=OWN), some.filter(prompted=ANOTHER)


def _same(subset: str) -> Claim:
    return _own(
        subset, "same", "cosine, own prompts stand out from others' with the same answer", Above(0.0),
        role="control",
    )  # fmt: skip


def _reverse(subset: str, margin: float) -> Claim:
    return _own(
        subset, "reverse", f"cosine, own prompts are like others' with the same answer, ±{margin:g}",
        Within(margin), needs=(f"own/{subset}/same",),
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
        return difference(*_prompts(rows, subset, direction), "cosine")

    return Claim(
        id=f"own/{subset}/{direction}", text=f"{subset}, {direction}: {text}", unit="Δ cosine",
        source="not in the paper", estimate=estimate, of="gradients", criterion=criterion, role=role,
        needs=needs,
    )  # fmt: skip


def _less(subset: str) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        same, reverse = (by_seed(*_prompts(rows, subset, d), "cosine") for d in DIRECTIONS)
        values = {seed: same[seed] - reverse[seed] for seed in same if seed in reverse}
        return over_seeds(values, rows["fact"].n_unique())

    return Claim(
        id=f"order/{subset}",
        text=f"{subset}: own prompts stand out more in the same order than in the reverse",
        unit="Δ of Δ cosine", source="not in the paper", estimate=estimate, of="gradients",
        criterion=Above(0.0), needs=(f"own/{subset}/same",),
    )  # fmt: skip


def _anyway(subset: str) -> Claim:
    """Return how much better a step is aligned with its own fact's reverse answer than with other
    facts' answers, all behind prompts that do not ask about the fact."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        some = rows.filter(
            pl.col("epoch") <= LEARNING, pl.col("subset") == subset, pl.col("direction") == "reverse",
            pl.col("prompted") == ANOTHER,
        )  # fmt: skip
        return difference(some.filter(partner="own"), some.filter(partner="other"), "cosine")

    return Claim(
        id=f"anyway/{subset}",
        text=f"{subset}, reverse: own answer behind another's prompt, beside other answers",
        unit="Δ cosine", source="not in the paper", estimate=estimate, of="gradients", role="explored",
    )  # fmt: skip
