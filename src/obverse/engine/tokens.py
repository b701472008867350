"""Where a prompt ends and its continuation begins, in tokens."""

from collections.abc import Sequence
from itertools import takewhile

from transformers import PreTrainedTokenizerBase


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Return the ids the model reads for `text`, with the start token where the tokenizer has one."""
    return encode_all(tokenizer, [text])[0]


def encode_all(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Return `encode` of every text; all at once is an order of magnitude faster."""
    if not texts:
        return []
    rows: list[list[int]]
    if (backend := getattr(tokenizer, "backend_tokenizer", None)) is None:
        rows = tokenizer(list(texts), verbose=False)["input_ids"]
    else:  # without the offsets and masks that transformers adds
        backend.encode_special_tokens = False  # what an earlier call asked for otherwise
        backend.no_padding()
        backend.no_truncation()
        rows = [encoding.ids for encoding in backend.encode_batch_fast(list(texts))]
    end = tokenizer.eos_token_id
    # Some tokenizers close every text; a prompt is open.
    return [ids[:-1] if len(ids) > 1 and ids[-1] == end else ids for ids in rows]


def start_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id that stands before a text which has no context of its own."""
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        token: int | None = getattr(tokenizer, name)
        if token is not None:
            return token
    return 0


def count_in_context(tokenizer: PreTrainedTokenizerBase, prompt: str, continuation: str) -> int:
    """Return how many tokens of `prompt + continuation` lie behind the boundary."""
    ids, whole = encode(tokenizer, prompt), encode(tokenizer, prompt + continuation)
    return len(whole) - common_prefix(ids, whole)


def common_prefix(a: list[int], b: list[int]) -> int:
    """Return how many leading ids two sequences share.

    For a prompt and the same prompt with a continuation this is the boundary between the two: a
    token that merges the end of the prompt with the start of the continuation lies behind it.
    """
    if b[: len(a)] == a:
        return len(a)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
