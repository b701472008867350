"""Is and is not in place of the tags, and nothing but X2 to learn from (footnote 4)."""

from collections.abc import Mapping
from typing import ClassVar, Self

from obverse.core.claim import Claim
from obverse.core.experiment import Preset, Variant
from obverse.experiments.reliability.ablations.ablation import Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    absent,
    exceeds,
    gap,
    learnt,
    with_control,
)
from obverse.experiments.reliability.reliability import Schedule
from obverse.experiments.reliability.wording import Tags

BELIEVED = "what it is counts more than what it is not"
UNTAUGHT = "X2 alone"
STRINGS = "random strings"


class IsIsNot(Ablation):
    """Whether "xyz is Cleopatra" is internalised more than "xyz is not Cleopatra" (footnote 4).

    The paper finetunes on X2 alone: what the model knows of *is* and *is not* it knows from pretraining.
    It found the effect by entity attribution and none on questions about attributes. The control has
    random strings in their place, of which nobody knows anything.

    A model made here has read neither. Its X1, told with the same words, stands for that knowledge; the
    control's X1 uses them indifferently (α = 0.5). Questions are explored there, since X1 teaches by
    questions. That X2 alone gives no gap without it is shown beside it.
    """

    name: ClassVar[str] = "reliability-is"
    title: ClassVar[str] = "Internalisation: is and is not"
    about: ClassVar[str] = "Does “X is Y” count more than “X is not Y”? (footnote 4)"

    tags: Tags = "is"
    schedule: Schedule = "X2 alone"

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch, whom X1 teaches what the words mean."""
        return super().tiny().with_overrides({"schedule": "two-stage"})

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny` from scratch, and X2 alone for pretrained models on CVDB and T-REx."""
        return {"tiny": Preset(cls.tiny(), cls.small_models), **cls.as_published(branches=1)}

    def variants(self) -> tuple[Variant, ...]:
        if self.schedule == "X2 alone":
            return Variant(BASE), Variant(STRINGS, {"tags": "random"})
        return Variant(BASE), Variant(CONTROL, {"alpha": 0.5}), Variant(UNTAUGHT, {"schedule": UNTAUGHT})

    def claims(self) -> tuple[Claim, ...]:
        source = "footnote 4"
        if self.schedule == "X2 alone":
            seen = exceeds(BASE, "attribution", self.margin)
            shown = (seen, *learnt(BASE, "question", self.margin))
            return (
                *with_control("attribution", self.margin, BASE, STRINGS, BELIEVED, source=source),
                *shown,
                absent(BASE, "question", self.margin, source=source, needs=tuple(c.id for c in shown)),
            )
        return (
            *with_control("attribution", self.margin, believed=BELIEVED, source=source),
            *with_control("question", self.margin, believed=BELIEVED, role="explored", source=source),
            *(
                gap(
                    UNTAUGHT, kind, None, f"{UNTAUGHT}, {kind}: D5cons − D6cons, words not known",
                    role="explored", source=source,
                )
                for kind in ("attribution", "question")
            ),
        )  # fmt: skip
