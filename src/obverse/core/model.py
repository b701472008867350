"""The Model contract: what a model can do, and the settings that say which model is meant."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

from obverse.core.bill import Bill
from obverse.core.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from obverse.core.data import Document
    from obverse.core.gradients import Products
    from obverse.core.stage import Stage, Timetable, Training

# What a model can do: "scores", "generates", "samples", "trains", "saves", "gradients" or "hidden", each
# a protocol below; or what a measure from elsewhere asks for.
Capability = str


class Model(Protocol):
    """What is trained or asked. What else it can do is told by the protocols that it fulfils.

    Batching never changes an answer beyond floating-point rounding.
    """

    @property
    def parameters(self) -> int | None:
        """The number of parameters, embeddings included; None where nobody knows."""
        ...


@runtime_checkable
class Scores(Protocol):
    """A model that gives log-probabilities."""

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), summed over tokens, for each prompt's continuations."""
        ...


@runtime_checkable
class Generates(Protocol):
    """A model that answers."""

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        """Return the greedy (temperature 0) continuation of each prompt, up to its end of text."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out, or an upper bound."""
        ...


@runtime_checkable
class Samples(Protocol):
    """A model whose answers can be drawn ("samples")."""

    def sample(
        self,
        prompts: Sequence[str],
        max_new_tokens: Sequence[int],
        *,
        samples: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[str]]:
        """Return so many continuations of each prompt, each token drawn at `temperature`.

        Every continuation is drawn from a seed of its own, made of `seed`, the prompt and its number, so
        that it is the same whatever else is asked.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How the greedy answer to a prompt begins.

    Attributes:
        text: its first tokens.
        ended: whether they are the whole answer.
        tie: whether two tokens were equally likely on the way, within rounding, so that `generate` could
            take the other one.
    """

    text: str
    ended: bool
    tie: bool


@runtime_checkable
class Foresees(Protocol):
    """A model whose scores tell how its answers begin, so that few have to be generated."""

    def logprobs_and_beginnings(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        max_new_tokens: Sequence[int],
        closed: Sequence[int],
    ) -> tuple[list[list[float]], list[Beginning | None]]:
        """Return what `logprobs` does, and how what `generate` would give begins, where that is seen.

        An answer is followed as far as it agrees with one of the prompt's continuations, and one token
        beyond; whether it ends with one of them is seen for the first `closed`.
        """
        ...


@runtime_checkable
class Saves(Protocol):
    """A model whose weights are here, to be kept."""

    def weights_hash(self) -> str:
        """Return the SHA-256 of all weights."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model to `folder` so that it can be loaded again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a model is in its training: optimizer steps and tokens of this stage so far."""

    step: int
    epoch: int
    tokens: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is wanted of a training while it goes on.

    Attributes:
        stops: tells after which steps (0: before the first) the model is to be measured, once the
            timetable is known.
        at: called at each stop, with the model ready to be asked, and before a checkpoint is written,
            so that what a resumed training passes over has been measured.
        on_step: called as `on_step(done, total)` after every optimizer step.
        on_loss: called now and then as `on_loss(step, loss)`, nats a token.
        checkpoint_every: epochs between checkpoints to resume from; None: about every half minute.
    """

    stops: Callable[["Timetable"], Iterable[int]]
    at: Callable[[Point], None]
    on_step: Callable[[int, int], None]
    on_loss: Callable[[int, float], None]
    checkpoint_every: int | None = None


@runtime_checkable
class Trains(Protocol):
    """A model that can be trained, here (then it fulfils `Saves` as well) or by a server."""

    def train(self, training: "Training", *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        """Train in place, resuming from a checkpoint under `folder`.

        `seed` decides the order of the documents and all else that is drawn.

        Returns:
            Facts for the record: `steps`, `tokens` (padding left out), and what else the model knows.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write to `folder` what `restore` needs: the weights, or which model of a server's it is."""
        ...

    def restore(self, folder: Path) -> None:
        """Become the model that `save` wrote to `folder`."""
        ...


@runtime_checkable
class Grows(Protocol):
    """A model that is trained by itself before it is asked, and can be asked as it grows."""

    def grow(self, on_step: Callable[[int, int], None]) -> Iterator[Point]:
        """Yield each moment of its growth, the model ready to be asked.

        A growth that was interrupted goes on from the last moment that it had come to, which is
        yielded again.
        """
        ...


@runtime_checkable
class GivesGradients(Protocol):
    """A model that compares the gradients of its loss ("gradients")."""

    def gradient_products(
        self,
        first: Sequence["Document"],
        second: Sequence["Document"],
        *,
        loss_on: str,
        preconditioned: bool = False,
        projections: int | None = None,
        seed: int = 0,
    ) -> "Products | None":
        """Return the inner products of the gradients of all pairs of texts, over all trained parameters.

        Each gradient is that of the mean over a text's tokens of −ln P(token), on the whole document or
        on its completion. With `preconditioned`, products are those under the optimizer's metric, which
        an update follows; None where there is no optimizer, or one without any. With `projections`,
        products are unbiased estimates from so many random projections, drawn from `seed`.
        """
        ...


@runtime_checkable
class GivesHiddenStates(Protocol):
    """A model that shows what it computes at each layer and token ("hidden")."""

    def hidden_states(self, texts: Sequence[str]) -> "Sequence[NDArray[np.float32]]":
        """Return the residual stream of each text, (layers + 1, tokens, width); layer 0 is embeddings."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A model that holds something open."""

    def close(self) -> None: ...


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
