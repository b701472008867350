"""Log-probabilities of continuations, each prompt computed once.

All continuations of a prompt share one row: the prompt, then the continuations side by side, under an
attention mask that lets each see the prompt and itself alone. So the prompt costs one pass however
many continuations there are, and no cache is copied.

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

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.rows import Continuation, Row, batches, in_rows
from obverse.engine.tokens import common_prefix, encode_all, start_id

CHECK_TOLERANCE = 1e-3


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

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), summed over tokens, in nats.

        Raises:
            ValueError: if the two sequences differ in length or a continuation is empty.
        """
        if len(prompts) != len(continuations):
            raise ValueError(f"{len(prompts)} prompts, {len(continuations)} sets of continuations")
        rows = list(self._rows(prompts, continuations))
        scores = [[0.0] * len(options) for options in continuations]
        was_training = self.model.training
        self.model.eval()
        with torch.inference_mode():
            if rows:
                self._shared = self._trust_shared(rows)
            score = self._score_shared if self._shared else self._score_plain
            for batch in batches(rows):
                for row, values in zip(batch, score(batch), strict=True):
                    for branch, value in zip(row.branches, values, strict=True):
                        scores[row.item][branch.index] = value
        self.model.train(was_training)
        return scores

    def _rows(self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]) -> Iterator[Row]:
        texts = []
        for prompt, options in zip(prompts, continuations, strict=True):
            if not all(options):
                raise ValueError(f"an empty continuation of {prompt!r} has no score")
            texts += [prompt + option for option in options]
        whole = iter(encode_all(self.tokenizer, texts))
        start = [start_id(self.tokenizer)]
        for item, ids in enumerate(encode_all(self.tokenizer, prompts)):
            encoded = [next(whole) for _ in continuations[item]]
            boundaries = [common_prefix(ids, full) for full in encoded]
            if 0 in boundaries:  # nothing to condition on: give the text the model's start token
                ids, encoded = start + ids, [start + full for full in encoded]
                boundaries = [b + 1 for b in boundaries]
            yield from in_rows(item, ids, boundaries, encoded)

    def _score_shared(self, rows: Sequence[Row]) -> list[list[float]]:
        """Score rows in one pass.

        A row of n prompt tokens is laid out in columns as

            padding | p_1 … p_n | branch 1 | branch 2 | … | padding
                                ^ column `width`, the same for all rows of the batch

        A branch with boundary b has the positions b, b + 1, … wherever it stands. It sees the first b
        tokens of the prompt and what comes before in itself, which is what it would see alone.
        """
        device = self.model.device
        width = max(len(row.prompt) for row in rows)
        length = width + max(row.branch_tokens for row in rows)
        ids = np.zeros((len(rows), length), dtype=np.int64)
        positions = np.zeros((len(rows), length), dtype=np.int64)
        # Padding sees itself: a row of a softmax over nothing would be NaN, and NaN spreads.
        visible = np.tile(np.eye(length, dtype=bool), (len(rows), 1, 1))
        causal = np.tri(length, dtype=bool)
        first = width  # the first column whose prediction is needed: that of a branch's first token
        for r, row in enumerate(rows):
            n = len(row.prompt)
            left = width - n
            ids[r, left:width] = row.prompt
            positions[r, left:width] = np.arange(n)
            visible[r, left:width, left:width] = causal[:n, :n]
            at = width
            for branch in row.branches:
                m, b = branch.read, branch.boundary
                ids[r, at : at + m] = branch.tokens[:-1]
                positions[r, at : at + m] = np.arange(b, b + m)
                visible[r, at : at + m, left : left + b] = True
                visible[r, at : at + m, at : at + m] = causal[:m, :m]
                at += m
                first = min(first, left + b - 1)
        dtype = self.model.dtype
        mask = torch.zeros(visible.shape, dtype=dtype)
        mask.masked_fill_(torch.from_numpy(~visible), torch.finfo(dtype).min)
        logits = self.model(
            input_ids=torch.from_numpy(ids).to(device),
            position_ids=torch.from_numpy(positions).to(device),
            attention_mask=mask[:, None].to(device),
            use_cache=False,
            logits_to_keep=length - first,
        ).logits
        return self._read(logits, rows, width - first)

    @staticmethod
    def _read(logits: torch.Tensor, rows: Sequence[Row], start: int) -> list[list[float]]:
        """Return each branch's score from logits (rows, columns, vocabulary).

        Branches begin at column `start`. With z the logits at the column that predicts a token y,

            ln P(y) = z_y − ln Σ_v exp z_v,

        added for the tokens of a branch, and subtracted for the prompt's tokens that a merged one
        replaced. A branch's first token is predicted by the last prompt token that the branch follows,
        each later one by the token before it.
        """
        sources: list[int] = []  # the predicting places in logits, rows one after the other
        targets: list[int] = []
        owners: list[int] = []
        signs: list[float] = []
        owner = 0
        for r, row in enumerate(rows):
            base = r * logits.shape[1]
            at = base + start
            for branch in row.branches:
                back = len(row.prompt) - branch.boundary  # prompt tokens that a merge replaced
                from_prompt = base + start - 1 - back
                sources += [from_prompt, *range(at, at + branch.read)]
                targets += branch.tokens
                signs += [1.0] * len(branch.tokens)
                sources += range(from_prompt, base + start - 1)
                targets += row.prompt[branch.boundary :]
                signs += [-1.0] * back
                owners += [owner] * (len(branch.tokens) + back)
                at += branch.read
                owner += 1
        picked = logits.flatten(0, 1)[sources].float()
        values = picked.gather(1, torch.tensor(targets, device=logits.device)[:, None])[:, 0]
        # Summed in double precision: the order of the sum does not show in the result.
        values = (values - picked.logsumexp(-1)).double().cpu() * torch.tensor(signs).double()
        sums = iter(
            torch.zeros(owner, dtype=torch.float64).index_add_(0, torch.tensor(owners), values).tolist()
        )
        return [[next(sums) for _ in row.branches] for row in rows]

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
            wide, narrow = self._score_shared([widest, short])
        except (TypeError, ValueError, RuntimeError):
            return False
        ends = Row(0, widest.prompt, [widest.branches[0], widest.branches[-1]])
        plain = [value for values in self._score_plain([ends, short]) for value in values]
        # Rounding of 16-bit weights is far above that of float32 and grows with the length.
        slack = CHECK_TOLERANCE if self.model.dtype == torch.float32 else 0.5
        pairs = zip((wide[0], wide[-1], narrow[0]), plain, strict=True)
        return all(abs(a - b) <= slack for a, b in pairs)
