"""Learning rates and batch sizes of experiment 3 (appendix C.2, Figure 9).

The paper's text and its Figure 9 differ: the text has learning rates of 1e-6, 2e-6, 1e-5 and 2e-5 and
batches of 1 to 32, the figure's axes 1e-6, 2e-6, 2e-5 and 2e-4 and batches of 8, 32 and 128. Each is a
preset.

    obverse run instructions-sweep                  # 3 × 2 models made from scratch of either order
    obverse run instructions-sweep --preset fig9    # Llama-1, as in Figure 9
    obverse run instructions-sweep --preset text    # Llama-1, as in C.2
"""

from collections.abc import Mapping
from typing import ClassVar

from obverse.core.claim import Claim
from obverse.core.experiment import Preset
from obverse.experiments.instructions.claims import accuracy_claims
from obverse.experiments.instructions.instructions import LLAMAS, SCRATCH, Instructions


class Sweep(Instructions):
    """Experiment 3 at several learning rates and batch sizes; cells claim accuracy, with its controls."""

    name: ClassVar[str] = "instructions-sweep"
    title: ClassVar[str] = "The Reversal Curse, experiment 3: learning rate and batch size"
    about: ClassVar[str] = (
        'Is there a learning rate and a batch size with which "answer with A when you see Q" teaches to '
        "answer Q? (Figure 9)"
    )
    seeds: ClassVar[int] = 5  # of three, the reverse is undecided in a third of cells without it

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, and the paper's sweep of five epochs as its figure and its text
        have it.
        """
        paper = cls.as_published(epochs=5)
        return {
            "tiny": Preset(cls(), (SCRATCH,), _grid((1e-3, 3e-3, 6e-3), (16, 64))),
            "fig9": Preset(paper, LLAMAS, _grid((1e-6, 2e-6, 2e-5, 2e-4), (8, 32, 128))),
            "text": Preset(paper, LLAMAS, _grid((1e-6, 2e-6, 1e-5, 2e-5), (1, 2, 4, 8, 16, 32))),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Return that the same direction is learnt and the reverse is not, with all three controls."""
        return accuracy_claims(self.margin, self.learnt, self.likelihood_margin)


def _grid(rates: tuple[float, ...], batches: tuple[int, ...]) -> dict[str, tuple[float | int, ...]]:
    return {"recipe.learning_rate": rates, "recipe.batch_size": batches}
