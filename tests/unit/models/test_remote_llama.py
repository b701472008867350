"""The endpoint client against a real server, llama-cpp-python's, over a tiny model made on the spot.

Runs where llama-cpp-python with its server's packages and gguf are installed:
pip install 'llama-cpp-python[server]' gguf
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax
from transformers.convert_slow_tokenizer import bytes_to_unicode

from obverse.models.endpoint import Endpoint
from obverse.models.served import CompletionsModel
from tests.conftest import setup
from tests.unit.models.test_remote import free_port, wait_until_ready

llama_cpp: Any = pytest.importorskip("llama_cpp")
gguf: Any = pytest.importorskip("gguf")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

PROMPTS = ["Daphne is", "The composer of the opera is called"]
OPTIONS = [" Uriah", " the director of the film"]
HIDDEN, LAYERS = 64, 2
NORMAL, CONTROL = 1, 3  # token types


def bpe_vocabulary(writer: Any) -> int:
    """A byte-level vocabulary; " ☃" is a token of a space and half a character, and another."""
    space = bytes_to_unicode()[ord(" ")]
    snow = [bytes_to_unicode()[b] for b in "☃".encode()]
    merges = [("i", "s"), (space, "is"), (space, "t"), ("h", "e"), (space + "t", "he"), ("Y", "o"),
              ("Yo", "r"), ("Yor", "k"), (space, snow[0]), (space + snow[0], snow[1])]  # fmt: skip
    tokens = ["<|endoftext|>", *bytes_to_unicode().values(), *("".join(m) for m in merges)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([CONTROL] + [NORMAL] * (len(tokens) - 1))
    writer.add_token_merges([" ".join(m) for m in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    return len(tokens)


def write_model(path: Path) -> None:
    """Write a llama of random weights, sharper than at initialisation, so that mistakes show."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * HIDDEN)
    writer.add_head_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    size = bpe_vocabulary(writer)
    writer.add_add_bos_token(True)
    rng = np.random.default_rng(0)
    shapes = {"token_embd": (size, HIDDEN), "output": (size, HIDDEN)}
    for i in range(LAYERS):
        shapes |= {f"blk.{i}.attn_{name}": (HIDDEN, HIDDEN) for name in ("q", "k", "v", "output")}
        shapes |= {f"blk.{i}.ffn_{name}": (2 * HIDDEN, HIDDEN) for name in ("gate", "up")}
        shapes |= {f"blk.{i}.ffn_down": (HIDDEN, 2 * HIDDEN)}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(0, 0.3, shape).astype(np.float32))
    for name in ["output_norm", *(f"blk.{i}.{n}_norm" for i in range(LAYERS) for n in ("attn", "ffn"))]:
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """Give the address of a server of the model at `path`."""
    port = free_port()
    command = [
        sys.executable, "-m", "llama_cpp.server", "--model", str(path), "--host", "127.0.0.1",
        "--port", str(port), "--logits_all", "true", "--n_ctx", "256", "--n_threads", "1",
    ]  # fmt: skip
    log = path.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | {})
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/v1/models", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=30)


def text_logprob(model: Any, text: str) -> float:
    """ln P(text), from the library's own evaluation of all its tokens but the first."""
    ids = model.tokenize(text.encode(), add_bos=True)
    model.reset()
    model.eval(ids)
    scores = log_softmax(np.array(model.scores[: len(ids)]), axis=-1)
    return sum(float(scores[i, token]) for i, token in enumerate(ids[1:]))


def test_equals_the_librarys_own_scores(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write_model(path)
    local = llama_cpp.Llama(str(path), logits_all=True, n_ctx=256, verbose=False, n_threads=1)
    with serving(path) as url:
        spec = Endpoint(name="tiny", url=url, key="NO_SUCH_KEY")
        remote = spec.build(setup(folder=tmp_path / "unfinished"))
        assert isinstance(remote, CompletionsModel)
        found = remote.logprobs(PROMPTS, [OPTIONS] * 2)
        remote.close()
    for prompt, values in zip(PROMPTS, found, strict=True):
        whole = [text_logprob(local, prompt + option) for option in OPTIONS]
        assert values == pytest.approx([w - text_logprob(local, prompt) for w in whole], abs=1e-3)
    local.close()
