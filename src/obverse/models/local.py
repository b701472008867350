"""What models of transformers have in common: training, saving, counting."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.core.data import Document
from obverse.core.gradients import Products
from obverse.core.model import Beginning, Watch
from obverse.core.stage import Training
from obverse.engine.documents import encode_texts
from obverse.engine.generate import generate, sample
from obverse.engine.gradients.metric import adam_metric
from obverse.engine.gradients.products import products
from obverse.engine.greedy import Greedy, rounding
from obverse.engine.tokens import count_in_context, encode
from obverse.engine.train import restore, train
from obverse.models.module import ModuleModel
from obverse.models.quiet import quiet


class LocalModel(ModuleModel, ABC):
    """A model and its tokenizer, to be trained and asked.

    It fulfils `Scores`, `Generates`, `Samples`, `Foresees` and `Trains`.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        quiet()
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.model: PreTrainedModel = model
        self.tokenizer = tokenizer
        self._optimizers: list[torch.optim.Optimizer] = []
        self._fits: dict[str, bool] = {}  # the same texts are asked for at every moment

    @abstractmethod
    def _scored(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        limits: Sequence[int] = (),
        closed: Sequence[int] = (),
    ) -> tuple[list[list[float]], list[Greedy | None]]:
        """Return log-probabilities and, with `limits`, how each greedy answer begins."""

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        return self._scored(prompts, continuations)[0]

    def logprobs_and_beginnings(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        max_new_tokens: Sequence[int],
        closed: Sequence[int],
    ) -> tuple[list[list[float]], list[Beginning | None]]:
        """Return `logprobs`, and how each greedy answer begins (`core.model.Foresees`)."""
        scores, found = self._scored(prompts, continuations, max_new_tokens, closed)
        ids = [[] if greedy is None else list(greedy.ids) for greedy in found]
        texts = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        tie = rounding(self.model)
        return scores, [
            None if greedy is None else Beginning(text=text, ended=greedy.ended, tie=greedy.apart <= tie)
            for greedy, text in zip(found, texts, strict=True)
        ]

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return generate(self.model, self.tokenizer, prompts, max_new_tokens)

    def sample(
        self,
        prompts: Sequence[str],
        max_new_tokens: Sequence[int],
        *,
        samples: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[str]]:
        """Return drawn continuations (`core.model.Samples`)."""
        return sample(
            self.model, self.tokenizer, prompts, max_new_tokens, samples=samples,
            temperature=temperature, seed=seed,
        )  # fmt: skip

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        encoded = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def count_in_context(self, prompt: str, continuation: str) -> int:
        """Return how many tokens of `prompt + continuation` are the continuation's.

        A token that merges the end of the prompt with its start is one of them.
        """
        return count_in_context(self.tokenizer, prompt, continuation)

    def fits(self, text: str) -> bool:
        """Return whether a text is within what the model can read."""
        limit = getattr(self.model.config, "max_position_embeddings", None)
        if limit is None:
            return True
        if text not in self._fits:
            self._fits[text] = len(encode(self.tokenizer, text)) <= limit
        return self._fits[text]

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        with self._optimized() as at_optimizer:
            return train(
                self.model, self.tokenizer, training, folder=folder, seed=seed, watch=watch,
                at_optimizer=at_optimizer,
            )  # fmt: skip

    @contextmanager
    def _optimized(self) -> Iterator[Callable[[torch.optim.Optimizer], None]]:
        """Know the optimizer as long as it is at work, so that gradients can be taken under its
        metric."""
        held: list[torch.optim.Optimizer] = []
        self._optimizers = held
        try:
            yield held.append
        finally:
            self._optimizers = []

    def gradient_products(
        self,
        first: Sequence[Document],
        second: Sequence[Document],
        *,
        loss_on: str,
        preconditioned: bool = False,
        projections: int | None = None,
        seed: int = 0,
    ) -> Products | None:
        """Return inner products of gradients (`core.model.GivesGradients`)."""
        weights = None
        if preconditioned:
            weights = adam_metric(self.model, self._optimizers[-1]) if self._optimizers else None
            if weights is None:
                return None
        sets = [encode_texts(self.model, self.tokenizer, texts, loss_on) for texts in (first, second)]
        pad = self.tokenizer.pad_token_id or 0
        return products(self.model, *sets, pad=pad, weights=weights, projections=projections, seed=seed)

    def save(self, folder: Path) -> None:
        quiet()
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def restore(self, folder: Path) -> None:
        restore(self.model, folder)
