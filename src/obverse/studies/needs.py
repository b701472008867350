"""What a run needs of the machine that carries it out."""

from collections.abc import Sequence
from typing import Literal

from obverse.core.model import ModelSpec
from obverse.core.stage import Stage

# Bytes a parameter of weights, gradients and the optimizer's state in 32 bits.
TRAINED = {"adamw": 16, "adafactor": 9, "sgd": 8}
# Of a process before its model, with room for data: with torch imported it has 0.36 GB.
PROCESS = 1_000_000_000


def bytes_a_parameter(stages: Sequence[Stage]) -> int:
    """Return the bytes of weights, gradients and optimizer of a parameter; 0 where nothing is trained."""
    recipes = [stage.training.recipe for stage in stages if stage.training is not None]
    return max((TRAINED[recipe.optimizer] for recipe in recipes), default=0)


def memory_of(
    model: ModelSpec,
    stages: Sequence[Stage],
    device: Literal["auto", "cpu", "cuda"],
    processes: int = 1,
) -> int | None:
    """Return the bytes of main memory that a run takes, without activations; None: nobody knows.

    What is trained on a GPU passes through main memory once, as weights. Of several processes the first
    brings weights and optimizer together there for each checkpoint.
    """
    if not model.on_ours:
        return PROCESS
    size = model.size()
    if size is None:
        return None
    trained = bytes_a_parameter(stages)
    if processes == 1:
        return PROCESS + model.memory(size, 0 if device == "cuda" else trained)
    return processes * PROCESS + model.memory(size, trained) * (1 if device == "cuda" else 2)
