"""Small decoders trained on the standard library's sources, asked as they grow."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from obverse.core.model import Grown
from obverse.core.seeds import derive
from obverse.engine.pretrain import pretrain, windows
from obverse.models.causal import CausalModel
from obverse.models.corpus import corpus_hash, standard_library
from obverse.models.relative import RelativeConfig, RelativeModel
from obverse.models.scratch import train_tokenizer

SEPARATOR = ","


def resolve(spec: Grown) -> Grown:
    """Fill in the hash of the corpus, so that another Python's library is another run."""
    return spec.model_copy(update={"corpus": corpus_hash()})


def parameters(spec: Grown) -> int:
    """Return how many parameters the model has, embeddings included, without making them."""
    with torch.device("meta"):
        model = RelativeModel(_config(spec, spec.vocabulary))
    return sum(p.numel() for p in model.parameters())


def stops(spec: Grown) -> list[int]:
    """Return after how many windows the model is asked: halves, back from the end, on a log scale."""
    count = spec.tokens // spec.window // spec.batch
    return [count // 2**back * spec.batch for back in reversed(range(spec.checkpoints))]


def grow(
    spec: Grown, seed: int, folder: Path, device: str, on_step: Callable[[int, int], None]
) -> Iterator[tuple[int, CausalModel]]:
    """Yield `(tokens seen, model)` at each stop; state under `folder` lets a later call go on."""
    tokenizer, corpus = _tokens(spec.vocabulary)
    marks = stops(spec)
    data = windows(
        corpus, len(tokenizer), np.array(tokenizer(SEPARATOR)["input_ids"]), marks[-1], spec.window,
        derive(seed, "data"), spec.repeated,
    )  # fmt: skip
    torch.manual_seed(derive(seed, "initialisation"))
    model = RelativeModel(_config(spec, len(tokenizer)))
    torch.nn.Module.to(model, device)
    asked = CausalModel(model, tokenizer)
    seen_so_far = pretrain(
        model, data, batch=spec.batch, learning_rate=spec.learning_rate, stops=marks, folder=folder,
        on_step=on_step,
    )  # fmt: skip
    for seen in seen_so_far:
        yield seen * spec.window, asked


def _config(spec: Grown, vocabulary: int) -> RelativeConfig:
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
