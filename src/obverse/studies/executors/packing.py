"""A run's folder as one archive, for machines that see different disks."""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from obverse.core.errors import ObverseError
from obverse.run.folder import COMING, RunFolder
from obverse.run.task import Task
from obverse.store import locks
from obverse.store.files import UNFINISHED, no_room


def write(folder: Path, file: IO[bytes]) -> None:
    """Write an archive of a folder that a run may be at work in.

    What a resume goes on from is read first, and then what was measured: whatever is written meanwhile,
    the measurements that stand before a checkpoint are there.
    """
    with tarfile.open(fileobj=file, mode="w|") as archive:
        for path in (*folder.glob("stage-*/record.json"), *_files(folder, True), *_files(folder, False)):
            try:
                archive.add(path, str(path.relative_to(folder)), recursive=False)
            except FileNotFoundError:
                continue  # a checkpoint that another has replaced


def _files(folder: Path, of_stages: bool) -> Iterator[Path]:
    """Yield a folder's files, those of its stages or the others; a folder may go meanwhile."""
    for path in sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        top = path.relative_to(folder).parts[0]
        of_stage = top.startswith("stage-")
        first = of_stage and path.name == "record.json"  # has been read
        hidden = path.name == locks.NAME or UNFINISHED in path.name or top.startswith(COMING)
        if of_stage == of_stages and not (first or hidden) and path.is_file():
            yield path


def packed(folder: Path) -> bytes:
    file = io.BytesIO()
    write(folder, file)
    return file.getvalue()


def unpack(file: IO[bytes], folder: Path) -> None:
    """Unpack an archive; nothing of it comes to lie outside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=file, mode="r|") as archive:
        archive.extractall(folder, filter="data")


def bring(file: IO[bytes], task: Task) -> str | None:
    """Put a finished run, which was carried out elsewhere, in its place; return what is wrong with it.

    Who calls holds the run's folder.
    """
    try:
        task.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=task.folder, prefix=COMING) as place:
            come = Path(place) / "run"
            unpack(file, come)
            if (name := RunFolder(come).changed(task.id)) is not None:
                return f"{name} is not as the run wrote it"
            _put(come, task.folder, {locks.NAME, Path(place).name})
    except (tarfile.TarError, OSError) as error:
        full = no_room(error, task.folder.parent)
        return f"what came of it cannot be unpacked: {error}" if full is None else str(full)
    return None


def _put(come: Path, folder: Path, stay: Container[str]) -> None:
    """Put what has come in the place of what a folder has."""
    for old in list(folder.iterdir()):
        if old.name not in stay:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    last = "provenance.json"  # a run that has it is finished
    for new in sorted(come.iterdir(), key=lambda path: path.name == last):
        os.replace(new, folder / new.name)  # noqa: PTH105


class Storage:
    """A place that all machines reach by a URL of fsspec's (s3://…, gs://…, file://…): one archive a run.

    Raises:
        ObverseError: if fsspec, or what it needs for the URL, is not there.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            import fsspec

            self.fs, self.path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ObverseError(f"--storage {url}: {error}") from error

    def has(self, name: str) -> bool:
        return bool(self.fs.exists(self._file(name)))

    def put(self, name: str, folder: Path) -> None:
        """Store a run's folder, whole or not at all."""
        part = f"{self._file(name)}.{uuid4().hex}.part"
        self.fs.makedirs(self.path, exist_ok=True)
        with self.fs.open(part, "wb") as file:
            write(folder, file)
        self.fs.mv(part, self._file(name))
        for left in self.fs.glob(f"{self._file(name)}.*.part"):  # of a node that died meanwhile
            self.fs.rm(left)

    def open(self, name: str) -> Any:
        return self.fs.open(self._file(name), "rb")

    def _file(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}.tar"
