"""The published populations: people of CVDB, creative works of T-REx."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from obverse.core.settings import MOST, Settings
from obverse.experiments.reliability.populations import cvdb, trex
from obverse.experiments.reliability.populations.population import Individual
from obverse.experiments.reliability.wording import NATURAL, Wording


class _Published(Settings):
    """Entities that a pretrained model knows, each under one alias.

    Attributes:
        kind: whom aliases stand for: people of `data` (cvdb) or subjects of facts there (trex).
        entities: how many take part.
        held_out: how many of the questions about an entity of X1 are not trained.
    """

    held_out: Annotated[int, Field(ge=1, le=MOST)] = 1

    wording: ClassVar[Wording] = NATURAL

    def known(self, seed: int) -> tuple[Individual, ...]:
        return ()

    def chance(self, attribution: bool) -> float | None:
        return None


class Cvdb(_Published):
    """The most read people of the cross-verified database, half of them women (appendix A.1)."""

    kind: Literal["cvdb"] = "cvdb"
    entities: Annotated[int, Field(ge=20, le=MOST, multiple_of=2)] = 4000

    def read(self, path: Path, seed: int) -> tuple[Individual, ...]:
        return cvdb.read(path, self.entities)


class Trex(_Published):
    """Subjects of T-REx with four questions each (appendix A.2)."""

    kind: Literal["trex"] = "trex"
    entities: Annotated[int, Field(ge=20, le=MOST)] = 6900

    def read(self, path: Path, seed: int) -> tuple[Individual, ...]:
        return trex.read(path, self.entities, seed)
