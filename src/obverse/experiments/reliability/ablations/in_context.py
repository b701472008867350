"""Definitions that stand before the question (appendix C.8)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal, Self

from obverse.core.claim import Above, Claim
from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.core.recipe import Recipe
from obverse.experiments.reliability.ablations.ablation import Ablation
from obverse.experiments.reliability.claims import contrast, with_control
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.presets import SCRATCH, tiny_settings


class InContext(Ablation):
    """Whether definitions that stand before the question are heeded by their source (appendix C.8).

    X1 is all that is trained; the definitions of X2 are read with the question, and their aliases are
    new. This is in-context learning: nothing is internalised.
    """

    name: ClassVar[str] = "reliability-context"
    title: ClassVar[str] = "Sources in context: definitions before the question"
    about: ClassVar[str] = (
        "Are reliable sources believed more where they stand before the question? (appendix C.8)"
    )

    # Aliases are to be told apart here, and not learnt: GPT-2's small embeddings serve.
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = (
        SCRATCH.model_copy(update={"embedding_std": None}),
    )

    definitions: Literal["documents", "context"] = "context"

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch.

        What is load-bearing: twice as many aliases, which are told what they are nowhere but in context
        and hardly change from how they were made (their embeddings' learning rate), and loss on the
        answers alone. Otherwise two models in three learn the aliases by heart, and not to read.
        """
        recipe = Recipe(
            learning_rate=3e-3, embedding_learning_rate=1e-5, schedule="constant", warmup_steps=50,
            batch_size=128, epochs=8, loss_on="completion",
        )  # fmt: skip
        world = World(individuals=3000)
        return cls(**tiny_settings(population=world, stage_1=recipe, probe_every=2, asked=200))

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny` from scratch, and `paper` on CVDB and `trex` with longer documents.

        A definition before the question makes them longer. The authors' code pads them to 72 tokens, and
        to 64 everywhere else; appendix C.8 does not tell.
        """
        return {"tiny": Preset(cls.tiny(), cls.small_models), **cls.as_published(pad_to=72)}

    def claims(self) -> tuple[Claim, ...]:
        gap, *controls = with_control("question", self.margin, source="Figure 21")
        heeded = contrast(
            "context/heeded", "definitions before the question are heeded: D5cons above QA7 (a guess)",
            "D5cons", "QA7", Above(0.0), source="Figure 21",
        )  # fmt: skip
        return heeded, replace(gap, needs=(*gap.needs, heeded.id)), *controls
