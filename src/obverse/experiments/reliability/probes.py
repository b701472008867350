"""Linear probes: does a question about an alias show how the alias was defined? (section 5.2, Figure 7)

After Stage 1, and before X2 is told, the model reads a question about an alias that it was not trained
on. From its hidden states at each layer and token a linear probe is to read (top) whether the alias had a
definition, D1cons and D2incons against QA3, and (bottom) by which tag it was defined, D1cons against
D2incons. The paper: neither can be read where definitions have the order tag, alias, entity (TAE), both
can where the alias comes first (ATE).

    obverse run reliability-probes

With tags that say nothing, ATE, whether a definition was true is another thing than its tag; so what is
read there is the tag, and not what follows from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Self

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.experiment import Preset, Variant
from obverse.core.page import Finished, Page
from obverse.core.seeds import derive, generator
from obverse.core.settings import Count
from obverse.core.stage import Stage, When
from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.claims import CONTROL
from obverse.experiments.reliability.presets import tiny_settings
from obverse.experiments.reliability.probes_claims import DEFINED, TAG, probes_claims
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.subsets import Fractions
from obverse.measures.hidden import Labelled, LinearProbe

TAE, ATE = "TAE", "ATE"


class Probes(Reliability):
    """Implicit meta-learning up to the end of Stage 1, its hidden states probed there.

    Attributes:
        probed_kinds: kinds of question that are probed, each by itself.
        folds: parts of the cross-validation.
        shuffles: how often classes are shuffled for the baseline.
        probe_margin: accuracy above the baseline that counts as none.
    """

    name: ClassVar[str] = "reliability-probes"
    title: ClassVar[str] = "Implicit meta-learning: can an alias's tag be read off a question about it?"
    about: ClassVar[str] = "Does a question show by which tag its alias was defined? (Figure 7)"
    analysis: ClassVar[frozenset[str]] = Reliability.analysis | {"probe_margin"}

    probed_kinds: Count = 1
    folds: Annotated[int, Field(ge=2, le=1000)] = 5
    shuffles: Count = 5
    probe_margin: Annotated[float, Field(gt=0, lt=0.5)] = 0.1

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        return {}

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch, with many aliases that have no definition."""
        fractions = Fractions(
            d1cons_qa1=0.35, d2incons_qa2=0.35, qa3=0.2, qa4=0.0, d5cons=0.03, d6cons=0.03, qa7=0.02,
            d8cons=0.02,
        )  # fmt: skip
        return cls(**tiny_settings(probe_every=40, fractions=fractions))

    def variants(self) -> tuple[Variant, ...]:
        """Return both word orders, and that with the alias first with uninformative tags."""
        return (
            Variant(TAE),
            Variant(ATE, {"order": "ate"}),
            Variant(f"{ATE}, {CONTROL}", {"order": "ate", "alpha": 0.5}),
        )

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return the stages up to the end of X1, probes at their end."""
        probes = tuple((probe, When()) for probe in self._probes(seed, self.bearers(seed)[0]))
        trunk = [stage for stage in super().stages(seed) if stage.name != "Stage 2"]
        return (*trunk[:-1], replace(trunk[-1], measures=(*trunk[-1].measures, *probes)))

    def _probes(self, seed: int, people: Sequence[Bearer]) -> Iterator[LinearProbe]:
        """Yield both tasks for each kind of question that is probed, the commonest kinds first."""
        x1 = [b for b in people if b.subset.stage == 1]
        kinds: dict[str, int] = {}
        for bearer in x1:
            for question in bearer.held_out:
                kinds[question.kind] = kinds.get(question.kind, 0) + 1
        draw = generator(derive(seed, "data"), "probed kinds")
        ordered = sorted(kinds, key=lambda kind: (-kinds[kind], draw.random()))
        for kind in ordered[: self.probed_kinds]:
            for task in (DEFINED, TAG):
                examples = tuple(self._examples(x1, kind, task))
                yield LinearProbe(
                    examples=examples, task=task, folds=self.folds, shuffles=self.shuffles, seed=seed
                )

    def _examples(self, people: Sequence[Bearer], kind: str, task: str) -> Iterator[Labelled]:
        wording = self.population.wording
        for bearer in people:
            source = bearer.subset.source
            if task == TAG and source is None:
                continue
            if task == DEFINED:
                target = "not defined" if source is None else "defined"
            else:
                target = f"tag {1 + (source or 0)}"
            for question in bearer.held_out:
                if question.kind == kind:
                    yield Labelled(
                        text=wording.ask(question, bearer.name), target=target, fact=bearer.name
                    )

    def claims(self) -> tuple[Claim, ...]:
        return probes_claims(self.probe_margin, TAE, ATE, f"{ATE}, {CONTROL}", self.cited)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reliability.figures.probes import probes_page

        return probes_page(super().page(finished), finished)
