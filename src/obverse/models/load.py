"""From the settings of a model to the model."""

from collections.abc import Iterable

import torch

from obverse.core.model import ModelSpec, Scratch
from obverse.models import checkpoint, scratch
from obverse.models.causal import CausalModel


def load(spec: ModelSpec, texts: Iterable[str], seed: int, device: str) -> CausalModel:
    """Load or make the model on `device` ("cpu", "cuda"); `texts` train a scratch tokenizer."""
    model = scratch.make(spec, texts, seed) if isinstance(spec, Scratch) else checkpoint.load(spec)
    torch.nn.Module.to(model.model, device)
    return model
