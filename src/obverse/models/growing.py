"""The growth of a small decoder, from its random weights on."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from obverse.core.abilities import Point
from obverse.core.seeds import derive
from obverse.engine.pretrain import pretrain, windows
from obverse.models.causal import CausalModel
from obverse.models.corpus import standard_library
from obverse.models.relative import RelativeConfig, RelativeModel
from obverse.models.tokenizers import train_tokenizer

if TYPE_CHECKING:
    from obverse.models.grown import Grown

SEPARATOR = ","


class GrowingModel(CausalModel):
    """A decoder that is trained on the standard library by itself (fulfils `Grows`).

    Its state is kept under `folder` at each moment of its growth.
    """

    def __init__(self, spec: "Grown", seed: int, folder: Path) -> None:
        tokenizer, self._corpus = _tokens(spec.vocabulary)
        torch.manual_seed(derive(seed, "initialisation"))
        super().__init__(RelativeModel(_config(spec, len(tokenizer))), tokenizer)
        self._spec, self._seed, self._folder = spec, seed, folder

    def grow(self, on_step: Callable[[int, int], None]) -> Iterator[Point]:
        """Yield each moment of the growth, the model ready to be asked.

        A growth that was interrupted goes on from the last moment that it had come to, which is yielded
        again.
        """
        spec, stops = self._spec, self._spec.stops()
        data = windows(
            self._corpus,
            len(self.tokenizer),
            np.array(self.tokenizer(SEPARATOR)["input_ids"]),
            stops[-1] * spec.batch,
            spec.window,
            derive(self._seed, "data"),
            spec.repeated,
        )
        steps = pretrain(
            self.model,
            data,
            batch=spec.batch,
            learning_rate=spec.learning_rate,
            stops=stops,
            folder=self._folder,
            on_step=on_step,
        )
        for step in steps:
            tokens = step * spec.batch * spec.window
            yield Point(step=step, epoch=0, tokens=tokens, last=step == stops[-1])


def _config(spec: "Grown", vocabulary: int) -> RelativeConfig:
    return RelativeConfig(
        vocab_size=vocabulary,
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        distances=spec.window,
    )


@lru_cache(maxsize=1)
def _tokens(vocabulary: int) -> tuple[PreTrainedTokenizerFast, NDArray[np.int64]]:
    text = standard_library()
    tokenizer = train_tokenizer([text], vocabulary)
    return tokenizer, np.array(tokenizer(text, verbose=False)["input_ids"], dtype=np.int64)
