"""What a grid of digits looks like (Figure 5, appendix E.1).

1 0 1 1 0 …      the define tag: a row of black and white squares, two pixels each
┌────┬────┐
│ 6  │ 9  │      the alias: N × N handwritten digits, drawn anew each time
├────┼────┤
│ 1  │ 0  │      a question highlights one of them by a border of one pixel
└────┴────┘
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from obverse.core.errors import ObverseError
from obverse.experiments.digits.documents import Grid
from obverse.experiments.digits.idx import read_mnist

Part = Literal["train", "test"]
SQUARE = 2  # pixels of a bit of the tag
BORDER = 1  # pixels around a digit, white where it is highlighted
TEST_SHARE = 0.3  # of the bundled digits; MNIST has a split of its own


@dataclass(frozen=True, eq=False)
class Handwriting:
    """Images of digits by what they show: `of[d]` (n, height, width), between 0 and 1."""

    of: tuple[NDArray[np.float32], ...]

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.of[0].shape[1:]
        return int(height), int(width)


def check(folder: Path | None) -> None:
    """Read both parts of the handwriting, which are kept.

    Raises:
        ObverseError: if the folder does not hold MNIST, or its parts have pictures of two sizes.
    """
    train, test = (handwriting(folder, part).size for part in get_args(Part))
    if train != test:
        raise ObverseError(
            f"{folder}: images of {train[0]} × {train[1]} pixels to train on, and of {test[0]} × "
            f"{test[1]} to ask about; expected one size"
        )


@cache
def handwriting(folder: Path | None, part: Part) -> Handwriting:
    """Return MNIST's digits under `folder`, or those that come with scikit-learn (8 × 8 pixels).

    Raises:
        ObverseError: if the folder does not hold MNIST.
    """
    images: NDArray[np.float32]
    if folder is None:
        images, digits = _bundled(part)
    else:
        pixels, shown = read_mnist(folder, part)
        images, digits = (pixels / 255).astype(np.float32), shown.astype(np.int64)
    return Handwriting(tuple(images[digits == digit] for digit in range(10)))


def _bundled(part: Part) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    cut = int(TEST_SHARE * len(order))
    chosen = order[:cut] if part == "test" else order[cut:]
    return (data.images[chosen] / 16).astype(np.float32), data.target[chosen]


def shape(grid: int, bits: int, size: tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a picture."""
    height, width = (grid * (length + 2 * BORDER) for length in size)
    return height + SQUARE, max(width, SQUARE * bits)


def draw(grids: Sequence[Grid], digits: Handwriting, chance: np.random.Generator) -> NDArray[np.float32]:
    """Return a picture of each grid, its digits drawn at random, (n, height, width)."""
    n, bits = grids[0].side, len(grids[0].bits)
    height, width = digits.size
    out = np.zeros((len(grids), *shape(n, bits, digits.size)), np.float32)
    for place in range(n * n):
        row, column = divmod(place, n)
        top = SQUARE + row * (height + 2 * BORDER)
        left = column * (width + 2 * BORDER)
        for i, grid in enumerate(grids):
            images = digits.of[grid.digits[place]]
            if grid.highlighted == place:
                out[i, top : top + height + 2 * BORDER, left : left + width + 2 * BORDER] = 1.0
            image = images[chance.integers(len(images))]
            out[i, top + BORDER : top + BORDER + height, left + BORDER : left + BORDER + width] = image
    for i, grid in enumerate(grids):
        if grid.tag is not None:
            for number, bit in enumerate(grid.tag):
                out[i, :SQUARE, SQUARE * number : SQUARE * (number + 1)] = bit
    return out
