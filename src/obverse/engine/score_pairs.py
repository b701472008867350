"""Log-probabilities of what an encoder-decoder writes.

The encoder reads the prompt x, closed by the end-of-text token as in training; the decoder writes the
continuation's tokens y_1 … y_n:

    score(continuation | prompt) = Σ_i ln P(y_i | x, y_<i).

Prompt and continuation are two texts here, so that no token crosses a boundary.
"""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.tokens import encode_all

PAIRS_PER_BATCH = 256
IGNORED = -100


def score_pairs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    continuations: Sequence[Sequence[str]],
) -> list[list[float]]:
    """Return ln P(continuation | prompt), summed over the continuation's tokens, in nats.

    The end-of-text token that closes what is written is not scored: a causal model's score has no such
    term either, and an answer is compared with a longer one that begins with it in the same way.

    Raises:
        ValueError: if the two sequences differ in length or a continuation is empty.
    """
    for prompt, options in zip(prompts, continuations, strict=True):
        if not all(options):
            raise ValueError(f"an empty continuation of {prompt!r} has no score")
    read = [[*ids, tokenizer.eos_token_id] for ids in encode_all(tokenizer, prompts)]
    written = iter(encode_all(tokenizer, [option for options in continuations for option in options]))
    pairs = [
        (i, j, read[i], next(written))
        for i, options in enumerate(continuations)
        for j in range(len(options))
    ]
    scores = [[0.0] * len(options) for options in continuations]
    pairs.sort(key=lambda pair: (len(pair[2]), len(pair[3])))
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(pairs), PAIRS_PER_BATCH):
            batch = pairs[start : start + PAIRS_PER_BATCH]
            values = _batch(model, tokenizer, [p[2] for p in batch], [p[3] for p in batch])
            for (i, j, _, _), value in zip(batch, values, strict=True):
                scores[i][j] = value
    model.train(was_training)
    return scores


def _batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    read: Sequence[list[int]],
    written: Sequence[list[int]],
) -> list[float]:
    """Return the score of each pair, as one batch; both sides are padded on the right."""

    def stack(rows: Sequence[list[int]], fill: int) -> torch.Tensor:
        width = max(map(len, rows))
        padded = [row + [fill] * (width - len(row)) for row in rows]
        return torch.tensor(padded, device=model.device)

    labels = stack(written, IGNORED)
    logits = model(
        input_ids=stack(read, tokenizer.pad_token_id),
        attention_mask=stack([[1] * len(row) for row in read], 0),
        labels=labels,  # the decoder reads them moved to the right by one
    ).logits  # (pairs, tokens written, vocabulary)
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    known = labels != IGNORED
    chosen = logprobs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    totals: list[float] = (chosen * known).sum(-1).tolist()
    return totals
