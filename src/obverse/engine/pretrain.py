"""Training a small decoder on a corpus of tokens in which segments recur."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_model, save_model
from torch.nn import functional
from transformers import PreTrainedModel

Tokens = NDArray[np.int64]


def windows(
    corpus: Tokens, vocabulary: int, separator: Tokens, count: int, length: int, seed: int,
    repeated: float = 0.6,
) -> Tokens:  # fmt: skip
    """Return training windows (count, length).

    A share `repeated` of them begins with a stretch of the corpus and goes on with one segment of 2 to
    24 tokens, over and over to the end. Half of the segments are corpus text, half are random tokens; in
    four of ten windows a separator stands between the copies. To copy is learnt from these windows
    alone.
    """
    draw = np.random.Generator(np.random.PCG64(seed))

    def stretch(size: int) -> Tokens:
        start = int(draw.integers(0, len(corpus) - size))
        return corpus[start : start + size]

    out = np.empty((count, length), dtype=np.int64)
    for row in out:
        if draw.random() >= repeated:
            row[:] = stretch(length)
            continue
        size = int(draw.integers(2, 25))
        segment = stretch(size) if draw.random() < 0.5 else draw.integers(1, vocabulary, size)
        if draw.random() < 0.4:
            segment = np.concatenate([segment, separator])
        prefix = stretch(int(draw.integers(0, length - 2 * len(segment) + 1)))
        copies = math.ceil((length - len(prefix)) / len(segment))
        row[:] = np.concatenate([prefix, *[segment] * copies])[:length]
    return out


def pretrain(
    model: PreTrainedModel,
    data: Tokens,
    *,
    batch: int,
    learning_rate: float,
    stops: list[int],
    folder: Path,
    on_step: Callable[[int, int], None],
) -> Iterator[int]:
    """Train through `data` (windows, length) once, yielding at each of `stops` (steps done).

    Matrices are trained by Muon, the rest by AdamW. At step t of T, both have the learning rate times

        min(1, t / 20, 5 (T − t + 1) / T),

    which rises over 20 steps and falls to almost 0 over the last fifth. State is saved under `folder` at
    each stop, before it is yielded; a later call goes on from there.
    """
    steps = len(data) // batch
    muon, adam = optimizers(model, learning_rate)
    done = _resume(model, (muon, adam), folder)
    if done:
        yield done
    for step in range(done + 1, steps + 1):
        model.train()
        for optimizer in (muon, adam):
            optimizer.zero_grad(set_to_none=True)  # here, since a measure may have left gradients
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * min(1.0, step / 20, 5 * (steps - step + 1) / steps)
        rows = torch.from_numpy(data[(step - 1) * batch : step * batch]).to(model.device)
        logits = model(input_ids=rows).logits[:, :-1]
        loss = functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        loss.backward()
        muon.step()
        adam.step()
        on_step(step, steps)
        if step in stops:
            _save(model, (muon, adam), folder, step)
            yield step


def optimizers(
    model: PreTrainedModel, learning_rate: float
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Return Muon for the matrices of blocks and AdamW for all other parameters."""
    matrices = [
        p
        for name, p in model.named_parameters()
        if "blocks" in name and name.endswith("weight") and p.dim() == 2
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=learning_rate, weight_decay=0.0, momentum=0.95)
    adam = torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group["base"] = learning_rate
    return muon, adam


def _save(
    model: PreTrainedModel, optimizers: tuple[torch.optim.Optimizer, ...], folder: Path, step: int
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "state.partial"
    save_model(model, str(folder / "weights.partial"))
    torch.save({"step": step, "optimizers": [o.state_dict() for o in optimizers]}, temporary)
    (folder / "weights.partial").replace(folder / f"weights-{step}.safetensors")
    temporary.replace(folder / "state.pt")  # last: it names the weights that belong to it


def _resume(model: PreTrainedModel, optimizers: tuple[torch.optim.Optimizer, ...], folder: Path) -> int:
    if not (folder / "state.pt").is_file():
        return 0
    state = torch.load(folder / "state.pt", weights_only=True)
    load_model(model, str(folder / f"weights-{state['step']}.safetensors"))
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"])
