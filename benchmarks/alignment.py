"""Time gradient alignment of all pairs beside what one would write by hand.

    python benchmarks/alignment.py --threads 1

Inner products of the gradients of n texts with those of n others, over all parameters. Peers: one
backward pass a text whose gradients are kept, then one matrix product (n gradients in memory, twice); and
for each pair both backward passes anew (no gradient is kept; timed on a few pairs and scaled). obverse is
also timed with 64 MiB for what it keeps of both sets, beyond which it passes texts through again. With
bergson installed (`pip install bergson`), its gradient collector on the modules that it reads, linear
ones, beside obverse on those alone. Each measurement has a process of its own, so that its peak of memory
is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedModel,
)
from transformers.pytorch_utils import Conv1D

from obverse.engine.documents import Example
from obverse.engine.gradients.products import products

TOKENS = 4096  # of a batch
PAIRS = 24  # timed where every pair is computed anew
LITTLE = 64 * 2**20  # bytes for what is kept, where memory is to stay flat
# What the embedded studies have, and a published size: layers, width, heads, vocabulary, tokens a text.
SHAPES = {
    "reliability": (2, 64, 4, 700, (3, 5)),
    "reversal": (2, 128, 4, 2700, (18, 33)),
    "pythia-70m": (6, 512, 8, 50304, (18, 33)),
}


def made(shape: str) -> PreTrainedModel:
    layers, width, heads, vocabulary, _ = SHAPES[shape]
    torch.manual_seed(0)
    model: PreTrainedModel
    if shape == "reliability":
        config = GPT2Config(
            vocab_size=vocabulary, n_positions=64, n_embd=width, n_layer=layers, n_head=heads,
            tie_word_embeddings=False, bos_token_id=0, eos_token_id=0,
        )  # fmt: skip
        model = GPT2LMHeadModel(config)
    else:
        shaped = GPTNeoXConfig(
            vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
            num_attention_heads=heads, intermediate_size=4 * width, max_position_embeddings=64,
        )  # fmt: skip
        model = GPTNeoXForCausalLM(shaped)
    model.train(False)
    return model


def texts(shape: str, count: int, seed: int) -> list[Example]:
    _, _, _, vocabulary, (short, long) = SHAPES[shape]
    draw = np.random.default_rng(seed)
    rows = [draw.integers(1, vocabulary, int(draw.integers(short, long))).tolist() for _ in range(count)]
    return [{"input_ids": ids, "labels": list(ids)} for ids in rows]


def gradient(model: PreTrainedModel, text: Example) -> torch.Tensor:
    ids = torch.tensor([text["input_ids"]])
    loss = model(input_ids=ids, labels=ids).loss
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])


def by_obverse(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    return products(model, first, second, pad=0).inner


def in_little(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    return products(model, first, second, pad=0, memory=LITTLE).inner


def kept(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    a, b = (torch.stack([gradient(model, text) for text in some]) for some in (first, second))
    return (a @ b.T).numpy()


def anew(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    """Return the inner products of the first few pairs of the diagonal alone."""
    pairs = list(zip(first, second, strict=True))[:PAIRS]
    return np.array([float(gradient(model, a) @ gradient(model, b)) for a, b in pairs])


def by_bergson(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    """Return the products over linear weights below the head, from gradients that bergson collects."""
    from bergson import CollectorComputer, GradientProcessor, IndexConfig, InMemoryCollector
    from datasets import Dataset

    folder = tempfile.mkdtemp()
    Path(f"{folder}.part").mkdir()  # where it writes what it has seen
    with_gradients = []
    for some in (first, second):
        data = Dataset.from_list([dict(text) for text in some])
        config = IndexConfig(run_path=folder, loss_reduction="mean", projection_dim=0)
        processor = GradientProcessor(projection_dim=None)
        collector = InMemoryCollector(model=model.base_model, cfg=config, processor=processor, data=data)
        size = max(1, TOKENS // max(len(text["input_ids"]) for text in some))
        batches = [list(range(i, min(i + size, len(some)))) for i in range(0, len(some), size)]
        computer = CollectorComputer(
            model=model, data=data, collector=collector, batches=batches, cfg=config
        )
        computer.run_with_collector_hooks()
        with_gradients.append(collector.gradients)
    a, b = with_gradients
    return sum(a[name].float() @ b[name].float().T for name in a).numpy()


def linear_alone(model: PreTrainedModel, first: Sequence[Example], second: Sequence[Example]) -> Any:
    """Return what `by_bergson` does, by obverse."""
    linear = {
        id(module.weight)
        for module in model.base_model.modules()
        if isinstance(module, torch.nn.Linear | Conv1D)
    }
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in linear)
    return by_obverse(model, first, second)


WAYS: dict[str, Callable[..., Any]] = {
    "obverse": by_obverse, "in little": in_little, "kept": kept, "anew": anew, "bergson": by_bergson,
    "linear": linear_alone,
}  # fmt: skip


def measure(shape: str, way: str, n: int) -> dict[str, Any]:
    """Return seconds, peak memory beyond the model's, and a few of the numbers."""
    model = made(shape)
    first, second = texts(shape, n, 1), texts(shape, n, 2)
    WAYS[way](model, first[:1], second[:1])  # what is done once is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = WAYS[way](model, first, second)
    seconds = time.perf_counter() - began
    if way == "anew":
        seconds *= n * n / len(found)
    diagonal = found if way == "anew" else np.diag(found)[:PAIRS]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "seconds": seconds, "mib": peak / 1024, "numbers": diagonal.tolist(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }  # fmt: skip


