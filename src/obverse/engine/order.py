"""In which order documents are trained on, and what that makes of a stage's timetable.

The order of the documents is data, not state: all epochs are laid out beforehand from the seed. A
resumed training therefore skips what it has seen, and goes on exactly as the undisturbed one.
"""

from collections.abc import Sequence
from itertools import accumulate

from obverse.core.recipe import Recipe
from obverse.core.seeds import generator
from obverse.core.stage import Timetable

BATCHES_SORTED_TOGETHER = 32


def training_order(
    lengths: Sequence[int], recipe: Recipe, seed: int, *, in_order: bool = False
) -> list[int]:
    """Return document indices for all epochs, in batches of like length, shuffled anew each epoch.

    Every document comes exactly once an epoch. Those left over when an epoch does not divide into
    whole batches open the next one, so that only the very last batch may be smaller. With `in_order`,
    documents come as they are given, every epoch.
    """
    if in_order:
        return list(range(len(lengths))) * recipe.epochs
    draw = generator(seed, "order")
    size = min(recipe.batch_size, len(lengths))
    window = size * BATCHES_SORTED_TOGETHER
    order: list[int] = []
    left: list[int] = []
    for _ in range(recipe.epochs):
        shuffled = list(range(len(lengths)))
        draw.shuffle(shuffled)
        shuffled = left + shuffled
        whole = len(shuffled) // size * size
        shuffled, left = shuffled[:whole], shuffled[whole:]
        # Sorting by length within a window saves padding, and leaves batches as random as they can be.
        batches: list[list[int]] = []
        for start in range(0, whole, window):
            pool = sorted(shuffled[start : start + window], key=lambda i: lengths[i])
            batches += [pool[i : i + size] for i in range(0, len(pool), size)]
        draw.shuffle(batches)
        order += [i for batch in batches for i in batch]
    return order + left


def timetable(lengths: Sequence[int], order: Sequence[int], recipe: Recipe) -> Timetable:
    """Return what training in `order` will do, given each document's length in tokens."""
    size = min(recipe.batch_size, len(lengths))
    batches = (order[start : start + size] for start in range(0, len(order), size))
    tokens = accumulate((sum(lengths[i] for i in batch) for batch in batches), initial=0)
    ends = recipe.epoch_ends(len(lengths))
    return Timetable(steps=ends[-1], epoch_ends=tuple(ends), tokens=tuple(tokens))
