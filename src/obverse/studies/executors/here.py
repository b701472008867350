"""Carrying out runs on this machine, several at a time, each in a process of its own."""

import os
import traceback
from collections import deque
from collections.abc import Callable, Sequence

from obverse.core.errors import ObverseError
from obverse.run.task import Event, Execution, Failure, Task
from obverse.studies.executors.processes import Processes


class Here:
    """This machine, as an Executor.

    Runs whose experiment or model another process cannot import (those of a notebook or a prompt) are
    carried out in this process, one after the other.
    """

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        portable = [task for task in tasks if task.run.portable]
        failures = _in_processes(portable, on) if portable else []
        for task in tasks:
            if not task.run.portable:
                failures += _in_this_process(task, on)
        return failures


def _in_processes(tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
    execution = tasks[0].execution
    most = min(execution.workers or workers_of(execution), len(tasks))
    # The largest models first, so that at the end no core waits long for another.
    largest_first = sorted(tasks, key=lambda task: -(task.run.model.size() or 0))
    waiting, failures = deque(largest_first), list[Failure]()
    processes = Processes(execution.threads)

    def end(task: Task, problem: str | None) -> None:
        if problem is not None:
            failures.append(Failure(task=task, problem=problem))
        on(Event(task=task, kind="finished" if problem is None else "failed"))

    try:
        while waiting or processes.busy:
            while waiting and processes.busy < most:
                task = waiting.popleft()
                on(Event(task=task, kind="started"))
                problem = processes.give(task)
                if problem is not None:
                    end(task, problem)
            for task, message in processes.messages():
                if "ended" in message:
                    end(task, message["ended"])
                else:
                    on(Event(task=task, kind="progress", done=message["done"], total=message["total"]))
    except BaseException:
        processes.kill()
        raise
    processes.close()
    return failures


def _in_this_process(task: Task, on: Callable[[Event], None]) -> list[Failure]:
    on(Event(task=task, kind="started"))
    task.folder.mkdir(parents=True, exist_ok=True)
    try:
        task.perform(lambda done, total: on(Event(task=task, kind="progress", done=done, total=total)))
    except Exception as error:
        problem = str(error) if isinstance(error, ObverseError) else f"{type(error).__name__}: {error}"
        with (task.folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        on(Event(task=task, kind="failed"))
        return [Failure(task=task, problem=problem)]
    on(Event(task=task, kind="finished"))
    return []


def workers_of(execution: Execution) -> int:
    """Return how many runs at a time this machine takes, unless told."""
    if execution.device != "cpu" and _has_gpu():
        return 1
    return max(1, (os.cpu_count() or 1) // execution.threads)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
