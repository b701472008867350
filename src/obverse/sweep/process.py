"""Processes that carry out runs, one run at a time each."""

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from obverse.core.errors import ObverseError
from obverse.sweep.run import Execution, Run

# Starting a process takes some seconds; against a run longer than this they are nothing, and a fresh
# process has all its memory.
SHORT_RUN = 60.0


class Processes:
    """Starts worker processes, and uses those again that have only had short runs."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        self.all: set[subprocess.Popen[str]] = set()

    def perform(
        self, run: Run, path: Path, execution: Execution, on_step: Callable[[int, int], None]
    ) -> None:
        """Carry out `run` in the folder `path`.

        Raises:
            ObverseError: if it failed, or the folder cannot be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            log = (path / "log.txt").open("a", encoding="utf-8")
        except OSError as error:
            raise ObverseError(f"{path}: cannot be written: {error.strerror}") from error
        with log:
            process = self._process(log)
        began = time.monotonic()
        request = {"folder": str(path), "run": run.spec(), "execution": asdict(execution)}
        problem = _ask(process, request, on_step)
        if process.poll() is None and time.monotonic() - began < SHORT_RUN:
            self.idle.put(process)
        else:
            self._end(process)
        if problem is not None:
            raise ObverseError(problem)

    def close(self) -> None:
        """Let all processes end; none is at work."""
        for process in list(self.all):
            self._end(process)

    def kill(self) -> None:
        for process in list(self.all):
            process.kill()

    def _process(self, log: IO[str]) -> "subprocess.Popen[str]":
        while not self.idle.empty():
            with suppress(queue.Empty):  # another thread was faster
                process = self.idle.get_nowait()
                if process.poll() is None:
                    return process
                self._end(process)  # it died while it had nothing to do
        environment = os.environ | {
            "OMP_NUM_THREADS": str(self.threads),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "obverse.sweep.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
        )  # fmt: skip
        self.all.add(process)
        return process

    def _end(self, process: "subprocess.Popen[str]") -> None:
        with process:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # it died before it had read all
                process.stdin.close()
        self.all.discard(process)


def _ask(
    process: "subprocess.Popen[str]", request: object, on_step: Callable[[int, int], None]
) -> str | None:
    """Put a request to a process; return what went wrong."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        print(json.dumps(request), file=process.stdin, flush=True)
    except BrokenPipeError:
        return f"ended with status {process.wait()}"
    for line in process.stdout:
        message = json.loads(line)
        if "done" in message:
            on_step(message["done"], message["total"])
        else:
            problem: str | None = message["ended"]
            return problem
    return f"ended with status {process.wait()}"
