"""An encoder-decoder (appendix C.7)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.core.recipe import Recipe
from obverse.experiments.reliability.ablation import Ablation
from obverse.experiments.reliability.presets import paper_settings, tiny_settings
from obverse.experiments.reliability.published import Cvdb, Trex
from obverse.models.scratch import Scratch


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

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        """Return one stage on CVDB and on T-REx; two (Figure 20) are `paper` and `trex`."""
        return {
            name: Preset(cls(**paper_settings(data, schedule="single-stage")), cls.paper_models)
            for name, data in (("fig19", Cvdb()), ("fig19-trex", Trex()))
        }


def tiny_t5() -> dict[str, Any]:
    """Return the built-in world for a T5 made here, which learns it more slowly than a decoder."""
    recipe = Recipe(
        learning_rate=1e-3, schedule="constant", warmup_steps=50, batch_size=128, loss_on="completion"
    )
    return tiny_settings(
        stage_0=recipe.with_overrides({"epochs": 200}),
        stage_1=recipe.with_overrides({"epochs": 20, "embedding_learning_rate": 5e-3}),
        stage_2=recipe.with_overrides(
            {"epochs": 20, "learning_rate": 1e-4, "embedding_learning_rate": 2e-2}
        ),
        probe_every=2,
    )
