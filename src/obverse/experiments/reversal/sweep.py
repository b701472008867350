"""Learning rates and batch sizes of experiment 1 (Figures 6 and 7, appendices A.2 and A.4).

The paper finetunes GPT-3-2.7B with learning-rate multipliers of 0.05 to 0.4 and batches of 1 to 16, and
Llama-7b with rates of 1e-6 to 2e-5 and batches of 1 to 16: no combination learns the reverse, whatever it
learns in the same order.

    obverse run reversal-sweep                       # 3 × 3 models made from scratch, three seeds
    obverse run reversal-sweep --preset fig7         # Llama-7b, as in Figure 7
"""

from collections.abc import Mapping
from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Preset
from obverse.experiments.reversal.identities import Identities


class Sweep(Identities):
    """Experiment 1 at several learning rates and batch sizes; claims are about accuracy, in each cell."""

    name: ClassVar[str] = "reversal-sweep"
    title: ClassVar[str] = "The Reversal Curse, experiment 1: learning rate and batch size"
    about: ClassVar[str] = (
        'Is there a learning rate and a batch size with which "A is B" teaches "B is A"? (Figures 6, 7)'
    )
    seeds: ClassVar[int] = 3

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, and the grids of Figures 6 and 7.

        Neither GPT-3's weights nor its learning rates are public: `fig6` has Pythia-2.8B in its place,
        and takes the multiplier of 0.2 for 1e-5, as the preset `paper` of `reversal` does.
        """
        parent = super().presets()
        tiny, paper = (parent[name].experiment for name in ("tiny", "paper"))
        return {
            "tiny": Preset(tiny, parent["tiny"].models, _grid((1e-3, 3e-3, 6e-3), (16, 32, 64))),
            "fig6": Preset(
                paper,
                ("EleutherAI/pythia-2.8b-deduped",),
                _grid((2.5e-6, 5e-6, 1e-5, 2e-5), (1, 2, 4, 8, 16)),
            ),
            "fig7": Preset(paper, ("huggyllama/llama-7b",), _grid((1e-6, 2e-6, 1e-5, 2e-5), (1, 4, 16))),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Return for each subset that the same order is learnt and the reverse is not."""
        return tuple(
            claim
            for claim in super().claims()
            if claim.id.startswith("accuracy/") and not claim.id.endswith("/most")
        )


def _grid(rates: tuple[float, ...], batches: tuple[int, ...]) -> dict[str, tuple[float | int, ...]]:
    return {"recipe.learning_rate": rates, "recipe.batch_size": batches}
