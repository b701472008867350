"""What models that are torch modules have in common, whatever they read."""

import hashlib
from typing import Any, Self

import torch
from torch import nn

from obverse.engine import group
from obverse.engine.sharded import shard, whole


class ModuleModel:
    """A model around a torch module, `model`: where it is, how large, and which weights it has."""

    model: nn.Module

    def to(self, device: str) -> Self:
        """Move the weights to a device, or this process's share of them, and return the model."""
        if group.size() > 1:
            shard(self.model)
        else:
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
            raw: Any = whole(tensor.detach()).cpu().contiguous().flatten().view(torch.uint8).numpy()
            digest.update(raw)
        return digest.hexdigest()
