"""Inner products of gradients: what a model gives of two sets of texts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Inner products of the gradients of all pairs from two sets of n and m texts, with their norms.

    Attributes:
        inner: ⟨g_i, g'_j⟩, (n, m).
        first, second: squared norms, (n,) and (m,).
        error: standard errors of `inner`, (n, m), where it was estimated; None where it is exact.
    """

    inner: Numbers
    first: Numbers
    second: Numbers
    error: Numbers | None = None

    @property
    def cosine(self) -> Numbers:
        """Cosines of the angles, (n, m); NaN where a gradient is zero."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.inner / np.sqrt(self.first[:, None] * self.second[None]))

    @property
    def distance(self) -> Numbers:
        """Squared Euclidean distances ‖g_i − g'_j‖², (n, m)."""
        return np.asarray(np.maximum(self.first[:, None] + self.second[None] - 2 * self.inner, 0.0))
