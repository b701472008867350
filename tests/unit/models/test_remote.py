"""The endpoint client, asked against servers that truly speak the protocol.

`Completions` is a server of the tests' own over a tiny model; the last test asks `transformers serve`,
which runs where its packages (fastapi, uvicorn) are installed.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers.convert_slow_tokenizer import bytes_to_unicode

from obverse.core.errors import ObverseError
from obverse.core.model import Endpoint
from obverse.engine.tokens import encode
from obverse.models import remote, scratch
from obverse.models.causal import CausalModel
from obverse.models.remote import RemoteModel, read_echo
from tests.conftest import TINY_MODEL

KEY = "sk-never-to-be-seen"


@dataclass
class Completions:
    """An OpenAI-compatible server over `model`, with the habits of several real ones.

    Attributes:
        echoes: whether the prompt and log-probabilities are given.
        generates: whether a token is generated after the echo (some servers stop at once).
        fragments: how a part of a character is shown: "bytes" (OpenAI), "offsets" (U+FFFD, with right
            text_offset) or "lengths" (U+FFFD, text_offset adding up the lengths of what is shown).
        start: whether a start token stands first.
        fails: answer everything with 500, repeating the key.
        seen: (path, authorization, body) of every request.
    """

    model: CausalModel
    echoes: bool = True
    generates: bool = True
    fragments: str = "bytes"
    start: bool = False
    fails: bool = False
    seen: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    url: str = ""

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if path == "/v1/chat/completions":
                content = self.model.generate([body["messages"][-1]["content"]], [body["max_tokens"]])[0]
                return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
            if self.echoes and body.get("echo"):
                return {"choices": [{"index": 0, **self.echo(body)}]}
            text = self.model.generate([body["prompt"]], [body["max_tokens"]])[0]
            return {"choices": [{"index": 0, "text": text, "logprobs": None}]}

    def echo(self, body: dict[str, Any]) -> dict[str, Any]:
        tokenizer = self.model.tokenizer
        ids = encode(tokenizer, body["prompt"])
        if self.start:
            ids = [tokenizer.eos_token_id, *ids]
        with torch.no_grad():
            values = self.model.model(torch.tensor([ids])).logits[0].log_softmax(-1)
            if self.generates:
                for _ in range(body["max_tokens"]):
                    ids.append(int(values[-1].argmax()))
                    values = self.model.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        shown = [self.show(i) for i in ids]
        text = body["prompt"] + tokenizer.decode(ids[len(encode(tokenizer, body["prompt"])) :])
        if self.start:
            text = tokenizer.decode(ids)
        if self.fragments == "lengths":
            offsets = list(accumulate(map(len, shown), initial=0))[:-1]
        else:
            before = [str(tokenizer.decode(ids[:i])).rstrip("\ufffd") for i in range(len(ids))]
            offsets = [len(b) for b in before]
        chosen = [float(values[i, token]) for i, token in enumerate(ids[1:])]
        best = [{self.show(int(row.argmax())): float(row.max())} for row in values[: len(chosen)]]
        return {
            "text": text,
            "logprobs": {
                "tokens": shown, "token_logprobs": [None, *chosen], "text_offset": offsets,
                "top_logprobs": [None, *best],
            },
        }  # fmt: skip

    def show(self, token: int) -> str:
        text = str(self.model.tokenizer.decode([token]))
        if "\ufffd" not in text or self.fragments != "bytes":
            return text
        back = {letter: byte for byte, letter in bytes_to_unicode().items()}
        letters = self.model.tokenizer.convert_ids_to_tokens(token)
        return "bytes:" + "".join(f"\\x{back[letter]:02x}" for letter in letters)


@pytest.fixture
def server(model: CausalModel) -> Iterator[Completions]:
    state = Completions(model)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.seen.append((self.path, self.headers.get("Authorization", ""), body))
            answer = state.answer(self.path, body)
            if state.fails:
                answer = {"error": {"message": f"no luck with {self.headers['Authorization']}"}}
            content = json.dumps(answer).encode()
            self.send_response(500 if state.fails else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/v1"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def client(server: Completions, **settings: Any) -> RemoteModel:
    return RemoteModel(Endpoint(name="tiny", url=server.url, **settings))


PROMPTS = ["Daphne is", "The composer of the opera is called", "New York and", "é ☃"]
OPTIONS = [" Uriah", " the director of the film", ".", " ☃ é"]


@pytest.mark.parametrize("generates", [True, False])
@pytest.mark.parametrize("start", [True, False])
@pytest.mark.parametrize("fragments", ["bytes", "offsets"])
def test_scores_equal_the_local_model(
    server: Completions, generates: bool, start: bool, fragments: str
) -> None:
    server.generates, server.start, server.fragments = generates, start, fragments
    prompts = PROMPTS
    if start:  # the local tokenizer has no start token; give the same context by hand
        prompts = ["<|endoftext|>" + p for p in PROMPTS]
    local = server.model.logprobs(prompts, [OPTIONS] * 4)
    found = client(server).logprobs(PROMPTS, [OPTIONS] * 4)
    for there, here in zip(found, local, strict=True):
        assert there == pytest.approx(here, abs=1e-4)


def test_token_that_merges_across_the_boundary(server: Completions) -> None:
    prompt, option = "in New Yor", "kers"
    tokenizer = server.model.tokenizer
    ids = encode(tokenizer, prompt)
    assert encode(tokenizer, prompt + option)[: len(ids)] != ids, "the test needs tokens that merge"
    assert client(server).logprobs([prompt], [[option, " of"]])[0] == pytest.approx(
        server.model.logprobs([prompt], [[option, " of"]])[0], abs=1e-4
    )


@pytest.mark.parametrize("fragments", ["bytes", "offsets"])
def test_token_of_a_space_and_half_a_character(server: Completions, fragments: str) -> None:
    """Its second half starts where the continuation does, and yet the token crosses the boundary."""
    spec = TINY_MODEL.model_copy(update={"vocabulary": 257 + 2})
    made = scratch.make(spec, [" ☃ ☂ ☀ ☁" * 9], seed=0)
    assert isinstance(made, CausalModel)
    server.model, server.fragments = made, fragments
    tokens = server.model.tokenizer.convert_ids_to_tokens(encode(server.model.tokenizer, "is ☃"))
    assert len(tokens) == 4, f"the test needs the bytes of ' ☃' merged in part, not {tokens}"
    (there,) = client(server).logprobs(["is "], [["☃", "☂ so"]])
    (here,) = server.model.logprobs(["is "], [["☃", "☂ so"]])
    assert there == pytest.approx(here, abs=1e-4)


@pytest.mark.parametrize("generates", [True, False])
def test_lengths_that_do_not_add_up_are_refused(server: Completions, generates: bool) -> None:
    server.fragments, server.generates = "lengths", generates
    assert client(server).logprobs(["Daphne is"], [[" the"]])  # nothing wrong with whole characters
    for prompt, option in (("é ☃ is", " the"), ("Daphne", " ☃"), ("☃", "☃")):
        with pytest.raises(ObverseError, match="do not add up to the text"):
            client(server).logprobs([prompt], [[option]])


def test_answers_equal_the_local_model(server: Completions) -> None:
    limits = [3, 7, 5, 6]
    local = server.model.generate(PROMPTS, limits)
    assert client(server).generate(PROMPTS, limits) == local
    assert client(server, api="chat").generate(PROMPTS, limits) == local
    assert {path for path, _, _ in server.seen} == {"/v1/completions", "/v1/chat/completions"}


def test_first_token_of_a_text_has_no_score(server: Completions) -> None:
    with pytest.raises(ObverseError, match="a prompt has to come before"):
        client(server).logprobs([""], [["Daphne is"]])
    with pytest.raises(ObverseError, match="a prompt has to come before"):
        client(server).logprobs(["N"], [["ew York"]])  # "New" is one token
    with pytest.raises(ValueError, match="empty continuation"):
        client(server).logprobs(["Daphne"], [[""]])


def test_server_without_echo_is_told_what_to_do(server: Completions) -> None:
    server.echoes = False
    with pytest.raises(ObverseError, match=r"does not echo .* serve the model with .* #chat") as caught:
        client(server).logprobs(["Daphne is"], [[" the"]])
    assert server.url in str(caught.value)


def test_address_that_is_no_such_server(server: Completions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "answer", lambda path, body: {"hello": "world"})
    with pytest.raises(ObverseError, match="usually ends in /v1"):
        client(server).logprobs(["Daphne is"], [[" the"]])


def test_failing_server_is_named_and_the_key_is_not(
    server: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(remote, "RETRIES", 1)
    server.fails = True
    with pytest.raises(ObverseError, match=r"no luck with Bearer \*\*\*") as caught:
        client(server).logprobs(["Daphne is"], [[" the"]])
    assert len(server.seen) == 2, "a passing failure is tried again"
    assert server.url in str(caught.value)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_refused_connection_is_named_and_the_key_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(remote, "RETRIES", 0)
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(ObverseError) as caught:
        RemoteModel(Endpoint(name="tiny", url=url)).generate(["Daphne is"], [3])
    assert url in str(caught.value)
    assert KEY not in repr(caught.value)


def test_key_comes_from_the_variable_that_is_named(
    server: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("MY_KEY", KEY)
    client(server, key="MY_KEY").generate(["Daphne is"], [3])
    assert server.seen[0][1] == f"Bearer {KEY}"
    monkeypatch.delenv("MY_KEY")
    client(server, key="MY_KEY").generate(["Daphne is"], [3])  # local servers want none
    assert server.seen[1][1] == "Bearer none"


def test_bound_on_tokens_holds_for_every_text(server: Completions) -> None:
    texts = ["Daphne", "☃☃☃", "日本語"]
    bounds = client(server).count_tokens(texts)
    assert all(b >= n for b, n in zip(bounds, server.model.count_tokens(texts), strict=True))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


TEMPLATE = "{% for m in messages %}The {{ m['role'] }}: {{ m['content'] }}\n{% endfor %}The composer:"


@pytest.fixture
def chat_checkpoint(checkpoint: Path) -> Path:
    """The checkpoint with a chat template."""
    (checkpoint / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    return checkpoint


@pytest.fixture
def served(chat_checkpoint: Path, tmp_path: Path) -> Iterator[str]:
    """The address of `transformers serve` with the checkpoint."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    port = free_port()
    command = [
        sys.executable, "-m", "transformers.cli.transformers", "serve", str(chat_checkpoint),
        "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32",
    ]  # fmt: skip
    log = tmp_path / "serve.log"
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(f"not ready in two minutes: {log.read_text()}")


