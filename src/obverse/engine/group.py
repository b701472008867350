"""The processes that carry out one run together, each with a share of the model (`engine.sharded`).

All of them do the same in the same order. What the first alone may do (writing to the run's folder), or
has to decide (what the clock says, what lies there), it does for all: `by_first`.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from obverse.core.errors import ObverseError

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_WAIT = timedelta(minutes=30)  # of one process for another, as for the first to load a model

_rank, _size = 0, 1
_mesh: Any = None


def rank() -> int:
    """Return which of the run's processes this is; 0 is the first, which alone writes."""
    return _rank


def size() -> int:
    """Return by how many processes the run is carried out."""
    return _size


def mesh() -> Any:
    """Return the processes' devices, as torch knows them."""
    return _mesh


@contextmanager
def joined(rank: int, size: int, meeting: Path, device: str) -> Iterator[None]:
    """Be one of `size` processes on this machine, which find each other by the file `meeting`."""
    global _rank, _size, _mesh
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh

    if sys.platform == "linux":  # all of them are here: nobody else need be able to connect
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        os.environ.setdefault("NCCL_SOCKET_IFNAME", "lo")
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo",
        init_method=f"file://{meeting}", rank=rank, world_size=size, timeout=LONGEST_WAIT,
    )  # fmt: skip
    try:
        _mesh = init_device_mesh(device, (size,))
        _rank, _size = rank, size
        yield
    finally:
        _rank, _size, _mesh = 0, 1, None
        dist.destroy_process_group()


def by_first(function: Callable[P, T]) -> Callable[P, T]:
    """Return `function` as the first process carries it out for all, which get what comes of it."""

    @wraps(function)
    def shared(*args: P.args, **kwargs: P.kwargs) -> T:
        if _size == 1:
            return function(*args, **kwargs)
        if _rank:
            result, problem = _told(None)
            if problem is not None:
                raise ObverseError(problem)
            return result  # type: ignore[no-any-return]
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            _told((None, str(error) or type(error).__name__))
            raise
        _told((result, None))
        return result

    return shared


def _told(what: Any) -> Any:
    """Return what the first process says."""
    import torch
    import torch.distributed as dist

    said = [what]
    dist.broadcast_object_list(said, src=0, device=torch.device("cpu"))
    return said[0]


def inference() -> Any:
    """Return the context in which a model is asked, without gradients.

    What is brought together of a sharded model under torch's inference mode could not be trained on.
    """
    import torch

    return torch.inference_mode() if _size == 1 else torch.no_grad()


def in_turn() -> Iterator[bool]:
    """Yield once for each process, and whether it is this one's turn; the others wait."""
    import torch.distributed as dist

    for number in range(_size):
        yield number == _rank
        if _size > 1:
            dist.barrier()
