"""A ConvNet that reads grids: ConvNeXt V2 (Woo et al. 2023), as the paper takes it (appendix E.2)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from obverse.core.abilities import Capability, Model
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec, Setup

Widths = tuple[Annotated[int, Field(ge=4, le=1000)], ...]
Depths = tuple[Annotated[int, Field(ge=1, le=1000)], ...]


class ConvNext(ModelSpec):
    """A ConvNeXt V2 made from scratch, with a head for every cell of the grid.

    Attributes:
        widths, depths: channels and blocks of each of its stages, between which it halves the picture.
        patch: pixels of a side of the squares that it begins with.
        drop_path: stochastic depth.
    """

    can: ClassVar[frozenset[Capability]] = frozenset({"trains", "saves", "reads grids"})
    blank: ClassVar[bool] = True
    same_for_all_seeds: ClassVar[bool] = False

    name: str = "convnext"
    widths: Widths = (48, 96)
    depths: Depths = (1, 1)
    patch: Annotated[int, Field(ge=1, le=100)] = 4
    drop_path: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.widths) != len(self.depths):
            raise ValueError(
                f"widths {self.widths} and depths {self.depths}: expected one of each for every stage"
            )
        return self

    def build(self, setup: Setup) -> Model:
        """Make the network for the grids that the stages tell.

        Raises:
            ObverseError: if they tell none.
        """
        from obverse.experiments.digits.documents import Grid
        from obverse.experiments.digits.training import GridModel

        told = [d for s in setup.stages if s.training is not None for d in s.training.documents]
        grids = [document for document in told if isinstance(document, Grid)]
        if not grids or len(grids) < len(told):
            raise ObverseError(
                f"{self.name}: reads grids of digits alone; expected documents of that kind"
            )
        return GridModel(self, grids[0], setup.seed).to(setup.device)


TINY = ConvNext()
# "Tiny", 28.6 million parameters.
PAPER = ConvNext(name="convnextv2-tiny", widths=(96, 192, 384, 768), depths=(3, 3, 9, 3))
