"""Runs as jobs of SLURM: in arrays, with what each needs, and what becomes of those that end early."""

import math
import os
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Failure, Task
from obverse.store import files
from obverse.studies.executors.on_slurm_node import Job
from obverse.studies.executors.pending import Pending
from obverse.studies.executors.watching import Watch

ARRAY = 1000  # jobs of an array; MaxArraySize is 1001 unless a cluster says otherwise
MINUTES = "240"  # of a job, unless told; a run that takes longer goes on in the next
TRIES = 3  # of a run whose jobs end without a result
AT_A_TIME = 256
SECONDS_BETWEEN_QUESTIONS = {"slurm": 15.0, "local": 1.0}  # to the queue
GRACE = {"slurm": 45.0, "local": 3.0}  # until what a job wrote last is seen here


@dataclass(frozen=True, kw_only=True)
class Slurm:
    """A SLURM cluster, as an Executor (`pip install 'obverse[slurm]'`).

    Every node has to see the study's directory. Each run is a job, of an array. It asks for as many CPUs
    as it has threads, for a GPU where the device is "cuda", and for the main memory that its plan says.
    One that is preempted or reaches its time limit is queued again and goes on from its last checkpoint.

    An interrupt ends the waiting alone: the jobs go on, and the same study waits for them again.

    Attributes:
        partition: where jobs go.
        settings: options of sbatch by their long names ({"account": "x", "time": "8:00:00"}), in place of
            what the plan says; `setup` is a line for the shell before each job.
        timeouts: how often a run may reach the time limit before it is given up.
        cancel: cancel the jobs at an interrupt.
        cluster: "local" carries jobs out on this machine, for tests.
    """

    partition: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    timeouts: int = 100
    cancel: bool = False
    cluster: Literal["slurm", "local"] = "slurm"

    @property
    def on_interrupt(self) -> str:
        return "" if self.cancel else "the jobs go on; `scancel --name obverse` ends them"

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            raise ObverseError("no sbatch here: start the study where jobs of SLURM are submitted")
        jobs = _Jobs(self, tasks)
        watch = Watch(tasks, on, jobs.pending)
        try:
            jobs.submit([task for task in tasks if not jobs.queued(task)])
            return watch.until_settled(lambda: jobs.look(watch))
        except BaseException:
            if self.cancel:
                jobs.end()
            raise


