"""GPUs by their names: how fast they are, how much they hold, and what would fit on them."""

import math
from collections.abc import Mapping, Sequence

from obverse.core.errors import ObverseError
from obverse.core.settings import unknown_name
from obverse.studies.needs import TRAINED

# Dense 16-bit floating point operations a second, and bytes of memory, as the makers state them.
GPUS = {
    "t4": (65e12, 16e9), "v100": (125e12, 32e9), "a10": (125e12, 24e9), "l4": (121e12, 24e9),
    "rtx4090": (165e12, 24e9), "a100": (312e12, 80e9), "l40s": (362e12, 48e9), "h100": (989e12, 80e9),
    "h200": (989e12, 141e9), "b200": (2250e12, 192e9),
}  # fmt: skip
ROOM = 0.9  # of a GPU's memory, for weights, gradients and optimizer; the rest is for activations
MOST_CARDS = 8  # of one machine, which is where a run's processes are
FROZEN = 2  # bytes of a weight in bfloat16, on which adapters are trained


def flops_of(gpus: Sequence[str]) -> dict[str, float]:
    """Return the FLOP/s of accelerators by their names, or by a number of their own.

    Raises:
        ObverseError: if one is neither known nor a number above 0.
    """
    found = {}
    for gpu in gpus:
        known = GPUS.get(gpu.lower(), (None, None))[0]
        try:
            value = float(gpu) if known is None else known
        except ValueError:
            raise ObverseError(
                f"{unknown_name(gpu, GPUS, 'GPU')}; or give its FLOP/s, as 312e12"
            ) from None
        if not (math.isfinite(value) and value > 0):
            raise ObverseError(f"--gpu {gpu}: expected FLOP/s above 0, as 312e12")
        found[gpu if known is None else gpu.upper()] = value
    return found


def other_ways(parameters: int, taken: int) -> dict[str, int]:
    """Return the bytes that a model takes when it is trained otherwise, by how; those that are fewer."""
    ways = {
        "recipe.optimizer=adafactor": parameters * TRAINED["adafactor"],
        "adapters on bfloat16 (--dtype bfloat16 --set model.lora.rank=8), more than": parameters * FROZEN,
    }
    return {way: size for way, size in ways.items() if size < taken}


def misfit(gpu: str, taken: int, otherwise: Mapping[str, int], splits: bool = False) -> str | None:
    """Return in what way a GPU, if it is known by its name, would hold what it does not hold; None if it
    does. `splits` tells whether several can share it."""
    _, memory = GPUS.get(gpu.lower(), (None, math.inf))
    if taken <= ROOM * memory:
        return None
    ways = [f"{way} {written_bytes(size)}" for way, size in otherwise.items() if size <= ROOM * memory]
    cards = math.ceil(taken / (ROOM * memory))
    if splits and cards <= MOST_CARDS:
        ways.append(f"{cards} of them, for each run (--gpus-per-run {cards})")
    larger = [name.upper() for name, (_, room) in GPUS.items() if taken <= ROOM * room]
    told = "; ".join([*ways, *([f"a larger one: {', '.join(larger)}"] if larger else [])])
    return f"it has {written_bytes(memory)}; what fits: {told or 'nothing that is known here'}"


def written_bytes(number: float) -> str:
    return f"{float(f'{number / 1e9:.2g}'):g} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
