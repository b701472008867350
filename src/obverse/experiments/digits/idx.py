"""MNIST's files (http://yann.lecun.com/exdb/mnist): `idx`, gzipped or not."""

import gzip
import struct
import zlib
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
    data = _content(path)
    start = 4 + 4 * dimensions
    if len(data) < start:
        raise ObverseError(f"{path}: {len(data)} bytes; expected a head of {start}")
    zeros, kind, found = struct.unpack(">HBB", data[:4])
    if (zeros, kind, found) != (0, UNSIGNED_BYTE, dimensions):
        raise ObverseError(
            f"{path}: begins with {data[:4].hex()}; expected the magic number {UNSIGNED_BYTE:06x}"
            f"{dimensions:02x} of unsigned bytes in {dimensions} dimensions"
        )
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    size = 1
    for length in shape:
        size *= length
    if len(data) - start != size or size == 0:
        raise ObverseError(
            f"{path}: {len(data) - start} bytes behind its head; expected {size} for "
            f"{' × '.join(map(str, shape))}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _find(folder: Path, name: str) -> Path:
    """Return a file under any of the names that it goes by."""
    for given in (name, name.replace("-idx", ".idx")):
        for path in (folder / given, folder / f"{given}.gz"):
            if path.is_file():
                return path
    raise ObverseError(f"{folder}: no {name} or {name}.gz; expected the four files of MNIST")


def _content(path: Path) -> bytes:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                return file.read()
        return path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ObverseError(f"{path}: cannot be read: {error}") from error
