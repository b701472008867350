"""Causal language models of transformers."""

from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.greedy import Greedy
from obverse.engine.hidden import States, hidden_states
from obverse.engine.objective import Objective
from obverse.engine.score import Scorer
from obverse.models.local import LocalModel


class CausalModel(LocalModel):
    """A causal model and its tokenizer. The prompt and what follows it are one text."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        objective: Objective | None = None,
    ) -> None:
        super().__init__(model, tokenizer, objective)
        self.scorer = Scorer(model, tokenizer)

    def hidden_states(self, texts: Sequence[str]) -> list[States]:
        """Return the residual stream of each text (`core.abilities.GivesHiddenStates`)."""
        return hidden_states(self.model, self.tokenizer, texts)

    def _scored(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        limits: Sequence[int] = (),
        closed: Sequence[int] = (),
    ) -> tuple[list[list[float]], list[Greedy | None]]:
        return self.scorer.logprobs_and_greedy(prompts, continuations, limits, closed)
