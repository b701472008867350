"""A model of transformers and its tokenizer: counting, training, saving, whatever it is trained on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.core.abilities import Watch
from obverse.core.stage import Training
from obverse.engine import group
from obverse.engine.objective import Objective
from obverse.engine.sharded import whole_state
from obverse.engine.tokens import count_in_context, encode
from obverse.engine.train import restore, train
from obverse.models.module import ModuleModel
from obverse.models.quiet import quiet


class TokenizedModel(ModuleModel):
    """A model and its tokenizer, to be trained. It fulfils `Trains`.

    `objective` is what it is trained on; none: to predict the next token.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        objective: Objective | None = None,
    ) -> None:
        quiet()
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.model: PreTrainedModel = model
        self.tokenizer = tokenizer
        self.objective = objective
        self._optimizers: list[torch.optim.Optimizer] = []
        self._fits: dict[str, bool] = {}  # the same texts are asked for at every moment

    @property
    def limit(self) -> int | None:
        """The number of tokens that the model can read, where there is one."""
        limit: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return limit

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
        if (limit := self.limit) is None:
            return True
        if text not in self._fits:
            self._fits[text] = len(encode(self.tokenizer, text)) <= limit
        return self._fits[text]

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        with self._optimized() as at_optimizer:
            return train(
                self.model, self.tokenizer, training, folder=folder, seed=seed, watch=watch,
                at_optimizer=at_optimizer, objective=self.objective,
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

    def save(self, folder: Path) -> None:
        quiet()
        state = whole_state(self.model) if group.size() > 1 else None
        if group.rank() == 0:
            self.model.save_pretrained(folder, state_dict=state)
            self.tokenizer.save_pretrained(folder)

    def restore(self, folder: Path) -> None:
        restore(self.model, folder)
