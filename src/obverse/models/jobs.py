"""Jobs of a fine-tuning service: a file is sent once, a job is started once and waited for.

Nothing is paid twice. A job is known by a key, which hashes all that determines it and is part of its
file's name. Whoever is about to send the file or to start the job looks first whether the service has
it, also after a request whose fate is not known (a time-out, a lost connection, a kill), and whichever
run it was that began. A request that sends or starts something is therefore never repeated blindly, as
the client would do by itself.
"""

import fcntl
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import openai

from obverse.core.errors import ObverseError
from obverse.models.hosted import Hosted
from obverse.models.ledger import Ledger
from obverse.models.order import Order

TRIES = 6  # of a request that fails for a passing reason
FIRST_PAUSE = 1.0  # seconds, doubled each time, unless the server says
LONGEST_PAUSE = 120.0
MISSED_LOOKS = 60  # at a job, one after the other, before one gives up
OVER = ("succeeded", "failed", "cancelled")
T = TypeVar("T")

sleep = time.sleep


class Service:
    """The files and jobs of a server that speaks OpenAI's fine-tuning API.

    `redacted` takes the key out of a message.
    """

    def __init__(self, client: openai.OpenAI, poll: float, redacted: Callable[[str], str] = str) -> None:
        self.client, self.poll, self._redacted = client, poll, redacted
        # What sends or starts something is repeated by us alone, who look first.
        self._once = client.with_options(max_retries=0)

    def job_of(self, order: Order, ledger: Ledger) -> str:
        """Return the job that carries out an order, which is started if there is none yet.

        Raises:
            ObverseError: if the service takes no file or job, or it cannot be told whether it has.
        """
        with _alone(order.key):
            if ledger["file"] is None:
                file = self._made(
                    "upload",
                    lambda: self._file_called(order.file_name),
                    lambda: self._send(order),
                    ledger,
                )
                ledger.note(file=file, doing=None)
            if ledger["job"] is None:
                file = ledger["file"] or ""
                job = self._made(
                    "start", lambda: self._job_on(file), lambda: self._start(order, file), ledger
                )
                ledger.note(job=job, doing=None)
        return ledger["job"] or ""

    def wait(self, job: str, on_event: Callable[[Any], None]) -> Any:
        """Return a job that is over; every event of it is told once.

        Raises:
            ObverseError: if the service was not reached for long.
            openai.OpenAIError: if it refuses to tell.
        """
        told: set[str] = set()
        missed = 0
        while True:
            try:
                found = self.client.fine_tuning.jobs.retrieve(job)
                for event in self._events(job, told):
                    on_event(event)
                missed = 0
            except PASSING as error:
                missed += 1
                if missed >= MISSED_LOOKS:
                    raise ObverseError(
                        self._redacted(f"the job {job} cannot be looked at ({error}); ")
                        + "it goes on, and the same command takes it up again"
                    ) from None
                sleep(self.poll)
                continue
            if not isinstance(getattr(found, "status", None), str):
                raise ObverseError(
                    self._redacted(f"the job {job}, as it is told: {NO_ANSWER}: {str(found)[:200]!r}; ")
                    + "it goes on, and the same command takes it up again"
                )
            if found.status in OVER:
                return found
            sleep(self.poll)

    def checkpoints(self, job: str) -> list[tuple[int, str]]:
        """Return the steps after which the model was kept, and what it is called; some keep none."""
        try:
            found = list(self.client.fine_tuning.jobs.checkpoints.list(job))
        except openai.APIStatusError as error:
            if error.status_code not in ABSENT:
                raise
            return []
        except ODD:
            return []
        kept = (
            (getattr(c, "step_number", None), getattr(c, "fine_tuned_model_checkpoint", None))
            for c in found
        )
        return sorted((s, name) for s, name in kept if type(s) is int and s > 0 and isinstance(name, str))

    def _events(self, job: str, told: set[str]) -> list[Any]:
        try:
            page = self.client.fine_tuning.jobs.list_events(job, limit=100)
        except openai.APIStatusError as error:
            if error.status_code not in ABSENT:
                raise
            return []  # some servers tell of none
        except ODD:
            return []
        told_of = getattr(page, "data", None)
        found = [(getattr(event, "id", None), event) for event in told_of or ()]
        new = [event for id, event in found if isinstance(id, str) and id not in told]
        told.update(event.id for event in new)
        return list(reversed(new))  # the latest come first

    def _made(
        self, step: str, find: Callable[[], str | None], make: Callable[[], str], ledger: Ledger
    ) -> str:
        """Return what `make` makes, or what is there already.

        Raises:
            ObverseError: if it does not succeed, or the service cannot tell whether it did.
        """
        in_doubt = ledger["doing"] == step  # an earlier try may have come through
        ledger.note(doing=step)
        for number in range(TRIES):
            try:
                found = find()
            except openai.APIStatusError as error:
                if error.status_code not in ABSENT:
                    raise
                if in_doubt:
                    raise ObverseError(
                        f"it is not known whether a {step} that was cut off has come through, and the "
                        "server does not list its files and jobs; look there, and raise model.attempt to "
                        "do it again"
                    ) from None
                found = None
            if found is not None:
                return found
            try:
                return make()
            except PASSING as error:
                if getattr(error, "code", None) == "insufficient_quota" or number == TRIES - 1:
                    raise
                in_doubt = not isinstance(error, openai.RateLimitError)
                sleep(_pause(error, number))
        raise AssertionError

    def _file_called(self, name: str) -> str | None:
        files = self.client.files.list(purpose="fine-tune")
        return next(
            (f.id for f in files if f.filename == name and getattr(f, "status", "") != "error"), None
        )

    def _send(self, order: Order) -> str:
        sent = self._once.files.create(file=(order.file_name, order.content), purpose="fine-tune")
        return _id(sent)

    def _job_on(self, file: str) -> str | None:
        jobs = self.client.fine_tuning.jobs.list(limit=100)
        return next((job.id for job in jobs if job.training_file == file), None)

    def _start(self, order: Order, file: str) -> str:
        create: Callable[..., Any] = self._once.fine_tuning.jobs.create
        asked = order.request()
        headers = {"Idempotency-Key": order.key}
        try:
            job = create(training_file=file, extra_headers=headers, **asked)
        except REFUSED:
            # Servers that know the older API refuse `method` and `metadata`; nothing was started.
            method = asked.pop("method")
            asked.pop("metadata")
            older = asked | {"hyperparameters": method["supervised"]["hyperparameters"]}
            try:
                job = create(training_file=file, extra_headers=headers, **older)
            except REFUSED:
                job = None
            if job is None:
                raise
        return _id(job)


