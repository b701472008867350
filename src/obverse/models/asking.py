"""One request to a server: counted, tried again where that helps, and waited for as the server asks."""

import math
import sys
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from threading import Event, Lock
from typing import Any, TypeVar

from obverse.core.errors import ObverseError, OddAnswerError
from obverse.models.meter import Meter, Tokens

RETRIES = 5  # of a request that fails for a passing reason, but for waits that the server asks for
UNKNOWN = 2  # of one that is answered oddly by a server that has never answered as it should
FIRST_PAUSE = 0.5  # seconds, doubled each time
LONGEST_PAUSE = 8.0
PASSING = (408, 409, 429)  # and all from 500 on
# What the client, or whoever reads it, raises of an answer that has another form than OpenAI's.
FORM = (AttributeError, TypeError, ValueError, KeyError, IndexError, RecursionError)
T = TypeVar("T")


class Asking:
    """What sends requests to one server; several threads may use it.

    Args:
        where: the server's address, for messages.
        patience: seconds that one question waits at most because the server asks for it.
        meter: in which every request is counted before it is sent.
    """

    def __init__(self, where: str, patience: float, meter: Meter) -> None:
        import openai

        self.where, self.patience, self.meter = where, patience, meter
        self._status, self._connection = openai.APIStatusError, openai.APIConnectionError
        self._answered = False
        self._lock = Lock()
        self._open_at = 0.0  # when the server may be asked again, by time.monotonic
        self._said = False
        self.stopped = Event()

    def ask(self, question: str, most: Tokens, create: Callable[[], Any], read: Callable[[Any], T]) -> T:
        """Return what `read` makes of the response that `create` gets.

        A dropped connection, a server in trouble, and an answer of another form than OpenAI's are tried
        again. `most` is what the request can use at the most; `question` is named in messages.

        Raises:
            openai.OpenAIError: if the server refuses, or is still in trouble.
            OddAnswerError: if it still answers oddly.
            ObverseError: if a limit is reached, or the server asks for more patience than there is.
        """
        failed, waited = 0, 0.0
        while True:
            self._wait()
            try:
                answer = self._tried(most, create, read)
            except (self._status, self._connection, OddAnswerError) as error:
                told = self._told(error, waited)
                failed += 1
                pause = min(FIRST_PAUSE * 2.0 ** (failed - 1), LONGEST_PAUSE)
                if told:
                    pause = max(told, pause)
                    waited += pause
                elif not self._again(error, failed):
                    if isinstance(error, OddAnswerError):
                        raise OddAnswerError(
                            f"{error}. Asked {failed} times: {question[:200]!r}"
                        ) from None
                    raise
                self._sleep(pause)
            else:
                self._answered = True
                return answer

    def _tried(self, most: Tokens, create: Callable[[], Any], read: Callable[[Any], T]) -> T:
        with self.meter.counted(most) as used:
            try:
                response = create()
            except self._status:
                used.append(Tokens())  # nobody charges for a refusal
                raise
            except FORM as error:  # cut JSON; it may be charged all the same
                raise OddAnswerError(f"{self.where}: {NO_ANSWER} ({type(error).__name__})") from None
            used.append(_used(response, most))
        try:
            return read(response)
        except FORM as error:
            raise OddAnswerError(f"{self.where}: {NO_ANSWER} ({error})") from None

    def _again(self, error: Exception, failed: int) -> bool:
        """Return whether it may help to ask once more what has failed so often."""
        if isinstance(error, OddAnswerError):
            return failed <= (RETRIES if self._answered else min(UNKNOWN, RETRIES))
        if getattr(error, "code", None) == "insufficient_quota":
            return False
        status = getattr(error, "status_code", None)
        passing = status is None or status in PASSING or status >= 500
        return passing and failed <= RETRIES

    def _told(self, error: Exception, waited: float) -> float:
        """Return for how many seconds the server asks to be left alone; 0 if it does not ask.

        Raises:
            ObverseError: if that is longer than there is patience for.
        """
        wanted = retry_after(error)
        if not wanted or getattr(error, "code", None) == "insufficient_quota":
            return 0.0
        asked = f"{math.ceil(wanted)} s"
        if waited + wanted > self.patience:
            already = f" after {waited:.0f} s that were waited" * bool(waited)
            raise ObverseError(
                f"{self.where}: the server asks to wait {asked} (Retry-After){already}, and "
                f"model.patience is {self.patience:g} s; try again later by the same command, which goes "
                "on, or raise it"
            )
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + wanted)
            if not self._said:
                self._said = True
                print(
                    f"{self.where}: the server asks to wait {asked} (Retry-After); so it is done, "
                    f"for up to {self.patience:g} s a question (model.patience)",
                    file=sys.stderr,
                    flush=True,
                )
        return wanted

    def _wait(self) -> None:
        """Wait until the server may be asked, if it asked any of us to wait."""
        while (left := self._open_at - time.monotonic()) > 0:
            self._sleep(left)

    def _sleep(self, seconds: float) -> None:
        if self.stopped.wait(seconds):
            raise ObverseError(f"{self.where}: was not asked any more")


NO_ANSWER = "not an answer as OpenAI's servers give it"


def retry_after(error: Exception) -> float:
    """Return the seconds that a refusal's headers ask to wait: a number or a date; 0 if they do not."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = str(headers.get(name, ""))
        try:
            seconds = float(text) * unit
        except ValueError:
            seconds = _until(text)
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    return 0.0


def _until(date: str) -> float:
    """Return the seconds until an HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0


def _used(response: Any, most: Tokens) -> Tokens:
    """Return the tokens that a server says it has used; where it says nothing, the most that it can."""
    usage = getattr(response, "usage", None)
    read, written = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    return Tokens(
        read if type(read) is int and 0 <= read < 10**9 else most.read,
        written if type(written) is int and 0 <= written < 10**9 else most.written,
    )
