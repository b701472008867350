"""Runs on a Ray cluster: what they ask for, where they work, what becomes of those whose node dies."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from obverse.core.errors import ObverseError
from obverse.run.task import Event, Failure, Task
from obverse.studies.executors.on_ray_driver import Driver
from obverse.studies.executors.pending import refuse_unportable


@dataclass(frozen=True, kw_only=True)
class Ray:
    """A Ray cluster, as an Executor (`pip install 'obverse[ray]'`).

    A run asks for as many CPUs as it has threads, for a GPU where the device is "cuda", or "auto" and the
    cluster has one, and for the main memory that its plan says. One whose node or process dies is done
    again on another. An interrupt ends all of them.

    Attributes:
        address: of the cluster; None: what RAY_ADDRESS says, one that runs on this machine, or a new one.
        storage: a URL of fsspec's, for nodes that do not see the study's directory: where they put
            checkpoints and finished runs. Without it finished runs come back through Ray, and one whose
            node dies begins anew.
        shared: whether every node sees the study's directory; None: each is asked.
        memory: bytes of a run, in place of the plan's.
        gpus: GPUs of a run, or a share of one.
        grows: whether nodes come when they are needed: no run is refused that none has room for.
        runtime_env: Ray's, of each run.
    """

    address: str | None = None
    storage: str | None = None
    shared: bool | None = None
    memory: int | None = None
    gpus: float | None = None
    grows: bool = False
    runtime_env: Mapping[str, Any] = field(default_factory=dict)

    def run(self, tasks: Sequence[Task], on: Callable[[Event], None]) -> list[Failure]:
        for task in tasks:
            refuse_unportable(task)
        with _connected(self.address) as ray:
            return Driver(ray, self, tasks, on).run()


@contextmanager
def _connected(address: str | None) -> Iterator[ModuleType]:
    """Be connected to a cluster; a connection that was there before stays."""
    try:
        import ray
    except ImportError:
        raise ObverseError("runs on Ray need its package: pip install 'obverse[ray]'") from None
    if ray.is_initialized():
        yield ray
        return
    main = threading.current_thread() is threading.main_thread()
    at_end = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, include_dashboard=None if address else False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ObverseError(f"no Ray cluster at {address or 'this machine'}: {error}") from error
    if main:
        signal.signal(signal.SIGTERM, at_end)  # Ray puts its own there
    try:
        yield ray
    finally:
        ray.shutdown()
