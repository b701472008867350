"""Rows' labels as numbers, which say what rows have in common."""

from collections.abc import Hashable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Labels = Sequence[Hashable] | pl.Series
MANY = 10_000  # labels, from which on columns are faster than a dictionary


def codes(labels: Labels) -> NDArray[np.intp]:
    """Number labels in the order in which they first come."""
    if isinstance(labels, pl.Series) and len(labels) > MANY:
        rows = labels.rename("label").to_frame()
        numbered = rows.unique(maintain_order=True).with_row_index("code")
        found = rows.join(numbered, on="label", how="left", nulls_equal=True, maintain_order="left")
        return found["code"].to_numpy().astype(np.intp)
    index: dict[Hashable, int] = {}
    return np.array([index.setdefault(label, len(index)) for label in labels], dtype=np.intp)


def common(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the groups of rows that agree in both ways, in the order in which they first come."""
    n = len(one)
    keys = one * (int(other.max()) + 1) + other
    if keys.max() > 4 * n:  # few of all possible groups are there
        keys = np.unique(keys, return_inverse=True)[1]
    first = np.full(int(keys.max()) + 1, n)
    np.minimum.at(first, keys, np.arange(n))
    new = np.zeros(n, dtype=bool)  # whether a row is the first of its group
    new[first[first < n]] = True
    found: NDArray[np.intp] = (np.cumsum(new) - 1)[first[keys]]
    return found


def lies_within(way: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Return whether all rows of each group of `way` are of one group of `other`."""
    of_group = np.zeros(int(way.max()) + 1, dtype=np.intp)
    of_group[way] = other  # that of any row of the group
    return bool((of_group[way] == other).all())
