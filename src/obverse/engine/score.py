"""Log-probabilities of continuations, each prompt computed once.

All continuations of a prompt share one row: the prompt, then the continuations side by side, under an
attention mask that lets each see the prompt and itself alone (`engine.shared_pass`). So the prompt costs
one pass however many continuations there are, and no cache is copied.

Score. With t(x) the tokens that the model reads for a text x,

    score(continuation | prompt) = ln P(t(prompt + continuation)) − ln P(t(prompt)).

Where no token crosses the boundary this is the usual sum over the continuation's tokens. Where one
does ("New Yor" + "k"), it remains the score of the text as the model would read it, and continuations
of one prompt stay comparable; the usual cut at the prompt's token count would drop or misread a token.

In tokens: let b be how many leading tokens the two texts share, w the whole text's tokens and p the
prompt's. The first b terms of both sums are the same, so that

    score = Σ_{i ≥ b} ln P(w_i | w_<i) − Σ_{i ≥ b} ln P(p_i | p_<i),

and the second sum is empty where no token crosses the boundary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine import group
from obverse.engine.greedy import Branch, Greedy, follow, rounding
from obverse.engine.rows import TOKENS_PER_BATCH, Continuation, Row, batches, in_rows
from obverse.engine.shared_pass import Seen, shared_pass
from obverse.engine.tokens import common_prefix, encode_all, start_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What is scored: prompts, and for each its continuations.

    With `limits`, the greedy answers are followed for so many tokens, and of each prompt the first
    `closed` continuations are read to their end, so that it shows what comes behind them.
    """

    prompts: tuple[str, ...]
    continuations: tuple[tuple[str, ...], ...]
    limits: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    vocabulary: int = 0  # of the tokenizer, which may have been given more words since


class Scorer:
    """Scores continuations under one model.

    The shared pass is compared with the plain one whenever a wider row than before comes up. A model
    for which they differ (one that ignores explicit masks or positions) is scored the plain way from
    then on.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._shared: bool | None = None
        self._checked = 0
        self._last: tuple[Asked, list[Row]] | None = None  # the same is asked at every moment

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), summed over tokens, in nats.

        Raises:
            ValueError: if the two sequences differ in length or a continuation is empty.
        """
        return self._pass(Asked(tuple(prompts), tuple(map(tuple, continuations))))[0]

    def logprobs_and_greedy(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        limits: Sequence[int],
        closed: Sequence[int],
    ) -> tuple[list[list[float]], list[Greedy | None]]:
        """Return `logprobs`, and how each prompt's greedy answer of at most `limits` tokens begins.

        The first `closed` continuations of a prompt are read to their end, so that it shows whether an
        answer ends there. None stands where the pass cannot tell.

        Raises:
            ValueError: as for `logprobs`.
        """
        options = tuple(map(tuple, continuations))
        return self._pass(Asked(tuple(prompts), options, tuple(limits), tuple(closed)))

    def _pass(self, asked: Asked) -> tuple[list[list[float]], list[Greedy | None]]:
        if len(asked.prompts) != len(asked.continuations):
            raise ValueError(
                f"{len(asked.prompts)} prompts, {len(asked.continuations)} sets of continuations"
            )
        asked = replace(asked, vocabulary=len(self.tokenizer))
        if self._last is None or self._last[0] != asked:
            self._last = asked, list(self._rows(asked))
        rows = self._last[1]
        scores = [[0.0] * len(options) for options in asked.continuations]
        known: list[list[Branch]] = [[] for _ in scores]
        tokens = TOKENS_PER_BATCH.get(self.model.device.type, TOKENS_PER_BATCH["cuda"])
        was_training = self.model.training
        self.model.eval()
        with group.inference():
            if rows:
                self._shared = self._trust_shared(rows)
            for batch in batches(rows, tokens):
                seen = self._look(batch, bool(asked.limits))
                for row, values in zip(batch, seen.scores, strict=True):
                    for branch, value in zip(row.branches, values, strict=True):
                        scores[row.item][branch.index] = value
                for row, branches in zip(batch, seen.branches, strict=False):
                    known[row.item] += branches if row.open else []
        self.model.train(was_training)
        greedy = [
            follow(branches, self.tokenizer.eos_token_id, limit) if branches else None
            for branches, limit in zip(known, asked.limits, strict=False)
        ]
        return scores, greedy

    def _look(self, batch: Sequence[Row], greedy: bool) -> Seen:
        if self._shared:
            return shared_pass(self.model, batch, greedy=greedy)
        return Seen(self._score_plain(batch), [])

    def _rows(self, asked: Asked) -> Iterator[Row]:
        texts = []
        for prompt, options in zip(asked.prompts, asked.continuations, strict=True):
            if not all(options):
                raise ValueError(f"an empty continuation of {prompt!r} has no score")
            texts += [prompt + option for option in options]
        whole = iter(encode_all(self.tokenizer, texts))
        start = [start_id(self.tokenizer)]
        for item, ids in enumerate(encode_all(self.tokenizer, asked.prompts)):
            encoded = [next(whole) for _ in asked.continuations[item]]
            boundaries = [common_prefix(ids, full) for full in encoded]
            open_ = True
            if 0 in boundaries:  # nothing to condition on: give the text the model's start token
                open_ = not ids
                ids, encoded = start + ids, [start + full for full in encoded]
                boundaries = [b + 1 for b in boundaries]
            closed = asked.closed[item] if asked.closed else 0
            yield from in_rows(item, ids, boundaries, encoded, closed=closed, open=open_)

    def _score_plain(self, rows: Sequence[Row]) -> list[list[float]]:
        return [[self._plain(row.prompt, branch) for branch in row.branches] for row in rows]

    def _plain(self, prompt: list[int], branch: Continuation) -> float:
        """Return a score as the formula says it, each text in a pass of its own."""
        b = branch.boundary
        value = self._sequence(prompt[:b] + branch.tokens, b)
        return value - (self._sequence(prompt, b) if b < len(prompt) else 0.0)

    def _sequence(self, ids: list[int], boundary: int) -> float:
        """Return ln P(ids[boundary:] | ids[:boundary]) from one unpadded pass."""
        batch = torch.tensor([ids], device=self.model.device)
        logits = self.model(input_ids=batch, use_cache=False).logits[0, boundary - 1 : -1].float()
        values = logits.log_softmax(-1).gather(1, batch[0, boundary:, None])
        return float(values.double().sum())

    def _trust_shared(self, rows: Sequence[Row]) -> bool:
        """Compare both ways on the widest row so far, its first and last continuation.

        A model may pass on short rows and fail on wide ones, where its local attention counts columns.
        """
        widest = max(rows, key=Row.width)
        if self._shared is False or widest.width() <= self._checked:
            return self._shared is not False
        self._checked = widest.width()
        # A shorter row beside it, so that padding is seen too.
        prompt = widest.prompt[-2:]
        short = Row(0, prompt, [Continuation(0, len(prompt), widest.branches[0].tokens)])
        try:
            wide, narrow = shared_pass(self.model, [widest, short]).scores
        except (TypeError, ValueError, RuntimeError):
            return False
        ends = Row(0, widest.prompt, [widest.branches[0], widest.branches[-1]])
        plain = [value for values in self._score_plain([ends, short]) for value in values]
        pairs = zip((wide[0], wide[-1], narrow[0]), plain, strict=True)
        return all(abs(a - b) <= rounding(self.model) for a, b in pairs)
