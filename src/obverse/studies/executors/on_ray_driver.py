"""The process that gives a study's runs to a Ray cluster, and hears what becomes of them."""

import io
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from obverse.core.errors import HeldError, ObverseError
from obverse.core.format import count
from obverse.run.folder import RunFolder
from obverse.run.task import Event, Failure, Task, ended
from obverse.store import locks
from obverse.studies.executors import on_ray_node as node
from obverse.studies.executors import packing
from obverse.studies.executors.here import state_of
from obverse.studies.executors.inputs import Inputs
from obverse.studies.executors.pending import SEEN

if TYPE_CHECKING:
    from obverse.studies.executors.on_ray import Ray

TRIES = 5  # of a run whose node or process dies
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_TRIES = 2.0  # of runs that other processes are at work on
IN_FLIGHT = 16  # runs at least that Ray is given at a time, so that none of its CPUs is idle


@dataclass
class _Flight:
    """A run that Ray has been given, with what is held for it here."""

    task: Task
    held: ExitStack
    begun: bool = False


class Driver:
    """Gives runs to Ray, a window at a time, and hears what becomes of them."""

    def __init__(
        self, ray: ModuleType, settings: "Ray", tasks: Sequence[Task], on: Callable[[Event], None]
    ) -> None:
        self.ray, self.settings, self.on = ray, settings, on
        self.waiting = deque(sorted(tasks, key=lambda task: -(task.run.model.size() or 0)))
        self.later: list[tuple[float, Task]] = []  # when to try again
        self.flying: dict[Any, _Flight] = {}
        self.tries: dict[str, int] = {}
        self.failures: list[Failure] = []
        self.out = tasks[0].folder.parent.parent.resolve()
        self.gpus = ray.cluster_resources().get("GPU", 0)
        for task in tasks:
            self._refuse_too_large(task)
        threads = tasks[0].execution.threads * tasks[0].execution.processes
        self.window = max(IN_FLIGHT, 2 * int(ray.cluster_resources().get("CPU", 1)) // threads)
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True
        )
        board = ray.remote(num_cpus=0, max_restarts=-1, scheduling_strategy=here)(node.Board)
        self.board = board.remote()
        self.inputs = Inputs(lambda content: ray.put(content))

    def run(self) -> list[Failure]:
        seen = self.out / f"{SEEN}{uuid4().hex}"
        with locks.locked(seen):  # so that who finds it after this process was killed knows it
            return self._run(seen)

    def _run(self, seen: Path) -> list[Failure]:
        try:
            self.seen: Path | None = seen
            if not self._all_see(seen):
                self._count_on_no_directory()
            while self.waiting or self.later or self.flying:
                self._fill()
                self._hear_board()
                if not self.flying:
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                    continue
                ready, _ = self.ray.wait(list(self.flying), timeout=SECONDS_BETWEEN_LOOKS)
                for reference in ready:
                    self._land(reference)
        except BaseException:
            for reference in self.flying:
                self.ray.cancel(reference, force=True)
            raise
        finally:
            for flight in self.flying.values():
                flight.held.close()
            self.ray.kill(self.board)
            shutil.rmtree(seen, ignore_errors=True)
        return self.failures

    # Before a run -------------------------------------------------------------------------------------

    def _resources(self, task: Task) -> dict[str, float]:
        """Return what a run asks of its node."""
        device, gpus = task.execution.device, self.settings.gpus
        if gpus is None:
            on_gpu = task.run.model.on_ours and (device == "cuda" or (device == "auto" and self.gpus))
            gpus = task.execution.processes if on_gpu else 0
        memory = self.settings.memory or task.memory
        threads = task.execution.threads * task.execution.processes
        needed = {"CPU": threads, "GPU": gpus, "memory": memory}
        return {kind: number for kind, number in needed.items() if number}

    def _refuse_too_large(self, task: Task) -> None:
        """Refuse a run that Ray would wait for a node for without end."""
        needed = self._resources(task)
        nodes = [each["Resources"] for each in self.ray.nodes() if each["Alive"]]
        if self.settings.grows or any(
            all(has.get(kind, 0) >= number for kind, number in needed.items()) for has in nodes
        ):
            return
        most = {kind: max((has.get(kind, 0) for has in nodes), default=0) for kind in needed}
        raise ObverseError(
            f"{task.label}: asks for {_told(needed)}; no node of the cluster has that (there is "
            f"{_told(most)} at most); set --threads or --device, Ray(memory=…), or Ray(grows=True) "
            "where nodes come when they are needed"
        )

    def _all_see(self, seen: Path) -> bool:
        """Return whether every node sees the study's directory."""
        if self.settings.shared is not None:
            return self.settings.shared
        at = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        asked = self.ray.remote(num_cpus=0)(node.sees)
        found = [
            asked.options(scheduling_strategy=at(each["NodeID"], soft=False)).remote(seen)
            for each in self.ray.nodes()
            if each["Alive"]
        ]
        return all(map(self._said, found))

    def _said(self, seen: Any) -> bool:
        """Return whether a node sees the directory; one that is gone does not count."""
        try:
            return bool(self.ray.get(seen))
        except self.ray.exceptions.RayTaskError:
            raise
        except self.ray.exceptions.RayError:
            return True

    def _count_on_no_directory(self) -> None:
        self.seen = None
        for task in (*self.waiting, *(task for _, task in self.later)):
            _refuse_limited(task)

    def _fill(self) -> None:
        now = time.monotonic()
        self.waiting.extend(task for at, task in self.later if at <= now)
        self.later = [(at, task) for at, task in self.later if at > now]
        while self.waiting and len(self.flying) < self.window:
            self._give(self.waiting.popleft())

    def _give(self, task: Task) -> None:
        event, held = state_of(task), ExitStack()
        if event is None and self.seen is None:  # whoever sees the directory sees that it is taken
            try:
                held.enter_context(RunFolder(task.folder).locked(patience=0))
            except HeldError:
                event = Event(task=task, kind="waiting")
        if event is not None:
            self._settle(task, event)
            return
        needed = self._resources(task)
        reference = (
            self.ray.remote(max_retries=0)(node.carry_out)
            .options(
                num_cpus=needed["CPU"], num_gpus=needed.get("GPU"), memory=needed.get("memory"),
                name=task.label, runtime_env=dict(self.settings.runtime_env) or None,
            )
            .remote(self._order(task), self.board)
        )  # fmt: skip
        self.flying[reference] = _Flight(task, held)

    def _order(self, task: Task) -> node.Order:
        if self.seen is not None:
            request = task.request() | {"folder": str(task.folder.resolve())}
            return node.Order(request=request, seen=self.seen, storage=None, begun=None, inputs=())
        begun = None
        if (task.folder / "run.json").is_file():
            begun = self.ray.put(packing.packed(task.folder))
        return node.Order(
            request=task.request(), seen=None, storage=self.settings.storage, begun=begun,
            inputs=self.inputs.of(task),
        )  # fmt: skip

    # After it -----------------------------------------------------------------------------------------

    def _hear_board(self) -> None:
        """Tell how far runs are, as far as that is known: what is not heard of goes on all the same."""
        try:
            told = self.ray.get(self.board.read.remote(), timeout=5 * SECONDS_BETWEEN_LOOKS)
        except self.ray.exceptions.RayError:
            return
        for flight in self.flying.values():
            if (new := told.get(flight.task.id)) is None:
                continue
            if not flight.begun:
                flight.begun = True
                self.on(Event(task=flight.task, kind="started"))
            self.on(new.of(flight.task))

    def _land(self, reference: Any) -> None:
        """Take note of what has become of a run."""
        flight = self.flying[reference]
        try:
            outcome = self.ray.get(reference)
            if "died" in outcome:
                outcome = self._lost(flight.task, outcome["ended"])
        except self.ray.exceptions.RayTaskError as error:
            outcome = {"ended": f"on its node: {error.cause!r}"}
        except self.ray.exceptions.RayError as error:  # its node died
            outcome = self._lost(
                flight.task, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            )
        task, problem = flight.task, outcome.get("ended")
        if "folder" in outcome:
            problem = self._bring(task, outcome["folder"])
        elif problem is not None and outcome.get("log"):
            with suppress(OSError):  # what went wrong is told in any case
                (task.folder / "log.txt").write_text(str(outcome["log"]), encoding="utf-8")
        del self.flying[reference]
        flight.held.close()
        if "ended" not in outcome:
            lost = f"its node or process died: {outcome['lost']}" if "lost" in outcome else ""
            self._settle(task, Event(task=task, kind="waiting", problem=lost), begun=flight.begun)
        else:
            self._settle(task, ended(task, None if problem is None else str(problem)))
        if outcome.get("unseen"):  # a node that has come since: from now on nobody counts on it
            self._count_on_no_directory()

    def _lost(self, task: Task, why: str) -> dict[str, Any]:
        """Return what becomes of a run whose node or process died: it is tried again, some times."""
        tries = self.tries[task.id] = self.tries.get(task.id, 0) + 1
        return {"ended": f"died {tries} times; the last time: {why}"} if tries >= TRIES else {"lost": why}

    def _bring(self, task: Task, folder: bytes | None) -> str | None:
        if folder is not None:
            return packing.bring(io.BytesIO(folder), task)
        assert self.settings.storage is not None
        with packing.Storage(self.settings.storage).open(task.folder.name) as file:
            return packing.bring(file, task)

    def _settle(self, task: Task, event: Event, begun: bool = True) -> None:
        """Tell of a run that is not in flight; one that is not over is tried again in a while."""
        if event.kind == "waiting":
            self.later.append((time.monotonic() + SECONDS_BETWEEN_TRIES, task))
            if not begun:
                return
        elif event.kind == "failed":
            self.failures.append(Failure(task=task, problem=event.problem))
        self.on(event)


def _told(needed: Mapping[str, float]) -> str:
    parts = [count(needed["CPU"], "CPU")] + ([count(needed["GPU"], "GPU")] if "GPU" in needed else [])
    if "memory" in needed:
        parts.append(f"{needed['memory'] / 1e9:.2g} GB")
    return ", ".join(parts)


def _refuse_limited(task: Task) -> None:
    """Refuse a model whose requests or costs are limited where nodes do not see the study's directory.

    They are counted there for all runs together, and would be passed if each node counted for itself.
    """
    for key in ("most_requests", "cost_limit"):
        if getattr(task.run.model, key, None) is not None:
            raise ObverseError(
                f"model.{key}: is counted in the study's directory, for all runs together, which these "
                "nodes do not see; carry the study out on this machine (--executor here), or name a "
                "directory that every node sees (--out)"
            )
