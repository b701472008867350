"""Models of several sizes (Figure 16)."""

from collections.abc import Mapping
from math import log10
from typing import ClassVar

import polars as pl

from obverse.core.claim import Above, Claim, Estimate
from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.experiments.reliability.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import BASE, at_the_end, gap_rows, with_control
from obverse.experiments.reliability.presets import SCRATCH, paper_settings
from obverse.experiments.reliability.published import Cvdb, Trex
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

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        """Return other families: GPT-Neo and Llama 2 on CVDB, GPT-Neo on T-REx."""
        neo = tuple(f"EleutherAI/gpt-neo-{size}" for size in ("125m", "1.3B", "2.7B"))
        return {
            "fig17": Preset(cls(**paper_settings(Cvdb())), (*neo, "meta-llama/Llama-2-7b-hf")),
            "fig18": Preset(cls(**paper_settings(Trex())), neo),
        }

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