def test_answers_of_transformers_serve(model: CausalModel, chat_checkpoint: Path, served: str) -> None:
    questions, limits = PROMPTS[:3], [3, 7, 5]
    asked = RemoteModel(Endpoint(name=str(chat_checkpoint), url=served, api="chat"))
    answers = asked.generate(questions, limits)
    turns = [
        str(
            model.tokenizer.apply_chat_template(
                [{"role": "user", "content": q}], chat_template=TEMPLATE, tokenize=False
            )
        )
        for q in questions
    ]
    assert answers == model.generate(turns, limits)
    assert len(set(answers)) > 1
    completions = RemoteModel(Endpoint(name=str(chat_checkpoint), url=served))
    with pytest.raises(ObverseError, match="does not echo"):
        completions.logprobs(["Daphne is"], [[" the"]])


def test_values_of_the_wrong_position_are_refused() -> None:
    """As llama-cpp-python gives for models without a start token: one written, none listed for it."""
    logprobs = SimpleNamespace(
        tokens=["New", " York"], token_logprobs=[-8.7, -7.5], text_offset=[0, 3], top_logprobs=None
    )
    choice = SimpleNamespace(logprobs=logprobs, text="New York of", finish_reason="length")
    with pytest.raises(ObverseError, match="wrong position"):
        read_echo(choice, "New York", "http://here", written=1)
