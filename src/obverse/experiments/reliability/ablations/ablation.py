"""What the studies of ablations have in common.

Every one has the negative control beside it: the same with tags that say nothing in X1, at which the
gap between D5cons and D6cons has to vanish.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from obverse.core.experiment import Preset, Variant
from obverse.experiments.reliability.claims import CONTROL
from obverse.experiments.reliability.presets import tiny_settings
from obverse.experiments.reliability.reliability import Reliability

UNINFORMATIVE = Variant(CONTROL, {"alpha": 0.5})
BOTH = ("question", "attribution")


class Ablation(Reliability):
    """One study for each figure of ablations."""

    seeds: ClassVar[int] = 5

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        return {}

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch, asked every eighth epoch and at the ends."""
        return cls(**tiny_settings(probe_every=8))
