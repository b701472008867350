"""Models that restore hidden tokens: transformers' decoders whose attention goes both ways."""

from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.generate_masked import Order, generate_masked
from obverse.engine.masked import Masking
from obverse.engine.score_masked import score_masked
from obverse.models.tokenized import TokenizedModel


class MaskedModel(TokenizedModel):
    """A decoder that is trained and asked as a model of hidden tokens (`engine.masked`).

    It fulfils `Scores` (`engine.score_masked`), `Generates` (`engine.generate_masked`) and `Trains`.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        rate: float | None,
        weighted: bool = False,
        order: Order = "text",
    ) -> None:
        super().__init__(model, tokenizer)
        # Saved with the weights: as a causal model it would be asked for what it never learnt.
        model.config.restores_hidden = True
        self.objective = Masking(tokenizer=tokenizer, rate=rate, weighted=weighted, limit=self.limit)
        self.order: Order = order

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), one token after the other with all later ones hidden."""
        return score_masked(self.model, self.tokenizer, prompts, continuations, self.limit)

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return generate_masked(
            self.model, self.tokenizer, prompts, max_new_tokens, order=self.order, limit=self.limit
        )
