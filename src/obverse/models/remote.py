"""Models behind an OpenAI-compatible server.

Completions servers are asked for the log-probabilities of an echoed prompt; chat servers only for
answers. Requests go out a few at a time, and one that fails for a passing reason is tried again by the
client.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from obverse.core.errors import ObverseError
from obverse.core.seeds import derive
from obverse.models.answers import Answers
from obverse.models.echo import Echo, is_whole, read_echo
from obverse.models.endpoint import Endpoint

AT_ONCE = 8
RETRIES = 4
TIMEOUT = 120.0  # seconds
# llama-cpp-python applies a penalty of 1.1 unless told, even at temperature 0.
NO_PENALTY = {"repeat_penalty": 1.0}
T = TypeVar("T")


class RemoteModel(ABC):
    """A model that is asked over a network (fulfils `Generates`, `Samples` and `Closes`).

    What the file `answers` holds already is not asked again. What is asked is added to it as it comes.

    Raises:
        ObverseError: if the client's package is not installed, or the file cannot be written.
    """

    def __init__(self, spec: Endpoint, answers: Path) -> None:
        try:
            import openai
        except ImportError:
            raise ObverseError("models behind an endpoint need: pip install 'obverse[openai]'") from None
        self.spec = spec
        self._errors = openai.OpenAIError
        self._absent = openai.NotFoundError
        self._refusals = (openai.BadRequestError, openai.UnprocessableEntityError)
        self._extra: dict[str, float] = NO_PENALTY
        self._key = spec.secret()
        self.client = openai.OpenAI(
            base_url=spec.url, api_key=self._key, max_retries=RETRIES, timeout=TIMEOUT
        )
        self._answers = Answers(answers)

    @property
    def parameters(self) -> int | None:
        return self.spec.parameters

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        """Return the server's answers at temperature 0.

        Raises:
            ObverseError: if the server cannot be reached, or does not answer as OpenAI's do.
        """
        return self._all(self._answer, list(zip(prompts, max_new_tokens, strict=True)))

    def sample(
        self,
        prompts: Sequence[str],
        max_new_tokens: Sequence[int],
        *,
        samples: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[str]]:
        """Return the server's drawn answers, one request each (`core.model.Samples`).

        Each request names its seed. Servers that heed it give the same answers again, as far as they
        promise; what was drawn before an interruption is not drawn again from any.

        Raises:
            ObverseError: as `generate` does.
        """
        asked = [
            (prompt, limit, temperature, derive(seed, f"sample {n} of {prompt}"))
            for prompt, limit in zip(prompts, max_new_tokens, strict=True)
            for n in range(samples)
        ]
        drawn = iter(self._all(self._drawn, asked))
        return [[next(drawn) for _ in range(samples)] for _ in prompts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        # The server's tokenizer is not known; bytes are an upper bound.
        return [len(t.encode()) for t in texts]

    def close(self) -> None:
        self.client.close()
        self._answers.close()

    def try_out(self) -> None:
        """Ask something short in every way that the model is asked; the answer is written down.

        Raises:
            ObverseError: if it cannot be asked so.
        """
        self.generate(["The"], [1])

    def is_there(self) -> bool:
        """Return whether the server knows the model; one that was just made may take a while.

        Raises:
            ObverseError: if it cannot be asked for another reason.
        """
        try:
            self._answer("The", 1)
        except self._absent:
            return False
        except self._errors:
            self.try_out()  # fails with the message for the user, or was a passing trouble
        return True

    def _answer(self, prompt: str, limit: int) -> str:
        """Ask for the greedy answer, of at most `limit` tokens."""
        return self._said(prompt, limit, temperature=0)

    def _drawn(self, prompt: str, limit: int, temperature: float, seed: int) -> str:
        """Ask for one drawn answer."""
        return self._said(prompt, limit, temperature=temperature, seed=seed)

    @abstractmethod
    def _said(self, prompt: str, limit: int, **settings: float) -> str:
        """Ask for one answer of at most `limit` tokens, with these settings."""

    def _all(self, ask: Callable[..., T], questions: Sequence[tuple[Any, ...]]) -> list[T]:
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(lambda question: self._once(ask, question), questions))
        except self._errors as error:
            # Some servers repeat the key they were given; the cause is dropped for the same reason.
            message = self.redacted(f"{self.spec.url}, model {self.spec.name}: {error}")
            raise ObverseError(message) from None

    def redacted(self, message: str) -> str:
        """Return a message without the key."""
        return message.replace(self._key, "***") if self._key != "none" else message

    def _once(self, ask: Callable[..., T], question: tuple[Any, ...]) -> T:
        asked = [ask.__name__, *question]
        known: T | None = self._answers.get(asked)
        if known is None:
            known = ask(*question)
            self._answers.add(asked, known)
        return known

    def _asked(self, create: Callable[..., Any], **settings: Any) -> Any:
        settings |= {"model": self.spec.name}
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
        if not isinstance(choices, list) or not choices:
            raise self._odd(response)
        return choices[0]

    def _text(self, said: Any, response: Any) -> str:
        if not isinstance(said, str):
            raise self._odd(response)
        return said

    def _odd(self, response: Any) -> ObverseError:
        return ObverseError(
            f"{self.spec.url}: not an answer as OpenAI's servers give it: {str(response)[:200]!r}; "
            "the address usually ends in /v1"
        )


class ChatModel(RemoteModel):
    """A model behind a chat endpoint, which gives answers and no log-probabilities."""

    def _said(self, prompt: str, limit: int, **settings: float) -> str:
        turns = [{"role": "user", "content": prompt}]
        create = self.client.chat.completions.create
        chat = self._asked(create, messages=turns, max_tokens=limit, **settings)
        message = getattr(self._choice(chat), "message", None)
        if message is not None and getattr(message, "content", None) is None:
            return ""  # how some say nothing
        return self._text(getattr(message, "content", None), chat)


class CompletionsModel(RemoteModel):
    """A model behind a completions endpoint (fulfils `Scores` as well)."""

    def _said(self, prompt: str, limit: int, **settings: float) -> str:
        create = self.client.completions.create
        completion = self._asked(create, prompt=prompt, max_tokens=limit, **settings)
        return self._text(getattr(self._choice(completion), "text", None), completion)

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), from the echoed text's token log-probabilities.

        With t(x) the server's tokens for a text x, the score is

            ln P(t(prompt + continuation)) − ln P(t(prompt)),

        as for local models (`engine.score`). Where a token ends with the prompt, that is the sum over the
        continuation's tokens. Where one crosses the boundary, the server is asked for the prompt as well.

        Raises:
            ObverseError: if the server cannot be reached, gives no echo with log-probabilities, gives
                those of other positions, or gives tokens that cannot be told to lie in the prompt or
                the continuation.
            ValueError: if a continuation is empty.
        """
        pairs = [(p, c) for p, options in zip(prompts, continuations, strict=True) for c in options]
        values = iter(self._all(self._score, pairs))
        return [[next(values) for _ in options] for options in continuations]

    def try_out(self) -> None:
        super().try_out()
        self.logprobs(["The"], [[" end"]])

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

    def _echo(self, text: str) -> Echo:
        # One token more is asked for, since some servers take 0 for no limit; it is left out.
        response = self.client.completions.create(
            model=self.spec.name, prompt=text, echo=True, logprobs=1, max_tokens=1, temperature=0
        )
        written = getattr(getattr(response, "usage", None), "completion_tokens", None) or 0
        return read_echo(self._choice(response), text, self.spec.url, written)
