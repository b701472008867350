"""Encoder-decoder models of transformers: the prompt is read, the continuation is written."""

from collections.abc import Sequence

from obverse.engine.greedy import Greedy
from obverse.engine.score_pairs import score_pairs
from obverse.models.local import LocalModel


class Seq2SeqModel(LocalModel):
    """An encoder-decoder and its tokenizer. The encoder reads the prompt, the decoder writes."""

    def _scored(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        limits: Sequence[int] = (),
        closed: Sequence[int] = (),
    ) -> tuple[list[list[float]], list[Greedy | None]]:
        return score_pairs(self.model, self.tokenizer, prompts, continuations, limits, closed)

    def count_in_context(self, prompt: str, continuation: str) -> int:
        """Return how many tokens a continuation has: it is a text of its own, whatever was read."""
        return self.count_tokens([continuation])[0]
