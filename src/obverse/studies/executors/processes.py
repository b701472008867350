"""Worker processes, each with one task at a time.

All of them are watched by one thread, the caller's, which waits on their answers with a time limit: an
interrupt reaches it at once, and there is no other thread that could start the next run meanwhile.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from obverse.run.task import Task
from obverse.store.files import unwritten

# Starting a process takes some seconds; against a run longer than this they are nothing, and a fresh
# process has all its memory.
SHORT_RUN = 60.0
PATIENCE = 0.2  # seconds between looks at the clock


@dataclass(eq=False)
class Worker:
    """A process, the pipe it answers on, and its task."""

    process: "subprocess.Popen[str]"
    answers: int
    cards: str
    task: Task | None = None
    began: float = 0.0
    rest: bytes = field(default=b"")  # of an answer that has not come whole


class Processes:
    """Starts workers, and uses those again that have only had short runs.

    Args:
        threads: CPU threads of a process.
        cards: the GPUs of each worker, as CUDA_VISIBLE_DEVICES names them; where there are more workers,
            some have the same. None: each sees all that this process sees.
    """

    def __init__(self, threads: int, cards: Sequence[str] = ()) -> None:
        self.threads, self.cards = threads, cards
        self.workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    @property
    def busy(self) -> int:
        return sum(worker.task is not None for worker in self.workers)

    def give(self, task: Task) -> str | None:
        """Give a task to a worker that has none, or to a new one; return what prevents it."""
        try:
            task.folder.mkdir(parents=True, exist_ok=True)
            worker = self._idle() or self._start(task)
        except OSError as error:
            return str(unwritten(task.folder, error))
        worker.task, worker.began = task, time.monotonic()
        assert worker.process.stdin is not None
        with suppress(BrokenPipeError):  # it died; its pipe tells so
            print(json.dumps(task.request()), file=worker.process.stdin, flush=True)
        return None

    def messages(self) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Wait a moment, and yield what workers have to say of their tasks.

        The last of a task is {"ended": what went wrong, or None}, with "died" if its process did, or
        {"held": True}, where another process is at work on it.
        """
        for key, _ in self._selector.select(PATIENCE):
            worker: Worker = key.data
            received = os.read(worker.answers, 65536)
            if not received:
                yield from self._died(worker)
                continue
            *lines, worker.rest = (worker.rest + received).split(b"\n")
            for message in map(json.loads, lines):
                assert worker.task is not None
                task = worker.task
                if "ended" in message or "held" in message:
                    self._free(worker)
                yield task, message

    def close(self) -> None:
        """Let all workers end; none is at work."""
        for worker in list(self.workers):
            self._end(worker)
        self._selector.close()

    def kill(self) -> None:
        """Stop all workers, in the middle of a run too."""
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.process.pid, signal.SIGKILL)
        self.close()

    def _idle(self) -> Worker | None:
        for worker in [w for w in self.workers if w.task is None]:
            if worker.process.poll() is None:
                return worker
            self._end(worker)  # it died while it had nothing to do
        return None

    def _start(self, task: Task) -> Worker:
        read, write = os.pipe()
        environment = os.environ | {
            "OMP_NUM_THREADS": str(self.threads), "TOKENIZERS_PARALLELISM": "false",
        }  # fmt: skip
        taken = [worker.cards for worker in self.workers]
        cards = min(self.cards, key=taken.count, default="")
        environment |= {"CUDA_VISIBLE_DEVICES": cards} if cards else {}
        try:
            with (task.folder / "log.txt").open("a", encoding="utf-8") as log:
                # -P: what lies in the current directory does not stand in for Python's own modules. A
                # session of its own: an interrupt from the keyboard reaches the parent alone, which
                # decides.
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "obverse.run.worker", str(write)],
                    stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, env=environment,
                    pass_fds=(write,), start_new_session=True,
                )  # fmt: skip
        finally:
            os.close(write)
        worker = Worker(process, read, cards)
        self.workers.append(worker)
        self._selector.register(read, selectors.EVENT_READ, worker)
        return worker

    def _free(self, worker: Worker) -> None:
        worker.task = None
        if time.monotonic() - worker.began > SHORT_RUN:
            self._end(worker)

    def _died(self, worker: Worker) -> Iterator[tuple[Task, dict[str, Any]]]:
        task = worker.task
        self._end(worker)
        if task is not None:
            problem = f"its process ended with status {worker.process.returncode}"
            yield task, {"ended": problem, "died": True}

    def _end(self, worker: Worker) -> None:
        self.workers.remove(worker)
        self._selector.unregister(worker.answers)
        os.close(worker.answers)
        with worker.process, suppress(BrokenPipeError):  # it died before it had read all
            assert worker.process.stdin is not None
            worker.process.stdin.close()
