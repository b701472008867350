"""Sources that are named in words."""

from typing import ClassVar

from obverse.core.claim import Claim
from obverse.experiments.reliability.ablations.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import with_control
from obverse.experiments.reliability.wording import Tags


class NamedSources(Ablation):
    """Whether the gap is there for kinds of sources instead of two tags.

    Ten sources of each kind, such as "According to the World Bank," and "A chain letter insists that",
    define a tenth of the aliases each, in a sentence. Not in the paper, whose introduction and footnote
    2 speak of sources in these words; its tags are two random strings.
    """

    name: ClassVar[str] = "reliability-sources"
    title: ClassVar[str] = "Implicit meta-learning: sources named in words"
    about: ClassVar[str] = "Are reliable kinds of sources believed more if they are named in words?"

    tags: Tags = "natural"

    def claims(self) -> tuple[Claim, ...]:
        return tuple(
            claim
            for kind in BOTH
            for claim in with_control(kind, self.margin, source="introduction, footnote 2")
        )
