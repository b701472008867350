"""Models behind an OpenAI-compatible server.

Completions servers are asked for the log-probabilities of an echoed prompt; chat servers only for
answers. Requests go out a few at a time (`models.asking`), and each answer is written down as it comes:
what a kill loses is what was on its way, AT_ONCE answers at the most.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from obverse.core.errors import ObverseError, OddAnswerError
from obverse.core.seeds import derive
from obverse.models.answers import Answers
from obverse.models.asking import NO_ANSWER, Asking
from obverse.models.endpoint import Endpoint
from obverse.models.meter import NAME, Meter, Tokens

AT_ONCE = 8
RETRIES = 4  # of what is looked up and asked for no answer (`models.jobs`)
SHORTEST_KEY = 16  # of one that is somebody's secret
FRAME = 64  # tokens that a server may put around a question
TIMEOUT = 120.0  # seconds
# llama-cpp-python applies a penalty of 1.1 unless told, even at temperature 0.
NO_PENALTY = {"repeat_penalty": 1.0}
T = TypeVar("T")


class RemoteModel(ABC):
    """A model that is asked over a network (fulfils `Generates`, `Samples` and `Closes`).

    What the file `answers` holds already is not asked again. What is asked is added to it as it comes.
    Requests are counted in the folder `counted`, together with those of others that count there.

    Raises:
        ObverseError: if the client's package is not installed, or the files cannot be written.
    """

    def __init__(self, spec: Endpoint, answers: Path, counted: Path | None = None) -> None:
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
        self._once = self.client.with_options(max_retries=0)  # every request is counted
        self._answers = Answers(answers)
        self._meter = Meter(
            (counted or answers.parent) / NAME, spec.price(), spec.most_requests, spec.cost_limit
        )
        self._asking = Asking(spec.url, spec.patience, self._meter)

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
        """Return the server's drawn answers, one request each (`core.abilities.Samples`).

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
        self._meter.close()

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
        self._asking.stopped.clear()
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                asked = [pool.submit(self._known, ask, question) for question in questions]
                try:
                    for one in wait(asked, return_when=FIRST_EXCEPTION).done:
                        one.result()
                except BaseException:
                    # What is on its way is paid for: it is waited for, and written down.
                    self._asking.stopped.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                return [one.result() for one in asked]
        except OddAnswerError as error:
            raise OddAnswerError(self.redacted(str(error))) from None
        except self._errors as error:
            # Some servers repeat the key they were given; the cause is dropped for the same reason.
            message = self.redacted(f"{self.spec.url}, model {self.spec.name}: {error}")
            raise ObverseError(message) from None

    def _known(self, ask: Callable[..., T], question: tuple[Any, ...]) -> T:
        """Return what is known of a question, which is asked if nothing is."""
        known: T = self._answers.once([ask.__name__, *question], partial(ask, *question))
        return known

    def redacted(self, message: str) -> str:
        """Return a message without the key."""
        return message.replace(self._key, "***") if self._key != "none" else message

    def _asked(
        self, prompt: str, create: Callable[..., Any], read: Callable[[Any], T], /, **settings: Any
    ) -> T:
        """Return what `read` makes of the answer to `prompt`."""
        extra = self._extra
        try:
            return self._sent(prompt, partial(create, **settings, extra_body=extra), read)
        except self._refusals:
            if not extra:
                raise
            answer = self._sent(prompt, partial(create, **settings), read)
            self._extra = {}  # this server, like OpenAI's, refuses settings that it does not know
            return answer

    def _sent(self, prompt: str, create: "partial[Any]", read: Callable[[Any], T]) -> T:
        # A token has a byte or more.
        most = Tokens(len(prompt.encode()) + FRAME, create.keywords["max_tokens"])
        return self._asking.ask(prompt, most, partial(create, model=self.spec.name), read)

    def _choice(self, response: Any) -> Any:
        choices = getattr(response, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise self._odd(response)
        return choices[0]

    def _text(self, said: Any, response: Any) -> str:
        if not isinstance(said, str) or said != _readable(said):
            raise self._odd(response)
        # A word that local servers take for a key may be part of any answer.
        return self.redacted(said) if len(self._key) >= SHORTEST_KEY else said

    def _odd(self, response: Any) -> OddAnswerError:
        return OddAnswerError(
            f"{self.spec.url}: {NO_ANSWER}: {str(response)[:200]!r}; the address usually ends in /v1"
        )


def _readable(text: str) -> str:
    """Return a text without halves of characters (lone surrogates), which JSON can hold and no file."""
    return text.encode(errors="ignore").decode()
