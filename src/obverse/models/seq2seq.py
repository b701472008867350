"""Encoder-decoder models of transformers: the prompt is read, the continuation is written."""

from collections.abc import Sequence

from obverse.engine.score_pairs import score_pairs
from obverse.models.local import LocalModel


class Seq2SeqModel(LocalModel):
    """An encoder-decoder and its tokenizer, to be trained and asked (fulfils `TrainableModel`)."""

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        return score_pairs(self.model, self.tokenizer, prompts, continuations)
