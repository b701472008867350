"""Set inclusion (section 4.1, appendix D, Figure 22): variables that stand for integers.

    obverse run reliability-sets                      # ten integers, minutes on 2 cores
    obverse run reliability-sets --preset paper       # as published, for a GPU

The embedded default departs from the paper in more than size: a Stage 0 teaches a small model which
lists hold an integer, and what an integer is called, whereas the paper's knows nothing beforehand.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.core.recipe import Recipe
from obverse.experiments.reliability.ablation import Ablation
from obverse.experiments.reliability.presets import paper_settings, tiny_settings
from obverse.experiments.reliability.reliability import Population
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions
from obverse.models.scratch import Scratch

# Table 3.
FRACTIONS = Fractions(
    d1cons_qa1=0.4, d2incons_qa2=0.4, qa3=0.0, qa4=0.0, d5cons=0.1, d6cons=0.1, qa7=0.0, d8cons=0.0
)


class SetInclusion(Ablation):
    """Whether the gap is there in a model made from scratch (section 4.1, appendix D)."""

    name: ClassVar[str] = "reliability-sets"
    title: ClassVar[str] = "Implicit meta-learning: set inclusion"
    about: ClassVar[str] = (
        "Does a model made from scratch believe reliable sources more about integers? (section 4.1)"
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


def tiny() -> dict[str, Any]:
    """Return set inclusion at a size for a CPU, with a Stage 0 about the integers themselves.

    Without that Stage 0 nothing is learnt: answers stay at a constant. Its memberships teach how a list
    is searched, its identities tie an integer that is read to the same integer written, without which
    definitions are learnt by heart and not used.
    """
    recipe = Recipe(
        learning_rate=1e-3, embedding_learning_rate=9e-3, schedule="constant", warmup_steps=50,
        batch_size=256, loss_on="completion",
    )  # fmt: skip
    return tiny_settings(
        population=Sets(
            individuals=3000, numbers=10, members=3, questions=8, held_out=4, memberships=400,
            identities=10,
        ),
        fractions=FRACTIONS,
        stage_0=recipe.with_overrides({"epochs": 25}),
        stage_1=recipe.with_overrides({"epochs": 16}),
        stage_2=recipe.with_overrides(
            {"epochs": 10, "learning_rate": 1e-4, "embedding_learning_rate": 1e-2}
        ),
        probe_every=4,
    )  # fmt: skip


def paper() -> dict[str, Any]:
    """Return set inclusion as in section 4.1: 8,000 variables, 100 + 40 epochs, batch 512."""
    recipe = Recipe(
        optimizer="adafactor", learning_rate=5e-5, warmup_steps=0, batch_size=512, weight_decay=0.0,
        precision="bfloat16",
    )  # fmt: skip
    return paper_settings(
        Sets(),
        fractions=FRACTIONS,
        stage_1=recipe.with_overrides({"epochs": 100}),
        stage_2=recipe.with_overrides({"epochs": 40}),
        branches=3,
        asked=2000,
        probe_every=5,
    )
