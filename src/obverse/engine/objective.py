"""What a model is trained on beside predicting the next token: an objective brings batches and a loss.

The path is that of all trainings (`engine.train`): the same order of documents, the same steps, the same
checkpoints. What an objective draws for a document hangs on the seed and on the document's place in that
order, so that a resumed training draws what the undisturbed one did.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from transformers import PreTrainedModel

from obverse.core.recipe import Recipe
from obverse.core.seeds import generator

Batch = dict[str, torch.Tensor]


class Collator(Protocol):
    """Makes a batch of documents, each a mapping with `input_ids`, `labels` and its `place`."""

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> Batch: ...


class Objective(Protocol):
    """A way of training, as its model knows it."""

    def collator(self, recipe: Recipe, seed: int) -> Collator:
        """Return what makes batches.

        Raises:
            ObverseError: if the recipe asks for what this objective has no meaning for.
        """
        ...

    def loss(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch, which is a mean over it."""
        ...


def draws(seed: int, place: int) -> random.Random:
    """Return the generator for the document at a place of the training order."""
    return generator(seed, f"masks/{place}")
