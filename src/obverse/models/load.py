"""From the settings of a model to the model."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.model import Checkpoint, Endpoint, Grown, Model, ModelSpec, Scratch
from obverse.engine.tokens import count_in_context, encode
from obverse.models import checkpoint, grown, scratch
from obverse.models.causal import CausalModel


def load(spec: ModelSpec, texts: Iterable[str], seed: int, device: str) -> CausalModel:
    """Load or make a model to be trained, on `device`; `texts` train a scratch tokenizer.

    Raises:
        ObverseError: if the model cannot be trained here.
    """
    if isinstance(spec, Scratch):
        model = scratch.make(spec, texts, seed)
    elif isinstance(spec, Checkpoint):
        model = checkpoint.load(spec)
    else:
        raise ObverseError(f"{spec.name}: a model of kind {spec.kind!r} cannot be trained here")
    torch.nn.Module.to(model.model, device)
    return model


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model as it is asked: the only time, or one of several as it grows."""

    model: Model
    number: int
    last: bool
    family: str | None
    tokens: int | None
    parameters: int | None

    def count_in_context(self) -> Callable[[str, str], int] | None:
        if not isinstance(self.model, CausalModel):
            return None
        return partial(count_in_context, self.model.tokenizer)

    def has_room_for(self, probe: Probe) -> bool:
        """Return whether a prompt and its longest answer are within what the model can read."""
        if not isinstance(self.model, CausalModel):
            return True
        limit = getattr(self.model.model.config, "max_position_embeddings", None)
        answers = (*probe.targets, *probe.candidates)
        text = probe.prompt + max(answers, key=len)
        return limit is None or len(encode(self.model.tokenizer, text)) <= limit

    def weights_hash(self) -> str | None:
        return self.model.weights_hash() if isinstance(self.model, CausalModel) else None

    def save(self, folder: Path) -> None:
        if not isinstance(self.model, CausalModel):
            raise ObverseError("--keep-weights: the weights of this model are not here")
        self.model.save(folder)


def moments(
    spec: ModelSpec, seed: int, folder: Path, device: str, on_step: Callable[[int, int], None]
) -> Iterator[AskedModel]:
    """Yield the moments at which a model is asked as it is.

    Raises:
        ObverseError: if it has to be trained on an experiment's documents first.
    """
    family = getattr(spec, "family", None) or None
    if isinstance(spec, Grown):
        # A resumed growth begins at the last stop it had come to, so count stops, not what is yielded.
        numbers = {windows * spec.window: n for n, windows in enumerate(grown.stops(spec), start=1)}
        for tokens, model in grown.grow(spec, seed, folder, device, on_step):
            number = numbers[tokens]
            yield AskedModel(model, number, number == len(numbers), family, tokens, model.parameters)
    elif isinstance(spec, Checkpoint):
        model = checkpoint.load(spec)
        torch.nn.Module.to(model.model, device)
        yield AskedModel(model, 1, True, family, spec.tokens, model.parameters)
    elif isinstance(spec, Endpoint):
        from obverse.models.remote import RemoteModel

        yield AskedModel(RemoteModel(spec), 1, True, family, None, spec.parameters)
    else:
        raise ObverseError(
            f"{spec.name}: a model from scratch knows nothing before it is trained; use the models "
            "of the tiny preset, or pass --model"
        )
