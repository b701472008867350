"""Models behind chat and completions endpoints."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from obverse.models.echo import Echo, is_whole, read_echo
from obverse.models.remote import RemoteModel


class ChatModel(RemoteModel):
    """A model behind a chat endpoint, which gives answers and no log-probabilities."""

    def _said(self, prompt: str, limit: int, **settings: float) -> str:
        turns = [{"role": "user", "content": prompt}]
        create = self._once.chat.completions.create
        return self._asked(prompt, create, self._content, messages=turns, max_tokens=limit, **settings)

    def _content(self, chat: Any) -> str:
        message = getattr(self._choice(chat), "message", None)
        content = getattr(message, "content", message)
        # Some say nothing by null.
        return "" if content is None and message is not None else self._text(content, chat)


class CompletionsModel(RemoteModel):
    """A model behind a completions endpoint (fulfils `Scores` as well)."""

    def _said(self, prompt: str, limit: int, **settings: float) -> str:
        create = self._once.completions.create
        return self._asked(prompt, create, self._written, prompt=prompt, max_tokens=limit, **settings)

    def _written(self, completion: Any) -> str:
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
        text = prompt + continuation
        known = self._answers.get(["_echo", text])
        whole = self._echo(text) if known is None else Echo(**known)
        if whole.ended and prompt:
            self._keep(text, whole)
            self._kept_echo(prompt)  # the model goes on after a prompt, which shows shifted values
        boundary = len(prompt.encode())
        if boundary in whole.starts and is_whole(whole.tokens[whole.starts.index(boundary)]):
            first = whole.starts.index(boundary)
            if prompt or whole.tokens[:first] != [" "]:  # sentencepiece's space belongs to the text
                return whole.total(first)
        if not prompt:
            return whole.total(0)
        self._keep(text, whole)
        alone = self._kept_echo(prompt)
        first = int(whole.tokens[0] == alone.tokens[0])  # without a context, its own value is not known
        return whole.total(first) - alone.total(first)

    def _keep(self, text: str, echo: Echo) -> None:
        """Write down an echo that does not give a score by itself."""
        self._answers.once(["_echo", text], lambda: asdict(echo))

    def _kept_echo(self, text: str) -> Echo:
        return Echo(**self._answers.once(["_echo", text], lambda: asdict(self._echo(text))))

    def _echo(self, text: str) -> Echo:
        def read(response: Any) -> Echo:
            written = getattr(getattr(response, "usage", None), "completion_tokens", None) or 0
            return read_echo(self._choice(response), text, self.spec.url, written)

        # One token more is asked for, since some servers take 0 for no limit; it is left out.
        settings = {"prompt": text, "echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0}
        return self._sent(text, partial(self._once.completions.create, **settings), read)
