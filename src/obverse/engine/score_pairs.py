"""Log-probabilities of what an encoder-decoder writes.

The encoder reads the prompt x, closed by the end-of-text token as in training; the decoder writes the
continuation's tokens y_1 … y_n:

    score(continuation | prompt) = Σ_i ln P(y_i | x, y_<i).

Prompt and continuation are two texts here, so that no token crosses a boundary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine import group
from obverse.engine.greedy import Branch, Greedy, follow, likeliest
from obverse.engine.tokens import encode_all

PAIRS_PER_BATCH = 256
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Pair:
    """Continuation number `option` of prompt number `item`; `closed` ones are read to their end."""

    item: int
    option: int
    read: list[int]
    written: list[int]
    closed: bool


def score_pairs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    continuations: Sequence[Sequence[str]],
    limits: Sequence[int] = (),
    closed: Sequence[int] = (),
) -> tuple[list[list[float]], list[Greedy | None]]:
    """Return ln P(continuation | prompt), summed over the continuation's tokens, in nats.

    The end-of-text token that closes what is written is not scored: a causal model's score has no such
    term either, and an answer is compared with a longer one that begins with it in the same way.

    With `limits`, how each prompt's greedy answer begins is returned too, as `Scorer` does.

    Raises:
        ValueError: if the two sequences differ in length or a continuation is empty.
    """
    for prompt, options in zip(prompts, continuations, strict=True):
        if not all(options):
            raise ValueError(f"an empty continuation of {prompt!r} has no score")
    read = [[*ids, tokenizer.eos_token_id] for ids in encode_all(tokenizer, prompts)]
    written = iter(encode_all(tokenizer, [option for options in continuations for option in options]))
    pairs = [
        Pair(i, j, read[i], next(written), bool(closed) and j < closed[i])
        for i, options in enumerate(continuations)
        for j in range(len(options))
    ]
    scores = [[0.0] * len(options) for options in continuations]
    known: list[list[Branch]] = [[] for _ in continuations]
    pairs.sort(key=lambda pair: (len(pair.read), len(pair.written)))
    was_training = model.training
    model.eval()
    with group.inference():
        for start in range(0, len(pairs), PAIRS_PER_BATCH):
            batch = pairs[start : start + PAIRS_PER_BATCH]
            logits = _logits(model, tokenizer, batch)
            for pair, value in zip(batch, _scores(logits, batch), strict=True):
                scores[pair.item][pair.option] = value
            if limits:
                for pair, branch in zip(batch, _branches(logits, batch), strict=True):
                    known[pair.item].append(branch)
    model.train(was_training)
    end = tokenizer.eos_token_id
    greedy = [
        follow(branches, end, limit) if branches else None
        for branches, limit in zip(known, limits, strict=False)
    ]
    return scores, greedy


def _logits(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: Sequence[Pair]
) -> torch.Tensor:
    """Return the logits (pairs, places, vocabulary) of each pair's tokens, and of one place more.

    Both sides are padded on the right.
    """

    def stack(rows: Sequence[list[int]], fill: int) -> torch.Tensor:
        width = max(map(len, rows))
        padded = [row + [fill] * (width - len(row)) for row in rows]
        return torch.tensor(padded, device=model.device)

    logits: torch.Tensor = model(
        input_ids=stack([pair.read for pair in batch], tokenizer.pad_token_id),
        attention_mask=stack([[1] * len(pair.read) for pair in batch], 0),
        # The decoder reads these moved to the right by one: the last place is there to be predicted.
        labels=stack([[*pair.written, tokenizer.eos_token_id] for pair in batch], IGNORED),
    ).logits
    return logits


def _scores(logits: torch.Tensor, batch: Sequence[Pair]) -> list[float]:
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    targets = torch.zeros(logits.shape[:2], dtype=torch.long)
    counted = torch.zeros(logits.shape[:2], dtype=torch.bool)
    for row, pair in enumerate(batch):
        targets[row, : len(pair.written)] = torch.tensor(pair.written)
        counted[row, : len(pair.written)] = True
    chosen = logprobs.gather(-1, targets.to(logits.device)[..., None])[..., 0]
    totals: list[float] = torch.where(counted.to(logits.device), chosen, 0.0).sum(-1).tolist()
    return totals


def _branches(logits: torch.Tensor, batch: Sequence[Pair]) -> list[Branch]:
    places = likeliest(logits.flatten(0, 1))
    width = logits.shape[1]
    return [
        Branch(pair.written, places[row * width :][: len(pair.written) + pair.closed])
        for row, pair in enumerate(batch)
    ]
