"""Locks on folders, which go with the process that holds them, however it ends.

They are those of flock: between the processes of one machine, and between machines where the file system
passes them on (NFSv4; Lustre with `-o flock`; docs/scale.md).
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from obverse.core.errors import ObverseError
from obverse.store.files import unwritten

NAME = ".lock"


class LockedError(Exception):
    """Another process has the lock."""


@contextmanager
def locked(folder: Path, patience: float | None = None) -> Iterator[None]:
    """Hold the lock of a folder, which is made.

    Args:
        folder: whose lock it is.
        patience: seconds to wait for another process; None: as long as it takes.

    Raises:
        LockedError: if another process has it for longer.
        ObverseError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("w")
    except OSError as error:
        raise unwritten(folder, error) from error
    with file:
        deadline = None if patience is None else time.monotonic() + patience
        while not _lock(file):
            if deadline is not None and time.monotonic() >= deadline:
                raise LockedError(str(folder))
            time.sleep(0.1)
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a process has the lock of a folder at this moment."""
    try:
        with (folder / NAME).open("r+") as file:
            return not _lock(file)
    except OSError:
        return False  # nobody has held it yet


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise ObverseError(
            f"{file.name}: the file system gives no lock ({error.strerror}); name a directory of another "
            "one (--out), as docs/scale.md says"
        ) from error
    return True
