"""The GPUs that a process may use."""

import os


def visible() -> list[str]:
    """Return them as CUDA_VISIBLE_DEVICES names them, so that it can give another process some."""
    import torch

    count = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[:count] if given else [str(number) for number in range(count)]
