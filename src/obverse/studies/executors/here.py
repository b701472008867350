"""Carrying out runs on this machine, several at a time, each in a process of its own."""

import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from obverse.core.errors import HeldError, ObverseError
from obverse.run import gpus
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Execution, Failure, Task, Telling, Word, ended
from obverse.studies.executors.processes import Processes

SECONDS_BETWEEN_LOOKS = 1.0  # at runs that other processes are at work on

On = Callable[[Event], None]
State = Callable[[Task], Event | None]


def state_of(task: Task) -> Event | None:
    """Return what has become of a task elsewhere, as an event; None if it is free to be begun."""
    folder = RunFolder(task.folder)
    if folder.finished:
        return Event(task=task, kind="finished")
    return Event(task=task, kind="waiting") if folder.held else None


class Here:
    """This machine, as an Executor.

    A run that another process is at work on, be it of this machine or not, is waited for while others are
    carried out; if that process dies, the run is carried out here.

    Runs whose experiment or model another process cannot import (those of a notebook or a prompt) are
    carried out in this process, one after the other.

    Args:
        state: tells what has become of a task elsewhere.
    """

    def __init__(self, state: State = state_of) -> None:
        self.state = state

    def run(self, tasks: Sequence[Task], on: On) -> list[Failure]:
        gpus.refuse_without(tasks)
        portable = [task for task in tasks if task.run.portable]
        failures = _Pool(portable, on, self.state).run() if portable else []
        for task in tasks:
            if not task.run.portable:
                failures += _in_this_process(task, on)
        return failures


class _Pool:
    """Carries tasks out in processes: some are waiting, some at work, some held by others."""

    def __init__(self, tasks: Sequence[Task], on: On, state: State) -> None:
        self.on, self.state = on, state
        execution = tasks[0].execution
        self.most = min(execution.workers or workers_of(execution), len(tasks))
        # The largest models first, so that at the end no core waits long for another.
        self.waiting = deque(sorted(tasks, key=lambda task: -(task.run.model.size() or 0)))
        self.held: dict[str, Task] = {}
        self.told: set[str] = set()  # of being held, which is said once
        self.failures: list[Failure] = []
        self.processes = Processes(execution.threads, cards_of(execution))

    def run(self) -> list[Failure]:
        try:
            looked = time.monotonic()
            while self.waiting or self.held or self.processes.busy:
                self._begin()
                for task, message in self.processes.messages():
                    self._hear(task, message)
                if self.held and time.monotonic() - looked > SECONDS_BETWEEN_LOOKS:
                    self._look()
                    looked = time.monotonic()
        except BaseException:
            self.processes.kill()
            raise
        self.processes.close()
        return self.failures

    def _begin(self) -> None:
        while self.waiting and self.processes.busy < self.most:
            task = self.waiting.popleft()
            if (event := self.state(task)) is not None:
                self._settle(event)
                continue
            self.on(Event(task=task, kind="started"))
            if (problem := self.processes.give(task)) is not None:
                self._settle(Event(task=task, kind="failed", problem=problem))

    def _hear(self, task: Task, message: dict[str, Any]) -> None:
        if "held" in message:
            self.told.discard(task.id)
            self._settle(Event(task=task, kind="waiting"))
        elif "ended" not in message:
            self.on(Word(**message).of(task))
        else:
            problem = message["ended"]
            self._settle(ended(task, None if problem is None else str(problem)))

    def _settle(self, event: Event) -> None:
        """Tell of a task that is not at work here, or not any more."""
        task = event.task
        if event.kind == "waiting":
            self.held[task.id] = task
            if task.id in self.told:
                return
            self.told.add(task.id)
        elif event.kind == "failed":
            self.failures.append(Failure(task=task, problem=event.problem))
        self.on(event)

    def _look(self) -> None:
        """Take back the tasks that others have let go, or have settled."""
        for task in list(self.held.values()):
            event = self.state(task)
            if event is None:
                if self.processes.busy + len(self.waiting) < self.most:
                    del self.held[task.id]
                    self.waiting.append(task)
            elif event.kind != "waiting":
                del self.held[task.id]
                self._settle(event)


def _in_this_process(task: Task, on: On) -> list[Failure]:
    on(Event(task=task, kind="started"))
    task.folder.mkdir(parents=True, exist_ok=True)
    try:
        _perform(task, on)
    except Exception as error:
        problem = str(error) if isinstance(error, ObverseError) else f"{type(error).__name__}: {error}"
        with (task.folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        on(Event(task=task, kind="failed", problem=problem))
        return [Failure(task=task, problem=problem)]
    on(Event(task=task, kind="finished"))
    return []


def _perform(task: Task, on: On) -> None:
    """Carry a task out, as soon as no other process is at work on it."""
    while True:
        try:
            telling = Telling(lambda word: on(word.of(task)))
            return task.perform(telling.on_step, on_phase=telling.on_phase)
        except HeldError:
            on(Event(task=task, kind="waiting"))


def workers_of(execution: Execution) -> int:
    """Return how many runs at a time this machine takes, unless told."""
    if execution.device != "cpu" and gpus.visible():
        return max(1, len(cards_of(execution)))
    return max(1, (os.cpu_count() or 1) // (execution.threads * execution.processes))


def cards_of(execution: Execution) -> list[str]:
    """Return the GPUs of each of the runs that go on at a time; nothing where there are none."""
    found = [] if execution.device == "cpu" else gpus.visible()
    each = execution.processes
    return [",".join(found[i : i + each]) for i in range(0, len(found) - each + 1, each)]
