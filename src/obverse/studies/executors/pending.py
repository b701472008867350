"""What is to do in a study's directory, written down for whoever carries it out.

DIR/tasks/ID.json          a run that is to be carried out
DIR/tasks/ID.failed.json   one that failed, and why

A run is claimed by the lock of its folder. What is written here says that somebody wants it; it goes once
the run is finished, and becomes the other file if it fails, so that nobody tries it again before a study
asks for it anew.
"""

from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.run.task import Event, Task
from obverse.store import files
from obverse.studies.executors.here import state_of

FAILED = ".failed.json"
SEEN = ".seen-"  # folders, held, by which machines know that they see a study's directory


def refuse_unportable(task: Task) -> None:
    """Refuse a run that only this process can carry out.

    Raises:
        ObverseError: if no other process can import its experiment or model.
    """
    if not task.run.portable:
        raise ObverseError(
            f"{task.label}: its experiment or model is defined where no other process finds it; move it "
            "into a file"
        )


class Pending:
    """The tasks that are written down in a study's directory."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "tasks"

    @classmethod
    def of(cls, task: Task) -> "Pending":
        """Return those of the study that a task is one of, whose runs lie under DIR/runs."""
        return cls(task.folder.parent.parent)

    def add(self, task: Task) -> None:
        """Write a task down; an earlier failure is forgotten.

        Raises:
            ObverseError: if no other process can import its experiment or model, or nothing can be
                written.
        """
        refuse_unportable(task)
        files.write_json(self.folder / f"{task.id}.json", task.request())
        self._failed(task.id).unlink(missing_ok=True)

    def has(self, id: str) -> bool:
        return (self.folder / f"{id}.json").is_file()

    def tasks(self) -> Iterator[Task]:
        """Yield every task that is written down; runs are looked for in this directory, wherever it was
        written.

        Raises:
            ObverseError: if one cannot be read, or its experiment or model cannot be imported here.
        """
        for path in sorted(self.folder.glob("*.json")):
            if path.name.endswith(FAILED) or path.name.startswith("."):
                continue
            if (task := self._read(path)) is not None:
                yield task

    def task(self, id: str) -> Task | None:
        """Return a task by its id; None if it is not to be done any more.

        Raises:
            ObverseError: as `tasks` does.
        """
        path = self.folder / f"{id}.json"
        return self._read(path) if path.is_file() else None

    def _read(self, path: Path) -> Task | None:
        try:
            request = files.read_json(path)
        except ObverseError:
            if path.is_file():
                raise
            return None  # carried out meanwhile
        try:
            task = Task.from_request(request)
        except (KeyError, TypeError, AttributeError) as error:
            raise ObverseError(f"{path}: expected a run of this version of obverse ({error!r})") from None
        except ObverseError as error:
            raise ObverseError(f"{path}: cannot be carried out here: {error}") from error
        return replace(task, folder=self.out / "runs" / task.folder.name)

    def remove(self, id: str) -> None:
        (self.folder / f"{id}.json").unlink(missing_ok=True)

    def settle(self, ids: Container[str]) -> None:
        """Remove all that is written down of runs that are finished, which a kill may have left."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.name.removeprefix(".").partition(".")[0] in ids:
                path.unlink(missing_ok=True)

    def fail(self, id: str, problem: str) -> None:
        """Write down that a task failed."""
        files.write_json(self._failed(id), {"problem": problem})
        self.remove(id)

    def failure(self, id: str) -> str | None:
        """Return why a task failed, None if it did not."""
        try:
            return str(files.read_json(self._failed(id))["problem"])
        except (ObverseError, KeyError, TypeError):
            return None

    def state(self, task: Task) -> Event | None:
        """Return what has become of a task, as an event; None if it is free to be begun."""
        event = state_of(task)
        if event is None and not self.has(task.id):
            problem = self.failure(task.id) or "it is not to be done any more"
            return Event(task=task, kind="failed", problem=problem)
        return event

    def _failed(self, id: str) -> Path:
        return self.folder / f"{id}{FAILED}"
