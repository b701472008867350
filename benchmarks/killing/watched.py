"""What happens to files under a directory, heard of in a fraction of a millisecond (Linux's inotify)."""

import ctypes
import os
import struct
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

CREATE, MOVED_TO, OVERFLOW, IS_DIR = 0x100, 0x80, 0x4000, 0x40000000
HEAD = struct.Struct("iIII")
LIBC = ctypes.CDLL(None, use_errno=True)


class Watched:
    """Counts what is written under a directory, by a thread of its own.

    Attributes:
        finished: how often each run was finished: how often a provenance.json took its place in a folder.
        heard: called with the path of each file that has just been created; in that thread, so that it
            may kill who writes before the file is whole.
    """

    def __init__(self, root: Path) -> None:
        self.finished: Counter[str] = Counter()
        self.heard: Callable[[Path], None] = lambda path: None
        self.lost = False
        self._file = LIBC.inotify_init1(os.O_CLOEXEC)
        self._folders: dict[int, Path] = {}
        root.mkdir(parents=True, exist_ok=True)
        self._add(root)
        threading.Thread(target=self._listen, daemon=True).start()

    def _add(self, folder: Path) -> None:
        number = LIBC.inotify_add_watch(self._file, os.fsencode(folder), CREATE | MOVED_TO)
        if number < 0:
            return  # it has gone already
        known = number in self._folders
        self._folders[number] = folder
        if known:
            return
        try:
            inside = list(os.scandir(folder))  # of before the watch
        except OSError:
            return
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                self._add(Path(entry.path))
            else:
                self.heard(Path(entry.path))

    def _listen(self) -> None:
        while True:
            events = os.read(self._file, 1 << 16)
            at = 0
            while at < len(events):
                number, mask, _, length = HEAD.unpack_from(events, at)
                name = os.fsdecode(events[at + HEAD.size : at + HEAD.size + length].rstrip(b"\0"))
                at += HEAD.size + length
                self.lost |= bool(mask & OVERFLOW)
                if (folder := self._folders.get(number)) is not None:
                    self._hear(folder / name, mask)

    def _hear(self, path: Path, mask: int) -> None:
        if mask & IS_DIR:
            self._add(path)
        elif mask & CREATE:
            self.heard(path)
        elif path.name == "provenance.json":
            self.finished[path.parent.name] += 1
