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
        ObverseError: if peft is not installed, a target is the end of no layer's name, or such a layer
            takes no adapters.
    """
    try:
        from peft import LoraConfig
    except ImportError:
        raise ObverseError("adapters (model.lora.rank) need: pip install 'obverse[peft]'") from None
    _refuse_absent(model, lora)
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


def _refuse_absent(model: PreTrainedModel, lora: Lora) -> None:
    """Refuse a target that is not there, which peft passes over as long as another one is."""
    names = [name for name, _ in model.named_modules()]
    for target in lora.targets:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            linear = {n.rpartition(".")[2] for n, m in model.named_modules() if isinstance(m, nn.Linear)}
            raise ObverseError(
                f"model.lora.targets: no layer's name ends in {target!r}; linear layers are "
                f"{', '.join(sorted(linear))}"
            )


def of_adapters(model: nn.Module) -> int:
    """Return the number of a model's parameters that are its adapters'."""
    return sum(p.numel() for name, p in model.named_parameters() if MARK in name)
