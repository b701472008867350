"""Models of several sizes in experiment 1 (Figure 4, Table 3, appendix A.3).

The paper finetunes four sizes of GPT-3 and finds the reverse at chance in all of them: scaling plots are
flat. Here each family that a study has is tested for that: what the reverse gains with each doubling of
the parameters is within a small margin of nothing.

    obverse run reversal-size                        # four models made from scratch, eight seeds
    obverse run reversal-size --preset paper         # the Pythia suite, on GPUs
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.experiment import Preset
from obverse.core.page import Finished, Page
from obverse.experiments.reversal.identities import Identities
from obverse.experiments.reversal.size_claims import size_claims
from obverse.models.checkpoint import Checkpoint
from obverse.models.scratch import Scratch

SHAPES = ((1, 64), (2, 96), (3, 128), (4, 192))  # layers, width


class Size(Identities):
    """Experiment 1 for a family of models.

    Every size is told and asked the same by one seed, so that sizes are compared fact by fact.

    Attributes:
        accuracy_slope_margin: within which a change of the reverse's exact match, for each doubling of
            the parameters, counts as none.
        likelihood_slope_margin: likewise, of right − random log-probability, in nats.
    """

    name: ClassVar[str] = "reversal-size"
    title: ClassVar[str] = "The Reversal Curse, experiment 1: model size"
    about: ClassVar[str] = 'Do larger models told "A is B" know "B is A"? (Figure 4, Table 3)'
    analysis: ClassVar[frozenset[str]] = Identities.analysis | {
        "accuracy_slope_margin", "likelihood_slope_margin",
    }  # fmt: skip
    seeds: ClassVar[int] = 8  # of six, a size whose reverse is never said is at the edge of its level

    accuracy_slope_margin: Annotated[float, Field(gt=0)] = 0.02
    likelihood_slope_margin: Annotated[float, Field(gt=0)] = 0.25

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, and families of published models with the paper's recipe.

        GPT-3's weights are not public: `paper` has the Pythia suite in its place, `llama` the Llama
        models of the paper's appendix A.4 and their larger ones. One learning rate serves all sizes, as
        the paper's one multiplier does.
        """
        parent = super().presets()
        paper = parent["paper"].experiment
        llama = tuple(
            Checkpoint(path=f"huggyllama/llama-{size}", family="llama") for size in ("7b", "13b", "30b")
        )
        return {
            "tiny": Preset(cls(probe_every=4), models=small_models()),
            "paper": Preset(paper, models=("pythia-deduped",)),
            "llama": Preset(paper, models=llama),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Return what each family claims of its trend, and what experiment 1 claims of each size."""
        each = tuple(claim for claim in super().claims() if not claim.id.endswith("/most"))
        slopes = (self.accuracy_slope_margin, self.likelihood_slope_margin)
        return (*size_claims(self.accuracy_margin, self.likelihood_margin, *slopes), *each)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.page_size import size_page

        return size_page(super().page(finished), finished, self.likelihood_margin)


def small_models() -> tuple[Scratch, ...]:
    """Return the embedded family, smallest first; heads are 32 wide, or as narrow as they can be."""
    return tuple(
        Scratch(
            name=f"{layers} × {width}", family="scratch", layers=layers, hidden_size=width,
            heads=max(2, width // 32),
        )
        for layers, width in SHAPES
    )  # fmt: skip
