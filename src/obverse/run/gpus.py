"""The GPUs that a process may use."""

import os
from collections.abc import Sequence

from obverse.core.errors import ObverseError
from obverse.run.task import Task


def refuse_without(tasks: Sequence[Task]) -> None:
    """Refuse tasks that are meant for a GPU on a machine without one, before the first is begun.

    Raises:
        ObverseError: if one of them trains or asks a model here.
    """
    meant = any(task.execution.device == "cuda" and task.run.model.on_ours for task in tasks)
    if meant and not visible():
        import torch

        raise ObverseError(
            f"device cuda: torch {torch.__version__} finds no GPU on this machine; expected auto or cpu"
        )


def visible() -> list[str]:
    """Return them as CUDA_VISIBLE_DEVICES names them, so that it can give another process some."""
    import torch

    count = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[:count] if given else [str(number) for number in range(count)]
