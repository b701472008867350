"""Small decoders trained on the standard library's sources, and asked as they grow."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from obverse.core.abilities import Capability, Model
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec, Setup
from obverse.core.settings import MOST
from obverse.models.corpus import corpus_hash
from obverse.models.scratch import MOST_TOKENS, refuse_large


class Grown(ModelSpec):
    """A small decoder trained on Python's standard library, and asked as it grows.

    Attributes:
        layers: its depth, what makes a family of these.
        hidden_size: its width; a multiple of `heads`.
        heads: attention heads of a layer.
        vocabulary: tokens of its byte-level BPE, at most.
        tokens: how many it is trained on.
        window: tokens of a row that it is trained on, and the most that it can read.
        batch: windows of an optimizer step.
        learning_rate: the highest, after the warm-up.
        checkpoints: how often it is asked, the last time at the end, halving the tokens each time back.
        repeated: the share of windows in which a segment recurs (without them copying is not learnt
            within a few million tokens).
        corpus: SHA-256 of the text, filled in when the model is resolved: another Python's library is
            another text.
    """

    can: ClassVar[frozenset[Capability]] = frozenset(
        {"scores", "generates", "samples", "saves", "gradients", "hidden"}
    )
    same_for_all_seeds: ClassVar[bool] = False

    name: str = "grown"
    family: str = "grown"
    layers: Annotated[int, Field(ge=1, le=1000)] = 2
    hidden_size: Annotated[int, Field(ge=8, le=65_536)] = 96
    heads: Annotated[int, Field(ge=1, le=1024)] = 4
    vocabulary: Annotated[int, Field(ge=257, le=MOST_TOKENS)] = 1024
    tokens: Annotated[int, Field(ge=1024, le=10**10)] = 1_100_000
    window: Annotated[int, Field(ge=64, le=65_536)] = 128
    batch: Annotated[int, Field(ge=1, le=MOST)] = 8
    learning_rate: Annotated[float, Field(gt=0)] = 0.02
    repeated: Annotated[float, Field(ge=0, le=1)] = 0.6
    checkpoints: Annotated[int, Field(ge=1, le=64)] = 5
    corpus: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        refuse_large(self.hidden_size, self.layers, self.vocabulary)
        if self.hidden_size % self.heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of {self.heads}, which its heads need"
            )
        if self._steps < 2 ** (self.checkpoints - 1):
            raise ValueError(
                f"tokens {self.tokens} are {self._steps} steps, too few for {self.checkpoints} "
                "checkpoints, each at half the tokens of the next"
            )
        return self

    @property
    def _steps(self) -> int:
        return self.tokens // self.window // self.batch

    def stops(self) -> list[int]:
        """Return after how many steps the model is asked: all, a half, a quarter …, in rising order."""
        return [self._steps // 2**back for back in reversed(range(self.checkpoints))]

    def resolve(self) -> Self:
        return self.model_copy(update={"corpus": corpus_hash()})

    def build(self, setup: Setup) -> Model:
        """Make the model as it is before its growth.

        Raises:
            ObverseError: if the standard library is not the one that the model was resolved with.
        """
        if self.corpus not in ("", corpus_hash()):
            raise ObverseError(
                f"{self.name}: the sources of this Python's standard library are not those of the Python "
                "where the run was planned; use the same version in both places"
            )
        from obverse.models.growing import GrowingModel

        return GrowingModel(self, setup.seed, setup.folder).to(setup.device)

    def size(self) -> int:
        # Counted here, since making the model, even without weights, takes seconds of imports: per layer
        # 12 d² of matrices, two norms and a bias for each head and distance; then embeddings, head, norm.
        d = self.hidden_size
        layer = 12 * d**2 + 2 * d + self.heads * self.window
        return self.layers * layer + 2 * self.vocabulary * d + d

    def growth(self) -> tuple[int, int]:
        return self.tokens, len(self.stops())

    def position(self) -> int:
        return self.tokens
