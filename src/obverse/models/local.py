"""What models of transformers that predict the next token have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from obverse.core.abilities import Beginning
from obverse.core.data import Document
from obverse.core.gradients import Products
from obverse.engine.documents import encode_texts
from obverse.engine.generate import generate, sample
from obverse.engine.gradients.metric import adam_metric
from obverse.engine.gradients.products import products
from obverse.engine.greedy import Greedy, rounding
from obverse.models.tokenized import TokenizedModel


class LocalModel(TokenizedModel, ABC):
    """A model and its tokenizer, to be trained and asked.

    It fulfils `Scores`, `Generates`, `Samples`, `Foresees` and `Trains`.
    """

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
        """Return `logprobs`, and how each greedy answer begins (`core.abilities.Foresees`)."""
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
        """Return drawn continuations (`core.abilities.Samples`)."""
        return sample(
            self.model, self.tokenizer, prompts, max_new_tokens, samples=samples,
            temperature=temperature, seed=seed,
        )  # fmt: skip

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
        """Return inner products of gradients (`core.abilities.GivesGradients`)."""
        weights = None
        if preconditioned:
            weights = adam_metric(self.model, self._optimizers[-1]) if self._optimizers else None
            if weights is None:
                return None
        sets = [encode_texts(self.model, self.tokenizer, texts, loss_on) for texts in (first, second)]
        pad = self.tokenizer.pad_token_id or 0
        return products(self.model, *sets, pad=pad, weights=weights, projections=projections, seed=seed)
