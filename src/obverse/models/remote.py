"""Models behind an OpenAI-compatible server.

Completions servers are asked for the log-probabilities of an echoed prompt; chat servers only for
answers. Requests go out a few at a time, and one that fails for a passing reason is tried again by the
client.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

from obverse.core.errors import ObverseError
from obverse.core.model import Endpoint
from obverse.models.answers import Answers

AT_ONCE = 8
RETRIES = 4
# llama-cpp-python applies a penalty of 1.1 unless told, even at temperature 0.
NO_PENALTY = {"repeat_penalty": 1.0}
UNREADABLE = "\ufffd"  # what many servers show for a part of a character
T = TypeVar("T")


class RemoteModel:
    """Fulfils the Model contract; a chat endpoint gives answers and no log-probabilities.

    What `answers` holds already is not asked again, and what is asked is added to it as it comes.
    """

    def __init__(self, spec: Endpoint, answers: Answers | None = None) -> None:
        try:
            import openai
        except ImportError:
            raise ObverseError("models behind an endpoint need: pip install 'obverse[openai]'") from None
        self.spec = spec
        self._answers = answers
        self._errors = openai.OpenAIError
        self._refusals = (openai.BadRequestError, openai.UnprocessableEntityError)
        self._extra: dict[str, float] = NO_PENALTY
        # Local servers take any key; the client insists on one.
        self._key = os.environ.get(spec.key) or "none"
        self._client = openai.OpenAI(
            base_url=spec.url, api_key=self._key, max_retries=RETRIES, timeout=120
        )

    @property
    def scores(self) -> bool:
        """Whether log-probabilities can be had."""
        return self.spec.api == "completions"

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), from the echoed text's token log-probabilities.

        With t(x) the server's tokens for a text x, the score is ln P(t(prompt + continuation)) −
        ln P(t(prompt)), as for local models (`engine.score`). Where a token ends with the prompt that
        is the sum over the continuation's tokens; where one crosses the boundary the server is asked
        for the prompt as well.

        Raises:
            ObverseError: if the server cannot be reached, gives no echo with log-probabilities, gives
                those of other positions, or gives tokens that cannot be told to lie in the prompt or
                the continuation.
            ValueError: if a continuation is empty.
        """
        pairs = [(p, c) for p, options in zip(prompts, continuations, strict=True) for c in options]
        values = iter(self._all(self._score, pairs))
        return [[next(values) for _ in options] for options in continuations]

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return self._all(self._answer, list(zip(prompts, max_new_tokens, strict=True)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        # The server's tokenizer is not known; bytes are an upper bound.
        return [len(t.encode()) for t in texts]

    def _all(self, ask: Callable[..., T], questions: Sequence[tuple[Any, ...]]) -> list[T]:
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(lambda question: self._once(ask, question), questions))
        except self._errors as error:
            # Some servers repeat the key they were given; the cause is dropped for the same reason.
            message = str(error).replace(self._key, "***") if self._key != "none" else str(error)
            raise ObverseError(f"{self.spec.url}, model {self.spec.name}: {message}") from None

    def _once(self, ask: Callable[..., T], question: tuple[Any, ...]) -> T:
        if self._answers is None:
            return ask(*question)
        asked = [ask.__name__, *question]
        known: T | None = self._answers.get(asked)
        if known is None:
            known = ask(*question)
            self._answers.add(asked, known)
        return known

    def _score(self, prompt: str, continuation: str) -> float:
        if not continuation:
            raise ValueError(f"an empty continuation of {prompt!r} has no score")
        whole = self._echo(prompt + continuation)
        if whole.ended and prompt:
            self._echo(prompt)  # the model goes on after a prompt, which shows shifted values
        boundary = len(prompt.encode())
        if boundary in whole.starts and is_whole(whole.tokens[whole.starts.index(boundary)]):
            first = whole.starts.index(boundary)
            if prompt or whole.tokens[:first] != [" "]:  # sentencepiece's space belongs to the text
                return whole.total(first)
        if not prompt:
            return whole.total(0)
        alone = self._echo(prompt)
        first = int(whole.tokens[0] == alone.tokens[0])  # without a context, its own value is not known
        return whole.total(first) - alone.total(first)

    def _echo(self, text: str) -> "Echo":
        # One token more is asked for, since some servers take 0 for no limit; it is left out.
        response = self._client.completions.create(
            model=self.spec.name, prompt=text, echo=True, logprobs=1, max_tokens=1, temperature=0
        )
        written = getattr(getattr(response, "usage", None), "completion_tokens", None) or 0
        return read_echo(self._choice(response), text, self.spec.url, written)

    def _answer(self, prompt: str, limit: int) -> str:
        if self.spec.api == "completions":
            completion = self._greedy(self._client.completions.create, prompt=prompt, max_tokens=limit)
            return str(self._choice(completion).text)
        turns = [{"role": "user", "content": prompt}]
        chat = self._greedy(self._client.chat.completions.create, messages=turns, max_tokens=limit)
        return self._choice(chat).message.content or ""

    def _greedy(self, create: Callable[..., Any], **settings: Any) -> Any:
        settings |= {"model": self.spec.name, "temperature": 0}
        extra = self._extra
        try:
            return create(**settings, extra_body=extra)
        except self._refusals:
            if not extra:
                raise
            answer = create(**settings)
            self._extra = {}  # this server, like OpenAI's, refuses settings that it does not know
            return answer

    def _choice(self, response: Any) -> Any:
        choices = getattr(response, "choices", None)
        if not choices:
            raise ObverseError(
                f"{self.spec.url}: not an answer as OpenAI's servers give it: {str(response)[:200]!r}; "
                "the address usually ends in /v1"
            )
        return choices[0]


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
    return Echo(tokens[:end], starts[:end], values[:end], where, ended)


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
