"""Log-probabilities of continuations under a model that restores hidden tokens.

Such a model gives the distribution of one token from all others that are seen, and so P(continuation |
prompt) in any order of its tokens. The order here is that of the text, so that scores mean the same as a
causal model's. With p the tokens of the prompt, w those of prompt and continuation together, b how many
leading ones they share, and W the length of the window (`engine.masked.window`),

    score(continuation | prompt) = Σ_{i ≥ b} ln P(w_i | w_<i, the places i … W hidden)
                                 − Σ_{i ≥ b} ln P(p_i | p_<i, the places i … W hidden),

whose second sum is empty where no token crosses the boundary (`engine.score`). What stands behind the
continuation is hidden too: neither its length nor its end is given away, and the end of text is no part
of the score. Each term is a pass of its own, since what is seen of the prompt changes with what follows
it: a continuation of n tokens costs n passes over the window, and only equal terms of several
continuations are shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.masked import logits_at, window, without
from obverse.engine.rows import TOKENS_PER_BATCH
from obverse.engine.tokens import common_prefix, encode_all

PROMPTS_AT_ONCE = 64  # whose terms are laid out together


@dataclass(slots=True)
class Terms:
    """Tokens that are predicted at the same place, from the same tokens before it, in the same window.

    `targets` has, for each of them, the token, the sign it is added with, and the score it is added to.
    """

    before: tuple[int, ...]
    width: int
    targets: list[tuple[int, float, tuple[int, int]]] = field(default_factory=list)


def score_masked(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    continuations: Sequence[Sequence[str]],
    limit: int | None,
) -> list[list[float]]:
    """Return ln P(continuation | prompt), summed over tokens, in nats.

    Raises:
        ValueError: if the two sequences differ in length or a continuation is empty.
    """
    for prompt, options in zip(prompts, continuations, strict=True):
        if not all(options):
            raise ValueError(f"an empty continuation of {prompt!r} has no score")
    scores = [[0.0] * len(options) for options in continuations]
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(prompts), PROMPTS_AT_ONCE):
            part = slice(start, start + PROMPTS_AT_ONCE)
            terms = _terms(tokenizer, prompts[part], continuations[part], limit)
            most = TOKENS_PER_BATCH.get(model.device.type, TOKENS_PER_BATCH["cuda"])
            for batch in _batches(terms, most):
                for item, option, value in _values(model, tokenizer, batch):
                    scores[start + item][option] += value
    model.train(was_training)
    return scores


def _terms(
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    continuations: Sequence[Sequence[str]],
    limit: int | None,
) -> list[Terms]:
    texts = [p + c for p, options in zip(prompts, continuations, strict=True) for c in options]
    wholes = iter(encode_all(tokenizer, texts))
    found: dict[tuple[tuple[int, ...], int], Terms] = {}
    for item, prompt in enumerate(encode_all(tokenizer, prompts)):
        for option in range(len(continuations[item])):
            whole = next(wholes)
            width = window(len(prompt), max(0, len(whole) - len(prompt)), limit)
            boundary = common_prefix(prompt, whole)
            for tokens, sign in ((whole, 1.0), (prompt, -1.0)):
                for i in range(boundary, len(tokens)):
                    before = tuple(tokens[:i])
                    terms = found.setdefault((before, width), Terms(before, width))
                    terms.targets.append((tokens[i], sign, (item, option)))
    return list(found.values())


def _batches(terms: list[Terms], most: int) -> list[list[Terms]]:
    """Return rows of like width together, at most so many tokens with padding, or one row alone."""
    batches: list[list[Terms]] = []
    for each in sorted(terms, key=lambda t: t.width):
        if not batches or (len(batches[-1]) + 1) * each.width > most:
            batches.append([])
        batches[-1].append(each)
    return batches


def _values(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: Sequence[Terms]
) -> list[tuple[int, int, float]]:
    """Return what each term adds to the score of which prompt's which continuation."""
    width = batch[-1].width
    ids = torch.full((len(batch), width), tokenizer.mask_token_id)
    seen = torch.zeros_like(ids)
    places = torch.zeros_like(ids, dtype=torch.bool)
    for row, terms in enumerate(batch):
        ids[row, : len(terms.before)] = torch.tensor(terms.before, dtype=torch.long)
        seen[row, : terms.width] = 1
        places[row, len(terms.before)] = True
    on = model.device
    logits = logits_at(model, ids.to(on), seen.to(on), places.to(on))
    logprobs = without(logits, tokenizer.mask_token_id).log_softmax(-1)
    rows = [row for row, terms in enumerate(batch) for _ in terms.targets]
    targets = [target for terms in batch for target in terms.targets]
    values = logprobs[torch.tensor(rows), torch.tensor([token for token, _, _ in targets])].tolist()
    return [
        (item, option, sign * value)
        for value, (_, sign, (item, option)) in zip(values, targets, strict=True)
    ]
