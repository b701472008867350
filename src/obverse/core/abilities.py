"""What a model can do: a small protocol for each ability, and what is said while it is trained."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from obverse.core.data import Document
    from obverse.core.gradients import Products
    from obverse.core.stage import Timetable, Training

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
