"""A run that is planned: what an executor carries out, here or on another machine."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, Self, runtime_checkable

from obverse.core.data import Label
from obverse.core.format import named
from obverse.run.run import Run

OnStep = Callable[[int, int], None]
OnPhase = Callable[[str, float | None], None]


def unheard(phase: str, loss: float | None) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How runs are carried out; none of it changes their results beyond the last bits.

    Attributes:
        workers: runs at a time; None takes as many as there are GPUs or, without one, CPU cores for.
        threads: CPU threads of a process; with one, the same run gives the same bits on every repeat.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        processes: of one run, which share its model: one a GPU, or as many on the CPU.
        checkpoint_every: epochs between checkpoints to resume from; None: about every half minute.
        keep_weights: keep each trained model in its run folder, as safetensors.
        track: who is told how runs go: "trackio", "wandb", "mlflow" or "tensorboard"; None: nobody.
    """

    workers: int | None = None
    threads: int = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    processes: int = 1
    checkpoint_every: int | None = None
    keep_weights: bool = False
    track: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A run with its id, the folder it leaves its results in, and how it is to be carried out.

    `cell` are the values of a grid that it stands for. `memory` are the bytes of main memory that it
    takes, as far as they are known.
    """

    run: Run
    id: str
    folder: Path
    execution: Execution
    cell: Mapping[str, Label] = field(default_factory=dict)
    memory: int | None = None

    @property
    def label(self) -> str:
        return ", ".join(filter(None, (self.run.label, named(self.cell))))

    def perform(self, on_step: OnStep, patience: float = 10.0, on_phase: OnPhase = unheard) -> None:
        """Carry the run out in this process, going on from wherever an earlier try was cut off.

        `on_step(done, total)` counts optimizer steps over all stages; `on_phase(phase, loss)` says in
        words what is done now, with the last loss of a training (nats a token; else None). If another
        process is at work on the run, this one gives up after `patience` seconds.

        Raises:
            HeldError: if another process is at work on it.
            ObverseError: if it cannot be carried out.
        """
        from obverse.run.loop import perform

        perform(self, on_step, patience, on_phase)

    def request(self) -> dict[str, Any]:
        """Return the task as JSON, for a process elsewhere (`Task.from_request`)."""
        return {
            "run": self.run.spec(),
            "id": self.id,
            "folder": str(self.folder),
            "cell": dict(self.cell),
            "execution": asdict(self.execution),
            "path": [path for path in sys.path if path],
        }

    @classmethod
    def from_request(cls, request: dict[str, Any]) -> Self:
        # What can be imported there can be imported here, but never in place of a library's modules.
        sys.path += [path for path in request["path"] if path not in sys.path]
        return cls(
            run=Run.from_spec(request["run"]),
            id=request["id"],
            folder=Path(request["folder"]),
            execution=Execution(**request["execution"]),
            cell=request["cell"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """How far a run is, as it goes from whoever carries it out to whoever shows it.

    Attributes:
        done, total: optimizer steps, 0 where not known.
        phase: what is done now, in words.
        loss: of a training, the last that is known (nats a token).
    """

    done: int = 0
    total: int = 0
    phase: str = ""
    loss: float | None = None

    def of(self, task: Task) -> "Event":
        return Event(task=task, kind="progress", **asdict(self))


class Telling:
    """Tells `tell` what a run says by `on_step` and `on_phase`, both in one word."""

    def __init__(self, tell: Callable[[Word], None]) -> None:
        self.tell, self.word = tell, Word()

    def on_step(self, done: int, total: int) -> None:
        self.word = replace(self.word, done=done, total=total)
        self.tell(self.word)

    def on_phase(self, phase: str, loss: float | None) -> None:
        self.word = replace(self.word, phase=phase, loss=loss)
        self.tell(self.word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What an executor tells of a task.

    Attributes:
        kind: "waiting" where another process holds the run, or whoever was at work on it is gone; it may
            be started afterwards, or be finished by the other without having been started here.
        done, total, phase, loss: of one that makes progress, as `Word` has them, where they are known.
        problem: of one that failed, what went wrong; of one that waits, why, if not for another
            process.
    """

    task: Task
    kind: Literal["started", "progress", "waiting", "finished", "failed"]
    done: int = 0
    total: int = 0
    phase: str = ""
    loss: float | None = None
    problem: str = ""


def ended(task: Task, problem: str | None) -> Event:
    """Return the event of a task that is over; `problem` is None if it is finished."""
    return Event(task=task, kind="finished" if problem is None else "failed", problem=problem or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A task that was not carried out, and why."""

    task: Task
    problem: str


@runtime_checkable
class Executor(Protocol):
    """Where runs are carried out: this machine, a cluster, or a user's own.

    Whoever carries a task out has to see the task's folder.
    """

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        """Carry out every task, telling `on` what happens, and return those that failed.

        One that fails does not stop the others. An interrupt (KeyboardInterrupt, or any other exception
        that `on` raises) stops all of them before it is passed on.
        """
        ...
