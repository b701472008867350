"""The settings that say which model is meant, and what it is built for."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from obverse.core.abilities import Capability, Model
from obverse.core.bill import Bill
from obverse.core.settings import Settings

if TYPE_CHECKING:
    from obverse.core.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a model is made for.

    Attributes:
        stages: what it will be told and asked, for tokenizers that are made from that.
        seed: of the run; initial weights are drawn from it.
        device: "cpu" or "cuda".
        folder: where it may keep what an interrupted run goes on from.
        shared: where all runs of the study may keep what they count together; None: `folder`.
    """

    stages: Sequence["Stage"]
    seed: int
    device: str
    folder: Path
    shared: Path | None = None

    def told(self) -> Iterator[str]:
        """Yield every text that the model will be trained on."""
        for stage in self.stages:
            if stage.training is not None:
                yield from (document.text for document in stage.training.documents)

    def asked(self) -> Iterator[str]:
        """Yield every text that measures will show it."""
        for stage in self.stages:
            for measure, _ in stage.measures:
                yield from measure.texts()


class ModelSpec(Settings, ABC):
    """Settings that identify a model, and build it. A user's own kind of model is a subclass.

    Attributes:
        name: what the study calls it.
        family: what it has in common with the other models of a scaling trend.
    """

    name: str
    family: str = ""

    # What models of this kind can do.
    can: ClassVar[frozenset[Capability]] = frozenset()
    version: ClassVar[int] = 1
    # Whether it knows nothing before it is trained, so that there is nothing to ask it as it is.
    blank: ClassVar[bool] = False
    # Whether there is one such model whatever the seed, so that it is run once if nothing is trained.
    same_for_all_seeds: ClassVar[bool] = True
    # Whether its settings are the user's to change by `model.KEY`; of models that are not, those are
    # which are named in `settable`.
    made_here: ClassVar[bool] = True
    settable: ClassVar[frozenset[str]] = frozenset()
    # Whether it is computed on machines of the user's.
    on_ours: ClassVar[bool] = True
    # Whether it can be asked between the start and the end of a training.
    asked_along: ClassVar[bool] = True
    # The settings of a recipe that its training heeds; None: all.
    heeds: ClassVar[frozenset[str] | None] = None

    @abstractmethod
    def build(self, setup: Setup) -> Model:
        """Make or load the model.

        Raises:
            ObverseError: if it cannot be had.
        """

    def resolve(self) -> Self:
        """Return a copy with what only this machine knows (a hash of the weights, their number).

        Raises:
            CannotLoadError: if the model is there and cannot be loaded.
        """
        return self

    def identity(self) -> object:
        """Return what tells this model from others; its name and family do not."""
        return {
            key: getattr(self, key) for key in type(self).model_fields if key not in ("name", "family")
        }

    def abilities(self) -> frozenset[Capability]:
        """Return what the model can do; for kinds of which that depends on the settings."""
        return self.can

    def lacks(self, needed: frozenset[Capability]) -> str | None:
        """Return why the model cannot do what is needed of it, or None if it can."""
        missing = sorted(needed - self.abilities())
        if not missing:
            return None
        verbs = {"scores": "give log-probabilities", "generates": "answer", "samples": "be sampled",
                 "trains": "be trained", "saves": "have its weights kept", "gradients": "give gradients",
                 "hidden": "give hidden states"}  # fmt: skip
        what = " or ".join(verbs.get(name, f"do what a measure needs ({name})") for name in missing)
        return f"a model of this kind ({type(self).__name__}) cannot {what}"

    def refuses(self, stages: Sequence["Stage"]) -> str | None:
        """Return why the model cannot be trained as the stages say, or None if it can."""
        return None

    def splits(self) -> bool:
        """Return whether several processes can hold the model together, a share each (docs/scale.md)."""
        return False

    def takes(self, key: str) -> bool:
        """Return whether a setting (`lora.rank`) is the user's to change by `model.KEY`."""
        return self.made_here or key.partition(".")[0] in self.settable

    def size(self) -> int | None:
        """Return the number of parameters if it is known before the model is made."""
        return None

    def adapters(self) -> int | None:
        """Return how many parameters are trained in place of all; 0: all are; None: nobody knows."""
        return 0

    def memory(self, parameters: int, trained: int) -> int:
        """Return the bytes of weights, gradients and optimizer, of so many parameters.

        `trained` are those of a parameter that is trained, 0 if none is.
        """
        return parameters * (trained or 4)

    def bill(
        self, stages: Sequence["Stage"], asked: int = 0, answered: int = 0, requests: int = 0
    ) -> Bill | None:
        """Return what a run is charged by whoever trains or asks its model; None: nobody asks for money.

        `asked` are the bytes of all that is asked in so many `requests`, `answered` the tokens that
        answers have at most.
        """
        return None

    def seen(self) -> int | None:
        """Return the training tokens that the model has seen, where that is known."""
        return None

    def growth(self) -> tuple[int, int] | None:
        """Return on how many tokens it is trained by itself, and at how many moments it can be asked.

        None if it does not grow.
        """
        return None

    def at_hand(self) -> bool:
        """Return whether it can be built here without asking anybody for it."""
        return True

    def position(self) -> int | str | None:
        """Return which moment of a model's training this is, where there are several."""
        return self.seen()

    def longer_name(self) -> str:
        """Return a name that tells the model from another that is called alike."""
        return self.name
