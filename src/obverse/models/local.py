"""What models of transformers have in common: training, saving, counting."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.core.recipe import Stage
from obverse.engine.generate import generate
from obverse.engine.train import restore, train


class LocalModel(ABC):
    """A model and its tokenizer, to be trained and asked (fulfils `TrainableModel`)."""

    scores = True

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.model = model
        self.tokenizer = tokenizer

    @property
    def parameters(self) -> int:
        """The number of parameters, embeddings included."""
        return sum(p.numel() for p in self.model.parameters())

    @abstractmethod
    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]: ...

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return generate(self.model, self.tokenizer, prompts, max_new_tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        encoded = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def train(
        self,
        stage: Stage,
        *,
        folder: Path,
        seed: int,
        checkpoint_every: int | None,
        on_step: Callable[[int, int], None],
        on_epoch: Callable[[int], None],
        on_loss: Callable[[int, float], None],
    ) -> dict[str, Any]:
        return train(
            self.model,
            self.tokenizer,
            stage,
            folder=folder,
            seed=seed,
            checkpoint_every=checkpoint_every,
            on_step=on_step,
            on_epoch=on_epoch,
            on_loss=on_loss,
        )

    def weights_hash(self) -> str:
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def restore(self, folder: Path) -> None:
        restore(self.model, folder)