def _id(made: Any) -> str:
    """Return what the service calls a file or a job that it was sent.

    Raises:
        TypeError: if it does not say.
    """
    if not isinstance(id := getattr(made, "id", None), str):
        raise TypeError(f"no id in {str(made)[:200]!r}")
    return id


def status_of(spec: Hosted, job: str, *, cancel: bool) -> str:
    """Return the status of a job, which is cancelled first if it is not over.

    Raises:
        ObverseError: if the service is not reached or refuses.
    """
    key = spec.secret()
    with openai.OpenAI(base_url=spec.url, api_key=key, max_retries=TRIES) as client:
        try:
            found = client.fine_tuning.jobs.retrieve(job)
            if cancel and found.status not in OVER:
                found = client.fine_tuning.jobs.cancel(job)
        except openai.OpenAIError as error:
            message = str(error) if key == "none" else str(error).replace(key, "***")
            raise ObverseError(f"{spec.url}, job {job}: {message}") from None
        except ODD as error:
            raise ObverseError(f"{spec.url}, job {job}: {NO_ANSWER} ({error})") from error
    return str(found.status)


PASSING = (
    openai.APIConnectionError,  # time-outs among them
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
)
REFUSED = (openai.BadRequestError, openai.UnprocessableEntityError)
ABSENT = (404, 405)  # what a server says of what it does not have
# What the client, or whoever reads it, raises of an answer that has another form than OpenAI's.
ODD = (AttributeError, TypeError, ValueError)
NO_ANSWER = "not an answer as OpenAI's servers give it"


def _pause(error: openai.OpenAIError, number: int) -> float:
    """Return the seconds to wait before the next try: what the server asks for, or twice the last."""
    response = getattr(error, "response", None)
    try:
        wanted = float(response.headers["retry-after"]) if response is not None else 0.0
    except (KeyError, ValueError):
        wanted = 0.0
    wanted = wanted if math.isfinite(wanted) else 0.0
    return float(min(max(wanted, FIRST_PAUSE * 2.0**number), LONGEST_PAUSE))


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """Keep two runs of this machine that want the same job from starting one each."""
    place = Path(tempfile.gettempdir()) / f"obverse-{os.getuid()}-{key}.lock"
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
