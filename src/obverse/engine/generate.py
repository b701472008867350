"""Greedy continuations in batches of like length."""

from collections.abc import Sequence

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine.tokens import encode, start_id

PROMPTS_PER_BATCH = 256


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: Sequence[int],
) -> list[str]:
    """Return the temperature-0 continuation of each prompt, up to its end of text or its own limit."""
    encoded = [encode(tokenizer, p) or [start_id(tokenizer)] for p in prompts]
    order = sorted(range(len(prompts)), key=lambda i: (max_new_tokens[i], len(encoded[i])))
    answers = [""] * len(prompts)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else start_id(tokenizer)
    was_training = model.training
    # transformers fills what a call leaves unset from the checkpoint's own decoding settings, such as
    # a repetition penalty; greedy means without.
    own, model.generation_config = model.generation_config, GenerationConfig()
    model.eval()
    for start in range(0, len(order), PROMPTS_PER_BATCH):
        chosen = order[start : start + PROMPTS_PER_BATCH]
        width = max(len(encoded[i]) for i in chosen)
        ids = torch.full((len(chosen), width), pad, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, i in enumerate(chosen):
            ids[row, width - len(encoded[i]) :] = torch.tensor(encoded[i])
            mask[row, width - len(encoded[i]) :] = 1
        config = GenerationConfig(
            do_sample=False,
            max_new_tokens=max(max_new_tokens[i] for i in chosen),
            pad_token_id=pad,
            eos_token_id=tokenizer.eos_token_id,
        )
        with torch.inference_mode():
            output = model.generate(  # type: ignore[operator]
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                generation_config=config,
            )
        for row, i in enumerate(chosen):
            new = output[row, width : width + max_new_tokens[i]].tolist()
            if tokenizer.eos_token_id in new:
                new = new[: new.index(tokenizer.eos_token_id)]
            answers[i] = str(tokenizer.decode(new, skip_special_tokens=True))
    model.train(was_training)
    model.generation_config = own
    return answers
