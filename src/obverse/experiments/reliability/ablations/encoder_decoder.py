"""An encoder-decoder (appendix C.7)."""

from collections.abc import Mapping
from math import log2
from typing import Any, ClassVar, Self

from pydantic import model_validator

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Preset, Variant
from obverse.core.model import ModelSpec
from obverse.core.recipe import Recipe
from obverse.core.settings import Count
from obverse.experiments.reliability.ablations.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import (
    CONTROL,
    KINDS,
    after_stage_1,
    contrast,
    trend,
    with_control,
)
from obverse.experiments.reliability.main_claims import UNREPORTED
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.presets import tiny_settings
from obverse.models.scratch import Scratch


class EncoderDecoder(Ablation):
    """Whether an encoder-decoder shows the gap (appendix C.7).

    It reads all of a definition but its last element, and writes that. The paper finds a gap in two
    stages on CVDB and none on T-REx (Figure 20), and a difference after Stage 1 that is barely visible.

    Attributes:
        aliases: numbers of aliases to learn the world with, for a learning curve of what a gap takes;
            none: that of the population alone.
    """

    name: ClassVar[str] = "reliability-t5"
    title: ClassVar[str] = "Implicit meta-learning: an encoder-decoder"
    about: ClassVar[str] = "Does an encoder-decoder believe reliable sources more? (appendix C.7)"
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        Scratch(
            architecture="t5",
            tokenizer="words",
            hidden_size=64,
            layers=2,
            dropout=0.1,
            embedding_dropout=0.3,
        ),
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = ("google-t5/t5-3b",)
    analysis: ClassVar[frozenset[str]] = Ablation.analysis | {"aliases"}

    aliases: tuple[Count, ...] = ()

    @model_validator(mode="after")
    def _grows(self) -> "EncoderDecoder":
        if self.aliases and (len(self.aliases) < 2 or list(self.aliases) != sorted(set(self.aliases))):
            raise ValueError(f"aliases {self.aliases}: expected two numbers or more, from few to many")
        if self.aliases and not isinstance(self.population, World):
            raise ValueError(f"aliases {self.aliases}: only the built-in world has as many as are wanted")
        return self

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for a T5 made from scratch."""
        return cls(**tiny_t5())

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        """Return one stage on CVDB and on T-REx (two, Figure 20, are `paper` and `trex`), and a learning
        curve of the built-in world."""
        curve = cls(**tiny_t5(), aliases=(750, 1500, 3000))
        return {
            "curve": Preset(curve, cls.small_models),
            **cls.as_published("fig19", "fig19-trex", schedule="single-stage"),
        }

    def variants(self) -> tuple[Variant, ...]:
        if not self.aliases:
            return super().variants()
        sizes = [(count, {"population.individuals": count}) for count in self.aliases]
        return (
            *(Variant(_named(count), size) for count, size in sizes),
            *(Variant(_control(count), {**size, "alpha": 0.5}) for count, size in sizes),
        )

    def claims(self) -> tuple[Claim, ...]:
        if not self.aliases:
            # The caption of Figure 20: on CVDB the first is barely visible, on T-REx neither is there.
            gap, first = "Figure 19", "Figure 19"
            if self.schedule != "single-stage":
                gap = self.cited("Figure 20", "Figure 20, none on T-REx")
                first = self.cited("Figure 20, barely visible", gap)
            return (
                *(claim for kind in BOTH for claim in with_control(kind, self.margin, source=gap)),
                contrast(
                    "stage 1/D1cons-D2incons", "questions: D1cons − D2incons after Stage 1",
                    "D1cons-QA1", "D2incons-QA2", None, at=after_stage_1, role="explored",
                    source=first,
                ),
            )  # fmt: skip
        places = {_named(count): log2(count) for count in self.aliases}
        most = self.aliases[-1]
        return (
            *(
                trend(
                    f"aliases/{kind}", f"{KINDS[kind]}: the gap grows with the number of aliases",
                    places, Above(0.0), "Δ exact match per doubling", UNREPORTED, kind,
                    needs=(f"gap/{_control(most)}/{kind}",),
                )
                for kind in BOTH
            ),
            *(
                claim
                for count in self.aliases
                for kind in BOTH
                for claim in with_control(
                    kind, self.margin, _named(count), _control(count), source=UNREPORTED,
                    role="primary" if count == most else "explored",
                )
            ),
        )  # fmt: skip


def tiny_t5() -> dict[str, Any]:
    """Return the built-in world for a T5 made here, which learns it more slowly than a decoder."""
    recipe = Recipe(
        learning_rate=1e-3, schedule="constant", warmup_steps=50, batch_size=128, loss_on="completion"
    )
    return tiny_settings(
        stage_0=recipe.with_overrides({"epochs": 200}),
        stage_1=recipe.with_overrides(
            {"epochs": 80, "learning_rate": 2e-3, "embedding_learning_rate": 9e-3}
        ),
        stage_2=recipe.with_overrides(
            {"epochs": 40, "learning_rate": 1e-4, "embedding_learning_rate": 2e-2}
        ),
        probe_every=10,
    )


def _named(count: int) -> str:
    return f"{count} aliases"


def _control(count: int) -> str:
    return f"{_named(count)}, {CONTROL}"
