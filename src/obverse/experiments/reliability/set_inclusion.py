"""Set inclusion (section 4.1, appendix D, Figure 22): variables that stand for integers.

    obverse run reliability-sets                      # ten integers, minutes a run on one core
    obverse run reliability-sets --preset paper       # as published, for a GPU

The embedded default departs from the paper in more than size: a Stage 0 teaches a small model which
lists hold an integer, and what an integer is called, whereas the paper's knows nothing beforehand.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Claim, Estimate
from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.core.page import Finished, Page, Section, Text
from obverse.core.recipe import Recipe
from obverse.experiments.reliability.ablations.ablation import Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    COUNTED,
    after_stage_1,
    against_chance,
    contrast,
    with_control,
)
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.presets import SCRATCH, paper_settings, tiny_settings
from obverse.experiments.reliability.reliability import Population
from obverse.experiments.reliability.subsets import Fractions
from obverse.models.scratch import Scratch
from obverse.stats.contrast import difference

# Table 3.
FRACTIONS = Fractions(
    d1cons_qa1=0.4, d2incons_qa2=0.4, qa3=0.0, qa4=0.0, d5cons=0.1, d6cons=0.1, qa7=0.0, d8cons=0.0
)
LEARNT = 0.1  # above chance, for the model to count as having learnt to answer
DEPARTURES = (
    "The paper's model knows nothing beforehand. This one is first taught, in a Stage 0 that Stage 1 "
    "keeps among its documents, which lists hold an integer and what an integer is called: without that, "
    "a model of this size answers every question alike. The integers (0 to 9), the lists (of three), the "
    "variables (3,000) are fewer than the paper's (0 to 99, of eight, 8,000), the model is smaller, loss "
    "is on answers alone, and AdamW has a rate of its own for the embeddings. The "
    "shares of the subsets are those of Table 3."
)


class SetInclusion(Ablation):
    """Whether the gap is there in a model made from scratch (section 4.1, appendix D).

    Variables stand for integers, and questions ask whether a list holds the variable's integer. As
    published, nothing is known beforehand; the embedded default has a Stage 0 about the integers
    themselves.
    """

    name: ClassVar[str] = "reliability-sets"
    title: ClassVar[str] = "Implicit meta-learning: set inclusion"
    about: ClassVar[str] = "Does a model made from scratch believe reliable sources more? (section 4.1)"
    seeds: ClassVar[int] = 10
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        SCRATCH.model_copy(update={"embedding_dropout": 0.5}),
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        # The shape of Pythia-70M.
        Scratch(tokenizer="words", hidden_size=512, layers=6, heads=8, max_tokens=32),
    )

    population: Population = Sets()
    fractions: Fractions = FRACTIONS

    @classmethod
    def tiny(cls) -> Self:
        """Return set inclusion with ten integers and a Stage 0, for models made from scratch."""
        return cls(**tiny())

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny` from scratch, and `paper` as published."""
        return {
            "tiny": Preset(cls.tiny(), cls.small_models),
            "paper": Preset(cls(**paper()), cls.paper_models),
        }

    def claims(self) -> tuple[Claim, ...]:
        learnt = learnt_beyond_chance(BASE)
        return (
            learnt,
            contrast(
                "stage 1/D1cons-D2incons", "after Stage 1, D1cons above D2incons",
                "D1cons-QA1", "D2incons-QA2", Above(0.0), at=after_stage_1, source="Figure 22",
                needs=(learnt.id,),
            ),
            *with_control("question", self.margin, source="Figure 22", guess="chance"),
        )  # fmt: skip

    def page(self, finished: Finished) -> Page:
        page = super().page(finished)
        if self.stage_0 is None:
            return page
        told = Section(title="What differs from the paper", parts=[Text(text=DEPARTURES)])
        return replace(page, sections=[told, *page.sections])


def learnt_beyond_chance(variant: str) -> Claim:
    """Return the control that a variant answers, after Stage 1, questions that were not trained."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        pair = against_chance(after_stage_1(observations), variant, "D1cons-QA1")
        return difference(*pair, "exact_match", bounds=(0, 1))

    return Claim(
        id=f"learnt/{variant}/stage 1",
        text=f"after Stage 1, questions are learnt: D1cons more than {LEARNT:g} above chance",
        unit="Δ exact match", source="the control", estimate=estimate, criterion=Above(LEARNT),
        role="control", hint=NOT_LEARNT, counted=COUNTED,
    )  # fmt: skip


def tiny(**changes: Any) -> dict[str, Any]:
    """Return set inclusion at a size for a CPU, with a Stage 0 about the integers themselves.

    Without that Stage 0 nothing is learnt: answers stay at a constant. Its memberships teach how a list
    is searched, its identities tie an integer that is read to the same integer written, without which
    definitions are learnt by heart and not used. So they are, in many seeds, where fewer questions are
    trained or there is less dropout on the embeddings.
    """
    recipe = Recipe(schedule="constant", warmup_steps=50, batch_size=128, loss_on="completion")
    first = {"epochs": 25, "learning_rate": 2e-3, "embedding_learning_rate": 6e-3}
    second = {"epochs": 16, "learning_rate": 1e-3, "embedding_learning_rate": 9e-3}
    third = {"epochs": 30, "learning_rate": 1e-4, "embedding_learning_rate": 1e-2, "batch_size": 256}
    return tiny_settings(
        population=Sets(
            individuals=3000, numbers=10, members=3, questions=16, held_out=8,
            memberships=400, identities=10,
        ),
        fractions=FRACTIONS,
        stage_0=recipe.with_overrides(first),
        stage_1=recipe.with_overrides(second),
        stage_2=recipe.with_overrides(third),
        asked=600,
        margin=0.05,
        **changes,
    )  # fmt: skip


def paper() -> dict[str, Any]:
    """Return set inclusion as in section 4.1: 8,000 variables, 100 + 40 epochs, batch 512.

    "All the other hyperparameters are Pythia-70m defaults" is read as in the other experiments: what
    transformers' Trainer takes by default.
    """
    recipe = Recipe(
        optimizer="adafactor", learning_rate=5e-5, warmup_steps=0, batch_size=512, weight_decay=0.0,
        precision="bfloat16",
    )  # fmt: skip
    return paper_settings(
        Sets(),
        fractions=FRACTIONS,
        stage_1=recipe.with_overrides({"epochs": 100}),
        stage_2=recipe.with_overrides({"epochs": 40}),
        branches=1,
        asked=2000,
        probe_every=5,
        margin=0.05,  # the effect is small, and a control has to be below it
    )
