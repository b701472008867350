"""Answers of a model that restores hidden tokens: a window behind the prompt is filled by tokens.

The window is hidden at first (`engine.masked.window`). In each pass one place is filled with its
likeliest token: the first that is hidden, or, in the order of confidence, the one whose likeliest token
has the highest probability (LLaDA's low-confidence remasking, arXiv 2502.09992, with as many steps as
places). What is filled stays. The answer is what stands before the first end of text, which has to be
predicted too.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.masked import logits_at, window, without
from obverse.engine.tokens import encode_all

PROMPTS_PER_BATCH = 128

Order = Literal["text", "confidence"]


def generate_masked(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: Sequence[int],
    *,
    order: Order,
    limit: int | None,
) -> list[str]:
    """Return the temperature-0 answer behind each prompt, up to its end of text or its own limit."""
    encoded = encode_all(tokenizer, prompts)
    # What is asked for has room for an end of text.
    widths = [
        min(filter(None, (window(len(ids), most - 1, limit), limit)))
        for ids, most in zip(encoded, max_new_tokens, strict=True)
    ]
    answers = [""] * len(prompts)
    sequence = sorted(range(len(prompts)), key=lambda i: widths[i])
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(sequence), PROMPTS_PER_BATCH):
            chosen = sequence[start : start + PROMPTS_PER_BATCH]
            filled = _fill(
                model, tokenizer, [encoded[i] for i in chosen], [widths[i] for i in chosen], order
            )
            for i, ids in zip(chosen, filled, strict=True):
                ids = ids[: max_new_tokens[i]]
                if tokenizer.eos_token_id in ids:
                    ids = ids[: ids.index(tokenizer.eos_token_id)]
                answers[i] = str(tokenizer.decode(ids, skip_special_tokens=True))
    model.train(was_training)
    return answers


def _fill(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    widths: Sequence[int],
    order: Order,
) -> list[list[int]]:
    """Return the window behind each prompt as it is filled, up to the first end of text at least."""
    mask, end = tokenizer.mask_token_id, tokenizer.eos_token_id
    on = model.device
    ids = torch.full((len(prompts), max(widths)), mask, device=on)
    seen = torch.zeros_like(ids)
    hidden = torch.zeros_like(ids, dtype=torch.bool)
    for row, (prompt, width) in enumerate(zip(prompts, widths, strict=True)):
        ids[row, : len(prompt)] = torch.tensor(prompt, dtype=torch.long)
        seen[row, :width] = 1
        hidden[row, len(prompt) : width] = True
    behind = hidden.clone()
    while True:
        # Nothing behind the first end of text that is filled in is part of the answer.
        ended = ((ids == end) & behind & ~hidden).cumsum(1) > 0
        going = (hidden & ~ended).any(1).nonzero()[:, 0]
        if not len(going):
            break
        here = hidden[going]
        if order == "text":
            here &= here.cumsum(1) == 1
        logits = without(logits_at(model, ids[going], seen[going], here), mask)
        top, token = logits.log_softmax(-1).max(-1)
        sure = torch.full(here.shape, -torch.inf, device=on)
        sure[here] = top
        place = sure.argmax(1)
        said = torch.zeros_like(ids[going])
        said[here] = token
        ids[going, place] = said.gather(1, place[:, None])[:, 0]
        hidden[going, place] = False
    return [
        ids[row, len(prompt) : width].tolist()
        for row, (prompt, width) in enumerate(zip(prompts, widths, strict=True))
    ]
