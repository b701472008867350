"""What was asked of servers, counted before it is sent, so that no limit is ever passed."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from threading import Condition

from obverse.core.errors import ObverseError

ROOM = 200  # bytes of the file, which is written in place: one short write is there or is not
NAME = "requests.json"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of questions (`read`) and of answers (`written`)."""

    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a million tokens of questions and of answers, in any currency; None where nobody said."""

    asking: float | None = None
    answering: float | None = None

    def of(self, tokens: Tokens) -> float | None:
        """Return what tokens cost; answers cost what questions do where they have no price."""
        if self.asking is None:
            return None
        answering = self.asking if self.answering is None else self.answering
        return (tokens.read * self.asking + tokens.written * answering) / 1e6


@dataclass(slots=True)
class Spent:
    """What all runs of a study have sent, whether it was answered or not.

    `cost` is that of the requests that had a price; tokens of the others are `unpriced_read` and
    `unpriced_written`.
    """

    requests: int = 0
    read: int = 0
    written: int = 0
    cost: float = 0.0
    unpriced_read: int = 0
    unpriced_written: int = 0

    def cost_at(self, price: Price) -> float:
        """Return what everything cost, what had no price at `price`."""
        return self.cost + (price.of(Tokens(self.unpriced_read, self.unpriced_written)) or 0.0)

    def add(self, tokens: Tokens, price: Price, sign: int = 1) -> None:
        self.read = max(0, self.read + sign * tokens.read)
        self.written = max(0, self.written + sign * tokens.written)
        if (cost := price.of(tokens)) is not None:
            self.cost = max(0.0, self.cost + sign * cost)
        else:
            self.unpriced_read = max(0, self.unpriced_read + sign * tokens.read)
            self.unpriced_written = max(0, self.unpriced_written + sign * tokens.written)


class Meter:
    """A file in which all runs of a study count together what they ask, and the limits of it.

    A request is counted with the most that it can cost before it is sent; what it cost less is taken off
    afterwards. What was on its way at a kill stays counted, since it may have been charged.

    Args:
        path: of the file, which several processes may count in.
        most_requests, cost_limit: None where there is none.

    Raises:
        ObverseError: if the file cannot be read or written.
    """

    def __init__(
        self,
        path: Path,
        price: Price | None = None,
        most_requests: int | None = None,
        cost_limit: float | None = None,
    ) -> None:
        self.path, self.price = path, price or Price()
        self.most_requests, self.cost_limit = most_requests, cost_limit
        self._settled = Condition()
        self._on_the_way = 0  # requests of this process
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    @contextmanager
    def counted(self, most: Tokens) -> Iterator[list[Tokens]]:
        """Count a request that is sent meanwhile and uses `most` at the most.

        What is appended to the list that is yielded is what it has used; where nothing is, nobody knows,
        and the most stays counted.

        Raises:
            ObverseError: if it would pass a limit; then it must not be sent.
        """
        used: list[Tokens] = []
        self._take(most)
        try:
            yield used
        finally:
            with self._settled:
                self._on_the_way -= 1
                self._settled.notify_all()
                if used:
                    self._settle(most, used[-1])

    def _take(self, most: Tokens) -> None:
        with self._settled:
            while True:
                try:
                    self._count(most)
                    self._on_the_way += 1
                    return
                except _TooDearError:
                    if not self._on_the_way:
                        raise
                    self._settled.wait()  # those on their way may cost less than they can

    def _count(self, most: Tokens) -> None:
        def count(spent: Spent) -> None:
            if self.most_requests is not None and spent.requests >= self.most_requests:
                raise ObverseError(
                    f"the limit of requests is reached: {spent.requests:,} were sent by all runs of this "
                    f"study, and model.most_requests is {self.most_requests}. {KEPT}"
                )
            cost = spent.cost_at(self.price) + (self.price.of(most) or 0.0)
            if self.cost_limit is not None and cost > self.cost_limit:
                raise _TooDearError(
                    f"the limit of cost is reached: {spent.cost_at(self.price):.4g} were spent by all "
                    f"runs of this study, the next request may cost {self.price.of(most) or 0.0:.2g}, "
                    f"and model.cost_limit is {self.cost_limit:g}. {KEPT}"
                )
            spent.requests += 1
            spent.add(most, self.price)

        self._change(count)

    def _settle(self, most: Tokens, used: Tokens) -> None:
        def replace(spent: Spent) -> None:
            spent.add(most, self.price, -1)
            spent.add(used, self.price)

        self._change(replace)

    def close(self) -> None:
        os.close(self._file)

    def _change(self, change: Callable[[Spent], None]) -> None:
        with self._told():
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                spent = _read(os.pread(self._file, 2 * ROOM, 0), self.path)
                change(spent)
                os.pwrite(self._file, _line(spent), 0)
                os.fsync(self._file)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ObverseError(
                f"{self.path}: cannot be written: {error.strerror or error}; nothing is asked without "
                "being counted"
            ) from error


class _TooDearError(ObverseError):
    """The next request may pass the limit of cost."""


KEPT = "What was answered is kept: with a higher limit, the same command goes on from there"


def spent_in(folder: Path) -> Spent:
    """Return what all runs of the study in a folder have asked."""
    path = folder / NAME
    return _read(path.read_bytes(), path) if path.is_file() else Spent()


def _line(spent: Spent) -> bytes:
    return json.dumps(asdict(spent)).encode().ljust(ROOM - 1) + b"\n"


def _read(content: bytes, path: Path) -> Spent:
    if not content:
        return Spent()
    try:
        known = json.loads(content)
        values = {field.name: known[field.name] for field in fields(Spent)}
        if all(type(value) in (int, float) and value >= 0 for value in values.values()):
            return Spent(**values)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise ObverseError(
        f"{path}: is not as it was written, so that it is not known what this study has asked for; "
        "remove it to count from nothing"
    )
