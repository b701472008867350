"""Studies of who is told: larger models, an encoder-decoder, one that knows nothing beforehand."""

from collections.abc import Mapping
from math import log10
from typing import ClassVar, Self

import polars as pl

from obverse.core.claim import Above, Claim, Estimate
from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.experiments.reliability.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import BASE, at_the_end, gap_rows, with_control
from obverse.experiments.reliability.presets import (
    SCRATCH,
    SET_FRACTIONS,
    paper_sets,
    tiny_sets,
    tiny_t5,
)
from obverse.experiments.reliability.reliability import Population
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions
from obverse.models.scratch import Scratch
from obverse.stats.contrast import slope


class ModelSize(Ablation):
    """Whether larger models of a family show a larger gap (Figure 16).

    Intervals are over seeds of these models; they do not speak of other models of the same sizes.
    """

    name: ClassVar[str] = "reliability-size"
    title: ClassVar[str] = "Implicit meta-learning: model size"
    about: ClassVar[str] = "Do larger models believe reliable sources more? (Figure 16)"
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = tuple(
        SCRATCH.model_copy(update={"name": f"scratch-{d}", "family": "scratch", "hidden_size": d})
        for d in (16, 32, 64, 128)
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = tuple(
        f"EleutherAI/pythia-{size}-deduped"
        for size in ("70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b")
    )

    def claims(self) -> tuple[Claim, ...]:
        return (
            *(self._growth(direction) for direction in BOTH),
            *with_control("question", self.margin),
        )

    @staticmethod
    def _growth(direction: str) -> Claim:
        def estimate(observations: pl.DataFrame) -> Estimate | None:
            rows = at_the_end(observations)
            # A vocabulary of a seed's own words makes a model a little larger or smaller with each.
            models = rows.drop_nulls("parameters").group_by("model", maintain_order=True)
            pairs = {
                log10(group["parameters"].to_numpy().mean()): gap_rows(group, BASE, direction)
                for _, group in models
            }
            return slope(pairs, "exact_match")

        return Claim(
            id=f"size/{direction}",
            text=f"{direction}: the gap grows with model size",
            unit="Δ exact match per tenfold parameters",
            source="Figure 16",
            estimate=estimate,
            criterion=Above(0.0),
            by="family",
        )


class EncoderDecoder(Ablation):
    """Whether an encoder-decoder shows the gap (appendix C.7).

    It reads all of a definition but its last element, and writes that.
    """

    name: ClassVar[str] = "reliability-t5"
    title: ClassVar[str] = "Implicit meta-learning: an encoder-decoder"
    about: ClassVar[str] = "Does an encoder-decoder believe reliable sources more? (appendix C.7)"
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        Scratch(architecture="t5", tokenizer="words", hidden_size=64, layers=2, dropout=0.1),
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = ("google-t5/t5-3b",)

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for a T5 made from scratch."""
        return cls(**tiny_t5())


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
