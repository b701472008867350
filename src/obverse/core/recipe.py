"""How a model is trained."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from obverse.core.settings import MOST, Settings

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Recipe(Settings):
    """Optimisation of one stage. Padding bears no loss, unless asked to.

    `loss_on` is "document" (the whole text) or "completion". `warmup_steps` (at most a quarter of all
    steps) and the schedule count optimizer steps. `batch_size` counts documents a step, and is reached
    as `batch_size / micro_batch_size` accumulated passes where the latter is given.
    `embedding_learning_rate` is that of the input embeddings, where it is another. `pad_to` pads every
    document to that many tokens; with `loss_on_padding` the model is also trained to predict the
    padding.
    """

    optimizer: Literal["adamw", "adafactor", "sgd"] = "adamw"
    learning_rate: Positive = 3e-3
    embedding_learning_rate: Positive | None = None
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_steps: Annotated[int, Field(ge=0, le=MOST)] = 100
    batch_size: Annotated[int, Field(ge=1, le=MOST)] = 32
    micro_batch_size: Annotated[int, Field(ge=1, le=MOST)] | None = None
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 4
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    adam_beta1: Fraction = 0.9
    adam_beta2: Fraction = 0.98
    max_grad_norm: Positive = 1.0
    loss_on: Literal["document", "completion"] = "document"
    pad_to: Annotated[int, Field(ge=2, le=131_072)] | None = None
    loss_on_padding: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    gradient_checkpointing: bool = False

    @model_validator(mode="after")
    def _micro_divides_batch(self) -> "Recipe":
        if self.micro_batch_size and self.batch_size % self.micro_batch_size:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of micro_batch_size "
                f"{self.micro_batch_size}"
            )
        return self

    @model_validator(mode="after")
    def _padding_has_a_width(self) -> "Recipe":
        if self.loss_on_padding and self.pad_to is None:
            raise ValueError("loss_on_padding needs pad_to, the number of tokens to pad to")
        return self

    def epoch_ends(self, documents: int) -> list[int]:
        """Return the optimizer step after which each epoch over `documents` is over."""
        size = min(self.batch_size, documents)
        ends = [documents * epoch // size for epoch in range(1, self.epochs)]
        return [*ends, math.ceil(documents * self.epochs / size)]
