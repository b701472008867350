"""What models that are torch modules have in common, whatever they read."""

import hashlib
from typing import Self

import torch
from torch import nn


class ModuleModel:
    """A model around a torch module, `model`: where it is, how large, and which weights it has."""

    model: nn.Module

    def to(self, device: str) -> Self:
        """Move the weights to a device, and return the model."""
        nn.Module.to(self.model, device)
        return self

    @property
    def parameters(self) -> int:
        """The number of parameters, embeddings included, adapters left out."""
        return sum(p.numel() for name, p in self.model.named_parameters() if ".lora_" not in name)

    def weights_hash(self) -> str:
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()
