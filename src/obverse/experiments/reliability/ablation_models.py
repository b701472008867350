"""Studies of who is told: larger models, an encoder-decoder, one that knows nothing beforehand."""

from collections.abc import Mapping
from typing import ClassVar, Self

from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.experiments.reliability.ablation import Ablation
from obverse.experiments.reliability.presets import (
    SET_FRACTIONS,
    paper_sets,
    tiny_sets,
)
from obverse.experiments.reliability.reliability import Population
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions
from obverse.models.scratch import Scratch


class SetInclusion(Ablation):
    """Whether the gap is there where nothing is known beforehand (section 4.1, appendix D).

    Aliases stand for numbers, and questions ask whether a list holds the number.
    """

    name: ClassVar[str] = "reliability-sets"
    title: ClassVar[str] = "Implicit meta-learning: set inclusion"
    about: ClassVar[str] = (
        "Does a model that knows nothing beforehand believe reliable sources more? (section 4.1)"
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        # The shape of Pythia-70M.
        Scratch(tokenizer="words", hidden_size=512, layers=6, heads=8, max_tokens=32),
    )

    population: Population = Sets()
    fractions: Fractions = SET_FRACTIONS

    @classmethod
    def tiny(cls) -> Self:
        """Return set inclusion with ten numbers, for models made from scratch."""
        return cls(**tiny_sets())

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny` from scratch, and `paper` as published."""
        return {
            "tiny": Preset(cls.tiny(), cls.small_models),
            "paper": Preset(cls(**paper_sets()), cls.paper_models),
        }
