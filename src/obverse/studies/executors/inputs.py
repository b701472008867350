"""What a run reads of this machine's disk, packed once for machines that do not see it."""

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from obverse.core.content import file_hash
from obverse.core.settings import InputFile
from obverse.run.task import Task
from obverse.studies.executors.on_ray_node import Input


class Inputs:
    """Files and directories that tasks name: input files, weights, and the user's own code.

    `put` is given each archive once, however many runs read it.
    """

    def __init__(self, put: Callable[[bytes], Any]) -> None:
        self.put = put
        self.known: dict[Path, tuple[str, Any]] = {}

    def of(self, task: Task) -> tuple[Input, ...]:
        run = task.run
        spec = run.spec()
        found = list(_paths(run.experiment, ("run", "experiment", "settings")))
        weights = getattr(run.model, "path", None)
        found += [
            (key, path)
            for key, path in _paths(run.model, ("run", "model", "settings"), also=weights)
            if path.exists()  # a model's name on the hub is nobody's path
        ]
        made = [self._input(key, path) for key, path in found]
        for part in ("experiment", "model"):
            file, colon, kind = str(spec[part]["type"]).rpartition(":")
            if file.endswith(".py"):
                made.append(self._input(("run", part, "type"), Path(file), f"{colon}{kind}"))
        return tuple(made)

    def _input(self, key: tuple[str, ...], path: Path, behind: str = "") -> Input:
        path = path.resolve()
        if path not in self.known:
            file = io.BytesIO()
            with tarfile.open(fileobj=file, mode="w|", dereference=True) as archive:
                archive.add(path, path.name)
            self.known[path] = file_hash(path), self.put(file.getvalue())
        hash, archive_ = self.known[path]
        return Input(key=key, name=path.name, behind=behind, hash=hash, archive=archive_)


def _paths(
    settings: BaseModel, key: tuple[str, ...], also: object = None
) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Yield the paths that are settings, and where these stand."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _paths(value, (*key, name))
        elif isinstance(value, InputFile) or (also is not None and name == "path" and value == also):
            yield (*key, name), Path(value)
