"""From the settings of a model to the model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.model import Checkpoint, Endpoint, Grown, Model, ModelSpec, Scratch
from obverse.core.recipe import Stage
from obverse.engine.tokens import count_in_context, encode
from obverse.models import checkpoint, grown, scratch
from obverse.models.local import LocalModel


def load(spec: ModelSpec, stages: Sequence[Stage], seed: int, device: str) -> LocalModel:
    """Load or make a model to be trained on `stages`, on `device`.

    Raises:
        ObverseError: if the model cannot be trained here.
    """
    if isinstance(spec, Scratch):
        told = (d.text for stage in stages for d in stage.documents)
        probes = (p for stage in stages for p in stage.probes)
        asked = (text for p in probes for text in (p.prompt, *p.targets, *p.candidates))
        model: LocalModel = scratch.make(spec, told, seed, asked)
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
        if not isinstance(self.model, LocalModel):
            return None
        return partial(count_in_context, self.model.tokenizer)

    def has_room_for(self, probe: Probe) -> bool:
        """Return whether a prompt and its longest answer are within what the model can read."""
        if not isinstance(self.model, LocalModel):
            return True
        limit = getattr(self.model.model.config, "max_position_embeddings", None)
        answers = (*probe.targets, *probe.candidates)
        text = probe.prompt + max(answers, key=len)
        return limit is None or len(encode(self.model.tokenizer, text)) <= limit

    def weights_hash(self) -> str | None:
        return self.model.weights_hash() if isinstance(self.model, LocalModel) else None

    def save(self, folder: Path) -> None:
        """Keep the weights; a study refuses to where they are a server's."""
        assert isinstance(self.model, LocalModel)
        self.model.save(folder)


def moments(
    spec: ModelSpec, seed: int, folder: Path, device: str, on_step: Callable[[int, int], None]
) -> Iterator[AskedModel]:
    """Yield the moments at which a model is asked as it is; `folder` keeps what a resume goes on from.

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
        loaded = checkpoint.load(spec)
        torch.nn.Module.to(loaded.model, device)
        yield AskedModel(loaded, 1, True, family, spec.tokens, loaded.parameters)
    elif isinstance(spec, Endpoint):
        from obverse.models.answers import Answers
        from obverse.models.remote import RemoteModel

        with closing(Answers(folder / "answers.jsonl")) as answers:
            yield AskedModel(RemoteModel(spec, answers), 1, True, family, None, spec.parameters)
    else:
        raise ObverseError(
            f"{spec.name}: a model from scratch knows nothing before it is trained; use the models "
            "of the tiny preset, or pass --model"
        )
