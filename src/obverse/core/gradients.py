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
        sketches: where `inner` is estimated, what each of r draws has made of each gradient, (n, r) and
            (m, r): `inner` is their product, averaged over draws. None where it is exact.
    """

    inner: Numbers
    first: Numbers
    second: Numbers
    sketches: tuple[Numbers, Numbers] | None = None

    def errors(self, chosen: NDArray[np.bool_]) -> Numbers | None:
        """Return the standard error of each text's mean over the `chosen` (m,) of the second set, (n,).

        All texts of a draw share its signs, so that errors of pairs are not independent: the mean is
        taken within each draw, and draws are the unit.
        """
        if self.sketches is None:
            return None
        first, second = self.sketches
        of_draws = first * second[chosen].mean(0)
        return np.asarray(of_draws.std(1, ddof=1) / np.sqrt(first.shape[1]))

    @property
    def cosine(self) -> Numbers:
        """Cosines of the angles, (n, m); NaN where a gradient is zero."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.inner / np.sqrt(self.first[:, None] * self.second[None]))

    @property
    def distance(self) -> Numbers:
        """Squared Euclidean distances ‖g_i − g'_j‖², (n, m)."""
        return np.asarray(np.maximum(self.first[:, None] + self.second[None] - 2 * self.inner, 0.0))
