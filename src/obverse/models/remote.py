"""Models behind an OpenAI-compatible server.

Completions servers are asked for the log-probabilities of an echoed prompt; chat servers only for
answers. Requests go out a few at a time, and one that fails for a passing reason is tried again by the
client.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from obverse.core.errors import ObverseError
from obverse.core.model import Endpoint

AT_ONCE = 8
T = TypeVar("T")


class RemoteModel:
    """Fulfils the Model contract; a chat endpoint gives answers and no log-probabilities."""

    def __init__(self, spec: Endpoint) -> None:
        try:
            import openai
        except ImportError:
            raise ObverseError(
                "models behind an endpoint need: pip install 'obverse[openai]'"
            ) from None
        self.spec = spec
        self._errors = openai.OpenAIError
        # Local servers take any key; the client insists on one.
        key = os.environ.get(spec.key) or "none"
        self._client = openai.OpenAI(base_url=spec.url, api_key=key, max_retries=4, timeout=120)

    @property
    def scores(self) -> bool:
        """Whether log-probabilities can be had."""
        return self.spec.api == "completions"

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), from the echoed text's token log-probabilities.

        A token that crosses the boundary counts to the continuation.
        """
        pairs = [(p, c) for p, options in zip(prompts, continuations, strict=True) for c in options]
        values = iter(self._all(lambda pair: self._score(*pair), pairs))
        return [[next(values) for _ in options] for options in continuations]

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return self._all(
            lambda one: self._answer(*one), list(zip(prompts, max_new_tokens, strict=True))
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        # The server's tokenizer is not known; letters are an upper bound.
        return [len(t) for t in texts]

    def _all(self, ask: Callable[[Any], T], questions: Sequence[Any]) -> list[T]:
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(ask, questions))
        except self._errors as error:
            raise ObverseError(f"{self.spec.url}, model {self.spec.name}: {error}") from error

    def _score(self, prompt: str, continuation: str) -> float:
        response = self._client.completions.create(
            model=self.spec.name, prompt=prompt + continuation, echo=True, logprobs=1, max_tokens=1,
            temperature=0,
        )  # fmt: skip
        return echoed(response.choices[0].logprobs, prompt, continuation, self.spec.url)

    def _answer(self, prompt: str, limit: int) -> str:
        if self.spec.api == "completions":
            completion = self._client.completions.create(
                model=self.spec.name, prompt=prompt, max_tokens=limit, temperature=0
            )
            return completion.choices[0].text
        chat = self._client.chat.completions.create(
            model=self.spec.name, messages=[{"role": "user", "content": prompt}], max_tokens=limit,
            temperature=0,
        )  # fmt: skip
        return chat.choices[0].message.content or ""


def echoed(logprobs: Any, prompt: str, continuation: str, where: str) -> float:
    """Sum the log-probabilities of the echoed tokens that cover `continuation`.

    Raises:
        ObverseError: if the server did not echo the prompt with log-probabilities.
    """
    tokens = getattr(logprobs, "tokens", None)
    values = getattr(logprobs, "token_logprobs", None)
    if not tokens or not values or prompt[:1] not in "".join(tokens[:2]):
        raise ObverseError(
            f"{where}: the server does not echo the prompt with log-probabilities; serve the model "
            "with one that does, or put #chat behind the address to have answers alone"
        )
    start, end = len(prompt), len(prompt) + len(continuation)
    total, at = 0.0, 0
    for token, value in zip(tokens, values, strict=True):
        after = at + len(token)
        if after > start and at < end:
            if value is None:
                raise ObverseError(f"{where}: no log-probability for {token!r}")
            total += value
        at = after
    return total
