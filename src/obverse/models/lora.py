"""Low-rank adapters (LoRA, Hu et al. 2021, arXiv 2106.09685): their settings."""

from typing import Annotated

from pydantic import Field

from obverse.core.settings import Settings

MOST_RANKS = 16_384  # as many as the widest layers have; more is a mistake, and exhausts the memory


class Lora(Settings):
    """Adapters that are trained in place of all weights: W x + (alpha / rank) · B A x, W as it was.

    A is drawn from the run's seed, and B is zero at first, so that the model begins as it is.

    Attributes:
        rank: of B A; 0 trains all weights and has no adapters.
        alpha: what the adapters' part is scaled by, times rank.
        dropout: of what the adapters read, while they are trained.
        targets: the ends of the names of the layers that have adapters ("query_key_value"); none: all
            linear layers but the output layer.
    """

    rank: Annotated[int, Field(ge=0, le=MOST_RANKS)] = 0
    alpha: Annotated[float, Field(gt=0)] = 16.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: tuple[str, ...] = ()
