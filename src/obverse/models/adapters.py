"""Low-rank adapters put into a model, by peft."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from obverse.core.errors import ObverseError
from obverse.models.lora import Lora

MARK = ".lora_"  # in the names of the adapters' tensors


def add_adapters(model: PreTrainedModel, lora: Lora, seed: int) -> None:
    """Put adapters into `model` and freeze all else. They are float32, whatever the weights are.

    Raises:
        ObverseError: if peft is not installed, or the model has none of the layers that are named.
    """
    try:
        from peft import LoraConfig
    except ImportError:
        raise ObverseError("adapters (model.lora.rank) need: pip install 'obverse[peft]'") from None
    settings: dict[str, Any] = {
        "r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "target_modules": list(lora.targets) or "all-linear",
        "bias": "none",
        "task_type": "SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM",
    }
    config = LoraConfig(**settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model.add_adapter(config)
        except ValueError as error:
            raise ObverseError(f"model.lora.targets {', '.join(lora.targets)}: {error}") from error
    for name, parameter in model.named_parameters():
        parameter.requires_grad = MARK in name
        if MARK in name:
            parameter.data = parameter.data.float()


def of_adapters(model: nn.Module) -> int:
    """Return the number of a model's parameters that are its adapters'."""
    return sum(p.numel() for name, p in model.named_parameters() if MARK in name)