class _Jobs:
    """The jobs of runs. They are written down, for a study that is started again."""

    def __init__(self, settings: Slurm, tasks: Sequence[Task]) -> None:
        self.settings = settings
        self.pending = Pending.of(tasks[0])
        self.folder = self.pending.out.resolve() / "slurm"
        self.tries: dict[str, int] = {}
        self.gone_since: dict[str, float] = {}
        self.asked_at = 0.0
        self.mine: dict[str, Any] = {}  # submitit's jobs, by their ids

    def queued(self, task: Task) -> bool:
        """Return whether a job of an earlier start is still to come to an end."""
        job = self._job(task)
        if job is None or not self.pending.has(task.id):
            return False
        alive = self._alive([job])
        return alive is None or job in alive

    def submit(self, tasks: Iterable[Task]) -> None:
        """Submit runs as arrays of what needs the same."""
        alike: dict[int | None, list[Task]] = defaultdict(list)
        for task in tasks:
            self.pending.add(task)
            alike[task.memory].append(task)
        for memory, several in alike.items():
            executor = self._executor(several[0], memory)
            for start in range(0, len(several), ARRAY):
                some = several[start : start + ARRAY]
                try:
                    with executor.batch():
                        jobs = [
                            executor.submit(Job(out=self.pending.out.resolve(), id=task.id))
                            for task in some
                        ]
                except _errors() as error:
                    raise ObverseError(f"no job could be submitted: {error}") from error
                for task, job in zip(some, jobs, strict=True):
                    self.mine[job.job_id] = job
                    files.write_json(self.folder / f"{task.id}.json", {"job": job.job_id})

    def look(self, watch: Watch) -> None:
        """Submit runs again whose jobs have ended without a result; give up those that do so often."""
        now = time.monotonic()
        if now - self.asked_at < SECONDS_BETWEEN_QUESTIONS[self.settings.cluster]:
            return
        self.asked_at = now
        left = {id: run.task for id, run in watch.left.items()}
        jobs = {id: job for id, task in left.items() if (job := self._job(task)) is not None}
        if (alive := self._alive(jobs.values())) is None:
            return  # the queue does not answer: nobody knows
        again = []
        for id, job in jobs.items():
            if job in alive or RunFolder(left[id].folder).held:
                self.gone_since.pop(id, None)
            elif now - self.gone_since.setdefault(id, now) > GRACE[self.settings.cluster]:
                del self.gone_since[id]
                self.tries[id] = self.tries.get(id, 1) + 1
                again.append(left[id])
        for task in [task for task in again if self.tries[task.id] > TRIES]:
            again.remove(task)
            problem = f"its jobs ended {TRIES} times without a result; see {self.folder / 'logs'}"
            self.pending.fail(task.id, problem)
        self.submit(task for task in again if self.pending.has(task.id))

    def end(self) -> None:
        for job in self.mine.values():
            job.cancel(check=False)

    def _job(self, task: Task) -> str | None:
        try:
            return str(files.read_json(self.folder / f"{task.id}.json")["job"])
        except (ObverseError, KeyError, TypeError):
            return None

    def _alive(self, jobs: Iterable[str]) -> set[str] | None:
        """Return those that wait, run or are queued again; None if the queue does not answer."""
        if self.settings.cluster == "local":
            return {job for job in jobs if self._alive_here(job)}
        asked = subprocess.run(
            ["squeue", "--noheader", "--array", "--format=%i", f"--user={os.getuid()}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return set(asked.stdout.split()) if asked.returncode == 0 else None

    def _alive_here(self, job: str) -> bool:
        if (mine := self.mine.get(job)) is not None:
            return not mine.done()
        try:
            os.kill(int(job), 0)
        except OSError:
            return False
        return True

    def _executor(self, task: Task, memory: int | None) -> Any:
        """Return what submits jobs of one kind."""
        try:
            import submitit
        except ImportError:
            raise ObverseError("jobs of SLURM need submitit: pip install 'obverse[slurm]'") from None
        settings = {key.replace("-", "_"): value for key, value in self.settings.settings.items()}
        setup = settings.pop("setup", None)
        execution = task.execution
        executor = submitit.AutoExecutor(
            self.folder / "logs", cluster=self.settings.cluster,
            **{f"{self.settings.cluster}_max_num_timeout": self.settings.timeouts},
        )  # fmt: skip
        asked: dict[str, Any] = {
            "name": "obverse",
            "timeout_min": math.ceil(minutes(settings.get("time", MINUTES))),
            "cpus_per_task": execution.threads * execution.processes,
        }
        if execution.device == "cuda" and task.run.model.on_ours:
            asked["gpus_per_node"] = execution.processes
        if memory is not None:
            asked["mem_gb"] = -(-memory // 10**8) / 10
        if self.settings.cluster == "slurm":
            asked |= {
                "slurm_array_parallelism": execution.workers or AT_A_TIME,
                "slurm_additional_parameters": {"requeue": True, "time": MINUTES} | settings,
            }
            asked |= {"slurm_partition": self.settings.partition} if self.settings.partition else {}
            asked |= {"slurm_setup": [setup]} if setup else {}
        executor.update_parameters(**asked)
        return executor


def minutes(text: str) -> float:
    """Return a time limit as sbatch takes it (M, M:S, H:M:S, D-H, D-H:M, D-H:M:S) in minutes.

    Raises:
        ObverseError: if it is none.
    """
    days, dash, rest = str(text).rpartition("-")
    try:
        parts = [int(part) for part in rest.split(":")]
        if dash:  # hours come first
            hours, more, seconds = [*parts, 0, 0][:3]
            made = int(days) * 1440 + hours * 60 + more + seconds / 60
        else:
            made = (
                parts[0] * 60 + parts[1] + parts[2] / 60
                if len(parts) == 3
                else (parts[0] + (parts[1] / 60 if len(parts) == 2 else 0))
            )
    except (ValueError, IndexError):
        raise ObverseError(f"--slurm time={text}: expected minutes, H:M:S or D-H:M:S") from None
    if not 1 <= len(parts) <= 3 or made <= 0:
        raise ObverseError(f"--slurm time={text}: expected minutes, H:M:S or D-H:M:S")
    return made


def _errors() -> tuple[type[BaseException], ...]:
    from submitit.core.utils import FailedSubmissionError

    return (FailedSubmissionError, OSError, subprocess.CalledProcessError)