def apart(shape: str, way: str, n: int, threads: int) -> dict[str, Any] | None:
    """Measure in a process of its own; None if it ran out of memory."""
    command = [sys.executable, __file__, "--one", shape, way, str(n), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES))
    parser.add_argument("--texts", nargs="*", type=int, default=[32, 128, 512, 2048])
    parser.add_argument("--kept-at-most", type=float, default=12.0, help="GiB of kept gradients")
    parser.add_argument("--one", nargs=3, metavar=("SHAPE", "WAY", "N"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.one:
        shape, way, n = given.one
        print(json.dumps(measure(shape, way, int(n))))
        return
    heads = (
        "model,texts,obverse,kept,anew,ratio,memory,kept,within 64 MiB,error,linear alone,bergson"
    ).split(",")
    print(f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}")
    for shape in given.shapes:
        for n in given.texts:
            line(shape, n, given.threads, given.kept_at_most)


def line(shape: str, n: int, threads: int, most: float) -> None:
    ours = apart(shape, "obverse", n, threads)
    assert ours is not None, f"{shape}, {n}: failed"
    fits = 2 * n * ours["parameters"] * 4 / 2**30 <= most
    theirs = apart(shape, "kept", n, threads) if fits else None
    again, little = (apart(shape, way, n, threads) for way in ("anew", "in little"))
    assert again is not None
    linear = apart(shape, "linear", n, threads)
    peer = apart(shape, "bergson", n, threads) if fits else None
    if linear is not None and peer is not None:
        off = np.abs(np.array(linear["numbers"]) - np.array(peer["numbers"])).max()
        assert off < 1e-3 * np.abs(linear["numbers"]).max(), "bergson has other numbers"
    scale = np.abs(again["numbers"]).max()
    error = np.abs(np.array(ours["numbers"]) - np.array(again["numbers"])).max() / scale
    kept_, ratio, memory = "–", "–", "–"
    if theirs is not None:
        kept_, memory = f"{theirs['seconds']:.1f} s", f"{theirs['mib']:,.0f} MiB"
        ratio = f"{theirs['seconds'] / ours['seconds']:.1f}×"
    print(
        f"| {shape}, {ours['parameters'] / 1e6:.2g} M | {n:,} | {ours['seconds']:.2f} s | {kept_} | "
        f"{again['seconds']:,.0f} s | {ratio} | {ours['mib']:,.0f} MiB | {memory} | "
        f"{_time(little)} | {error:.0e} | {_time(linear)} | {_time(peer)} |",
        flush=True,
    )


def _time(found: dict[str, Any] | None) -> str:
    return "–" if found is None else f"{found['seconds']:.2f} s, {found['mib']:,.0f} MiB"


if __name__ == "__main__":
    main()
