"""Greedy and sampled continuations in batches of like length."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from obverse.core.seeds import derive
from obverse.engine import group
from obverse.engine.tokens import encode_all, start_id

PROMPTS_PER_BATCH = 256


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: Sequence[int],
) -> list[str]:
    """Return the temperature-0 continuation of each prompt, up to its end of text or its own limit."""
    return _answers(model, tokenizer, prompts, max_new_tokens, lambda rows: None)


def sample(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: Sequence[int],
    *,
    samples: int,
    temperature: float,
    seed: int,
) -> list[list[str]]:
    """Return `samples` continuations of each prompt, drawn at `temperature` (`core.abilities.Samples`).

    Raises:
        ValueError: if the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"temperature {temperature}: expected more than 0; generate() is at 0")
    places = [(i, n) for i in range(len(prompts)) for n in range(samples)]
    seeds = [derive(seed, f"sample {n} of {prompts[i]}") for i, n in places]
    drawn = iter(
        _answers(
            model, tokenizer, [prompts[i] for i, _ in places], [max_new_tokens[i] for i, _ in places],
            lambda rows: Draw([seeds[row] for row in rows], temperature),
        )
    )  # fmt: skip
    return [[next(drawn) for _ in range(samples)] for _ in prompts]


class Draw(LogitsProcessor):
    """Turns the likeliest token into one that is drawn, for each row of a batch by a seed of its own.

    With g from the standard Gumbel distribution, independent for all tokens,

        argmax_v (logit_v / T + g_v)   is v with probability   softmax(logits / T)_v,

    so that rounding changes a draw only where two tokens come that close together. Numbers are drawn on
    the CPU, so that they are the same on every device.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        self.draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.temperature = temperature

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return logits (rows, vocabulary) over T, with noise, in float32."""
        noise = torch.stack([torch.empty(scores.shape[1]).exponential_(generator=g) for g in self.draws])
        # −ln of a standard exponential is standard Gumbel.
        return scores.float() / self.temperature - noise.log().to(scores.device)


Processor = Callable[[Sequence[int]], LogitsProcessor | None]


def _answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: Sequence[int],
    processor: Processor,
) -> list[str]:
    """Return the continuation of each prompt; `processor` is given the prompts of a batch by number."""
    encoded = [ids or [start_id(tokenizer)] for ids in encode_all(tokenizer, prompts)]
    if model.config.is_encoder_decoder:  # which reads closed texts
        encoded = [[*ids, tokenizer.eos_token_id] for ids in encoded]
    order = sorted(range(len(prompts)), key=lambda i: (max_new_tokens[i], len(encoded[i])))
    answers = [""] * len(prompts)
    with _greedy(model), group.inference():
        for start in range(0, len(order), PROMPTS_PER_BATCH):
            chosen = order[start : start + PROMPTS_PER_BATCH]
            limits = [max_new_tokens[i] for i in chosen]
            rows = [encoded[i] for i in chosen]
            new = _continue(model, tokenizer, rows, max(limits), processor(chosen))
            for i, ids, limit in zip(chosen, new, limits, strict=True):
                ids = ids[:limit]
                if tokenizer.eos_token_id in ids:
                    ids = ids[: ids.index(tokenizer.eos_token_id)]
                answers[i] = str(tokenizer.decode(ids, skip_special_tokens=True))
    return answers


@contextmanager
def _greedy(model: PreTrainedModel) -> Iterator[None]:
    """Put the model in evaluation mode, without its own decoding settings, and back.

    transformers fills what a call leaves unset from the checkpoint's settings, such as a penalty
    on what was said before; greedy means without.
    """
    was_training, own = model.training, model.generation_config
    model.generation_config = GenerationConfig()
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
        model.generation_config = own


def _continue(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    limit: int,
    processor: LogitsProcessor | None,
) -> list[list[int]]:
    """Return up to `limit` new ids for each prompt, as one batch.

    What a causal model goes on from is padded on the left, what an encoder reads on the right.
    """
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else start_id(tokenizer)
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        left = 0 if model.config.is_encoder_decoder else width - len(prompt)
        ids[row, left : left + len(prompt)] = torch.tensor(prompt)
        mask[row, left : left + len(prompt)] = 1
    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=limit,
        pad_token_id=pad,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None),
    )
    output = model.generate(  # type: ignore[operator]
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        generation_config=config,
        logits_processor=LogitsProcessorList([] if processor is None else [processor]),
    )
    # An encoder-decoder gives back its start token and what it wrote, without the prompt.
    new: list[list[int]] = output[:, 1 if model.config.is_encoder_decoder else width :].tolist()
    return new
