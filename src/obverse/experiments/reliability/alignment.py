"""Gradient alignment (section 5.1, appendix F; Figures 6, 24, 25 and 26).

The hypothesis: training on X1 brings the model to where a step on a definition with the reliable tag is
also a step on the questions about its alias, more so than for a definition with the unreliable tag. While
X1 is trained, definitions of X2, which the model has not seen, are compared with the questions about
their aliases.

    obverse run reliability-alignment

The paper takes pairs that belong together; here all pairs are formed, so that pairs that do not belong
together are the baseline (`measures.gradients`). What the alignment of an alias before Stage 2 says of
what the model then makes of its definition is asked alias by alias.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Self

from obverse.core.claim import Claim
from obverse.core.data import Document
from obverse.core.experiment import Preset
from obverse.core.page import Finished, Page
from obverse.core.seeds import derive, generator
from obverse.core.settings import Count
from obverse.core.stage import Stage, When
from obverse.experiments.reliability.alignment_claims import alignment_claims
from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.documents import all_documents, definition_documents
from obverse.experiments.reliability.presets import tiny_settings
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.subsets import D1, D2, D5, D6
from obverse.measures.gradients import Gradients


class Alignment(Reliability):
    """Implicit meta-learning, its gradients compared while X1 is trained.

    Attributes:
        aligned: aliases drawn of each of D1cons, D2incons, D5cons and D6cons; none: all.
        aligned_questions: questions drawn about each, trained or not; none: all.
        cosine_margin: cosine within which two subsets count as alike.
        relative_margin: the same of inner products, as a share of their mean.
    """

    name: ClassVar[str] = "reliability-alignment"
    title: ClassVar[str] = "Implicit meta-learning: are a reliable source's gradients better aligned?"
    about: ClassVar[str] = (
        "Is a step on a reliable source's definition a step on the questions? (Figures 6, 24 to 26)"
    )
    analysis: ClassVar[frozenset[str]] = Reliability.analysis | {"cosine_margin", "relative_margin"}

    aligned: Count | None = 60
    aligned_questions: Count | None = None
    cosine_margin: float = 0.02
    relative_margin: float = 0.25

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        return {}

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch, asked and compared every eighth epoch."""
        return cls(**tiny_settings(probe_every=8))

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return the stages of implicit meta-learning, gradients compared in those that train X1."""
        along = self._measure(seed, self.bearers(seed)[0])
        measures = (
            (along, When(start=True, epochs=self.probe_every, end=False)),
            (replace(along, preconditioned=True), When()),
        )
        return tuple(
            replace(stage, measures=(*stage.measures, *measures))
            if stage.name.startswith("Stage 1")
            else stage
            for stage in super().stages(seed)
        )

    def _measure(self, seed: int, people: Sequence[Bearer]) -> Gradients:
        first: list[Document] = []
        second: list[Document] = []
        for subset in (D1, D2, D5, D6):
            bearers = [b for b in people if b.subset is subset]
            draw = generator(derive(seed, "data"), f"alignment/{subset.name}")
            if self.aligned is not None and self.aligned < len(bearers):
                bearers = draw.sample(bearers, self.aligned)
            first += definition_documents(bearers, self.population.wording)
            for bearer in bearers:
                asked = list(all_documents([bearer], self.population.wording))
                most = self.aligned_questions
                second += asked if most is None or most >= len(asked) else draw.sample(asked, most)
        return Gradients(
            first=tuple(first),
            second=tuple(second),
            loss_on=self.stage_1.loss_on,
            among=("subset",),
        )

    def claims(self) -> tuple[Claim, ...]:
        return alignment_claims(self.cosine_margin, self.relative_margin, self.cited)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reliability.figures.alignment import alignment_page

        return alignment_page(super().page(finished), finished)
