"""What a node of a Ray cluster does: carry out one run, where its folder is or in one of its own."""

import io
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Task, Word
from obverse.store import locks
from obverse.studies.executors import packing
from obverse.studies.executors.alone import Alone

SECONDS_BETWEEN_COPIES = 30.0  # of an unfinished run, to the storage


class Board:
    """An actor on which runs write how far they are, for the process that started the study."""

    def __init__(self) -> None:
        self.told: dict[str, Word] = {}

    def tell(self, id: str, word: Word) -> None:
        self.told[id] = word

    def read(self) -> dict[str, Word]:
        """Return what is new."""
        told, self.told = self.told, {}
        return told


@dataclass(frozen=True, kw_only=True)
class Input:
    """A file or directory that a run reads and that nodes do not see: where it goes, and its archive."""

    key: tuple[str, ...]  # of the request
    name: str
    behind: str  # what stands behind the path there: the class of a file
    hash: str
    archive: Any  # an object of Ray's, of which each node has one copy


@dataclass(frozen=True, kw_only=True)
class Order:
    """A run as it goes to a node.

    Attributes:
        request: the task.
        seen: a folder in the study's directory by which the node knows that it sees it; None: it works
            in a folder of its own.
        storage: where unfinished and finished runs are copied to from such a folder.
        begun: an archive of what the study's directory has of the run, or None.
        inputs: what it reads.
    """

    request: dict[str, Any]
    seen: Path | None
    storage: str | None
    begun: Any
    inputs: tuple[Input, ...]


def sees(path: Path) -> bool:
    return path.is_dir()


def carry_out(order: Order, board: Any) -> dict[str, object]:
    """Carry out a run on this node.

    Returns what `Alone` does; {"unseen": True} if the study's directory is not seen from here; of a run
    that was finished in a folder of the node's own, its archive as "folder", None if the storage has it.
    """
    id = order.request["id"]
    board.tell.remote(id, Word())

    def tell(word: Word) -> None:
        board.tell.remote(id, word)

    if order.seen is not None:
        if not sees(order.seen):
            return {"unseen": True}
        return Alone(Task.from_request(order.request), tell).carry_out()
    for each in order.inputs:
        _set(order.request, each.key, f"{_unpacked(each)}{each.behind}")
    task = Task.from_request(order.request)
    name = task.folder.name
    storage = None if order.storage is None else packing.Storage(order.storage)
    with tempfile.TemporaryDirectory(prefix="obverse-") as place:
        folder = Path(place) / name
        if storage is not None and storage.has(name):
            with storage.open(name) as file:
                packing.unpack(file, folder)
        elif order.begun is not None:
            packing.unpack(io.BytesIO(_got(order.begun)), folder)
        copy = (lambda: None) if storage is None else _Copies(storage, folder)
        outcome = Alone(replace(task, folder=folder), tell, beside=copy).carry_out()
        if "ended" not in outcome or outcome["ended"] is not None:
            return outcome | {"log": _log(folder)}
        if storage is None:
            return outcome | {"folder": packing.packed(folder)}
        storage.put(name, folder)
        return outcome | {"folder": None}


class _Copies:
    """Copies an unfinished run to the storage whenever there is a new checkpoint, and not too often."""

    def __init__(self, storage: packing.Storage, folder: Path) -> None:
        self.storage, self.folder = storage, folder
        self.copied_at = time.monotonic()
        self.had = self._state()

    def __call__(self) -> None:
        if time.monotonic() - self.copied_at < SECONDS_BETWEEN_COPIES:
            return
        self.copied_at = time.monotonic()
        with suppress(FileNotFoundError):  # the run has removed a folder that was just looked into
            if (state := self._state()) != self.had and not RunFolder(self.folder).finished:
                self.storage.put(self.folder.name, self.folder)
                self.had, self.copied_at = state, time.monotonic()

    def _state(self) -> list[str]:
        """Return what a resume would go on from."""
        kinds = ("stage-*/checkpoint-*/complete", "stage-*/record.json", "moments/*/*", "unfinished/*")
        return sorted(str(path) for kind in kinds for path in self.folder.glob(kind))


def _unpacked(each: Input) -> Path:
    """Return where an input lies on this node; the first run that reads it unpacks it."""
    cache = Path(tempfile.gettempdir()) / f"obverse-inputs-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    if cache.stat().st_uid != os.getuid():
        raise ObverseError(f"{cache}: belongs to somebody else, who could change what runs read")
    place = cache / each.hash
    with locks.locked(place):
        if not (place / "whole").exists():
            packing.unpack(io.BytesIO(_got(each.archive)), place / "input")
            (place / "whole").touch()
    return place / "input" / each.name


def _got(reference: Any) -> bytes:
    import ray

    got: bytes = ray.get(reference)
    return got


def _set(request: dict[str, Any], key: tuple[str, ...], value: str) -> None:
    *parents, last = key
    for parent in parents:
        request = request[parent]
    request[last] = value


def _log(folder: Path) -> str:
    """Return the end of a run's log, of which the folder goes."""
    try:
        return (folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-20_000:]
    except OSError:
        return ""
