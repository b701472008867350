"""MNIST's files (http://yann.lecun.com/exdb/mnist): `idx`, gzipped or not."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from obverse.core.errors import ObverseError

# What the four files are called, and how many dimensions each has.
NAMES = {
    ("train", "images"): ("train-images-idx3-ubyte", 3),
    ("train", "labels"): ("train-labels-idx1-ubyte", 1),
    ("test", "images"): ("t10k-images-idx3-ubyte", 3),
    ("test", "labels"): ("t10k-labels-idx1-ubyte", 1),
}
UNSIGNED_BYTE = 0x08
MOST_BYTES = 2**30  # of images; MNIST has 47 million


def read_mnist(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the images (n, height, width) and the digits (n,) of "train" or "test".

    Raises:
        ObverseError: if a file is missing, is no such file, or both do not belong together.
    """
    images, labels = (_read(folder, part, what) for what in ("images", "labels"))
    if len(images) != len(labels):
        raise ObverseError(
            f"{folder}: {part} has {len(images)} images and {len(labels)} labels; expected as many of "
            "each"
        )
    if labels.size and labels.max() > 9:
        raise ObverseError(
            f"{folder}: {part} has the label {labels.max()} (image {int(labels.argmax())}); expected 0 "
            "to 9"
        )
    missing = sorted(set(range(10)) - set(labels.tolist()))
    if missing:
        raise ObverseError(f"{folder}: {part} has no image of {missing[0]}; expected all ten digits")
    return images, labels


def _read(folder: Path, part: str, what: str) -> NDArray[np.uint8]:
    name, dimensions = NAMES[part, what]
    path = _find(folder, name)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _shape(path, file.read(4 + 4 * dimensions), dimensions)
            data = file.read(prod(shape) + 1)  # and no more, however far a small file unpacks
    except (OSError, EOFError, zlib.error) as error:
        raise ObverseError(f"{path}: cannot be read: {error}") from error
    if len(data) != prod(shape):
        found = "more" if len(data) > prod(shape) else f"{len(data)} bytes"
        raise ObverseError(
            f"{path}: {found} behind its head; expected {prod(shape)} bytes for "
            f"{' × '.join(map(str, shape))}"
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(path: Path, head: bytes, dimensions: int) -> tuple[int, ...]:
    """Return what a file's head says is behind it."""
    if len(head) < 4 + 4 * dimensions:
        raise ObverseError(f"{path}: {len(head)} bytes; expected a head of {4 + 4 * dimensions}")
    zeros, kind, found = struct.unpack(">HBB", head[:4])
    if (zeros, kind, found) != (0, UNSIGNED_BYTE, dimensions):
        raise ObverseError(
            f"{path}: begins with {head[:4].hex()}; expected the magic number {UNSIGNED_BYTE:06x}"
            f"{dimensions:02x} of unsigned bytes in {dimensions} dimensions"
        )
    shape: tuple[int, ...] = struct.unpack(f">{dimensions}I", head[4:])
    if not 0 < prod(shape) <= MOST_BYTES:
        raise ObverseError(
            f"{path}: its head says {' × '.join(map(str, shape))}; expected 1 to {MOST_BYTES:,} bytes"
        )
    return shape


def _find(folder: Path, name: str) -> Path:
    """Return a file under any of the names that it goes by."""
    for given in (name, name.replace("-idx", ".idx")):
        for path in (folder / given, folder / f"{given}.gz"):
            if path.is_file():
                return path
    raise ObverseError(f"{folder}: no {name} or {name}.gz; expected the four files of MNIST")
