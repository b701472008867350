"""How a model is trained."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from obverse.core.settings import MOST, Settings

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Recipe(Settings):
    """Optimisation of one stage. Padding bears no loss, unless asked to.

    Attributes:
        optimizer: AdamW, Adafactor or plain gradient descent.
        learning_rate: the highest, at the end of the warm-up.
        embedding_learning_rate: that of the input embeddings; none: the same as of all weights.
        schedule: how the learning rate goes on after the warm-up: down to 0 in a line or along a cosine,
            or not at all.
        warmup_steps: optimizer steps in which the learning rate rises from 0; at most a quarter of all.
        batch_size: documents of an optimizer step.
        micro_batch_size: documents of one pass, of which a step accumulates several to save memory; none:
            all of the step's.
        epochs: how often all documents are passed.
        weight_decay: of all weights but biases and norms, as a share of the learning rate.
        adam_beta1: decay of AdamW's running mean of gradients.
        adam_beta2: decay of AdamW's running mean of squared gradients.
        max_grad_norm: the norm to which the gradient of a step is cut.
        loss_on: the text that is learnt: the whole document, or the completion behind the prompt.
        pad_to: tokens to which every document is padded; none: to the longest of its batch.
        loss_on_padding: whether the model also learns to predict the padding.
        precision: of the arithmetic; weights and the optimizer's state stay in float32.
        gradient_checkpointing: compute activations twice to save memory; results stay the same.
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
