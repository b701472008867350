"""A run's folder as one archive, for machines that see different disks."""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Task
from obverse.store import locks
from obverse.store.files import UNFINISHED


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
    """Yield a folder's files, those of its stages or the others."""
    for path in sorted(folder.rglob("*")):
        of_stage = path.relative_to(folder).parts[0].startswith("stage-")
        first = of_stage and path.name == "record.json"  # has been read
        hidden = path.name == locks.NAME or UNFINISHED in path.name
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
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=task.folder.parent, prefix=".coming-") as place:
        come = Path(place) / "run"
        try:
            unpack(file, come)
        except (tarfile.TarError, OSError) as error:
            return f"what came of it cannot be unpacked: {error}"
        if (name := RunFolder(come).changed(task.id)) is not None:
            return f"{name} is not as the run wrote it"
        for old in list(task.folder.iterdir()):
            if old.name != locks.NAME:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        last = "provenance.json"  # a run that has it is finished
        for new in sorted(come.iterdir(), key=lambda path: path.name == last):
            os.replace(new, task.folder / new.name)  # noqa: PTH105
    return None


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

    def open(self, name: str) -> Any:
        return self.fs.open(self._file(name), "rb")

    def _file(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}.tar"
