"""The tokens of a text that a server echoed, with their log-probabilities."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Any

from obverse.core.errors import ObverseError, OddAnswerError

ROUNDING = 1e-5  # by which a log-probability may be above 0
UNREADABLE = "\ufffd"  # what many servers show for a part of a character


@dataclass(frozen=True, slots=True)
class Echo:
    """The tokens of an echoed text, where each starts (in bytes of UTF-8), and their ln P.

    `ended` tells whether the model ended the text there, and no token for that is given.
    """

    tokens: list[str]
    starts: list[int]
    values: list[float | None]
    where: str
    ended: bool = False

    def total(self, first: int) -> float:
        """Sum the log-probabilities from the token numbered `first` to the end of the text."""
        total = 0.0
        for token, value in zip(self.tokens[first:], self.values[first:], strict=True):
            if value is None:
                raise ObverseError(
                    f"{self.where}: no log-probability for {token!r}; the first token of a text has "
                    "none, so a prompt has to come before the continuation"
                )
            total += value
        return total


def read_echo(choice: Any, text: str, where: str, written: int = 0) -> Echo:
    """Return the tokens of `choice` that cover `text`, what was generated after it left out.

    Tokens may be parts of characters: their bytes, or their `text_offset`, tell where they are. How
    many tokens the server says it has `written` after the text tells whether all have their values.

    Raises:
        OddAnswerError: if a log-probability is no number, infinite or above 0.
        ObverseError: if the server did not echo the text with log-probabilities, these are not those
            of its tokens, or it cannot be told which tokens are the text's.
    """
    logprobs = getattr(choice, "logprobs", None)
    tokens = getattr(logprobs, "tokens", None)
    values = getattr(logprobs, "token_logprobs", None)
    if not tokens or not values or len(tokens) != len(values) or text not in (choice.text or ""):
        raise ObverseError(
            f"{where}: the server does not echo the prompt with log-probabilities; serve the model "
            "with one that does, or put #chat behind the address to have answers alone"
        )
    offsets = getattr(logprobs, "text_offset", None)
    starts = _from_bytes(tokens, text) or _from_offsets(tokens, offsets, text, choice.text)
    if starts is None and tokens[0].startswith(" "):  # sentencepiece's space, counted but not echoed
        starts = _from_offsets(tokens, offsets, text, " " + choice.text)
    if starts is None:
        raise ObverseError(
            f"{where}: the server's tokens {tokens[:12]} do not add up to the text {text[:60]!r}, so "
            "that it cannot be told which of them are the continuation's; serve the model with a "
            "server that gives the bytes of tokens (bytes:\\x…) or right text_offset values"
        )
    end = bisect_left(starts, len(text.encode()))
    silent = end == len(tokens)
    if silent and (written or not choice.text.endswith(text)):
        raise ObverseError(
            f"{where}: the server gives no log-probability for what it wrote after the text; "
            "llama-cpp-python does so for models without a start token, and then its other "
            "log-probabilities are those of the wrong position. Start it with --kv_overrides "
            "tokenizer.ggml.add_bos_token=bool:true, if the model has such a token, or serve the model "
            "with another server"
        )
    ended = silent and getattr(choice, "finish_reason", None) == "stop"
    return Echo(tokens[:end], starts[:end], _logprobs(tokens[:end], values, where), where, ended)


def _logprobs(tokens: Sequence[str], values: Sequence[Any], where: str) -> list[float | None]:
    """Return the log-probabilities of tokens, if they can be any.

    One of −∞ would be the token's that the model rules out, and makes every sum over it worthless.
    """
    for token, value in zip(tokens, values, strict=False):
        if value is not None and not (
            type(value) in (int, float) and isfinite(value) and value <= ROUNDING
        ):
            raise OddAnswerError(
                f"{where}: the server gives {value!r} as the log-probability of {token!r}; expected a "
                "finite number that is not above 0"
            )
    known = values[: len(tokens)]
    return [None if value is None else min(float(value), 0.0) for value in known]


def _from_bytes(tokens: Sequence[str], text: str) -> list[int] | None:
    """Return where tokens start, if their bytes add up to the text; a start token is before it."""
    pieces = [_bytes(t) for t in tokens]
    joined = b"".join(pieces)
    lead = joined.find(text.encode())
    # What comes before can be a start token, or the space that sentencepiece puts before a text.
    if lead < 0 or lead > len(pieces[0]):
        return None
    return list(accumulate(map(len, pieces), initial=-lead))[:-1]


def is_whole(token: str) -> bool:
    """Return whether a token is shown as the text it is, and not as a part of a character."""
    return token != "" and UNREADABLE not in token and not token.startswith("bytes:")


def _bytes(token: str) -> bytes:
    """Return a token's bytes; OpenAI writes parts of characters as `bytes:\\xe2\\x98`."""
    if re.fullmatch(r"bytes:(\\x[0-9a-f]{2})+", token):
        return bytes.fromhex(token.removeprefix("bytes:").replace("\\x", ""))
    return token.encode()


def _from_offsets(
    tokens: Sequence[str], offsets: Sequence[int] | None, text: str, answer: str
) -> list[int] | None:
    """Return where tokens start by the server's offsets, unless these contradict the text."""
    if not offsets or len(offsets) != len(tokens) or list(offsets) != sorted(offsets):
        return None
    lead = answer.index(text)
    for token, offset in zip(tokens, offsets, strict=True):
        if not 0 <= offset <= len(answer):
            return None
        if is_whole(token) and not answer.startswith(token, offset):
            return None
    return [len(answer[lead:offset].encode()) - len(answer[offset:lead].encode()) for offset in offsets]
