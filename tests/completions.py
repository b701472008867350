"""An OpenAI-compatible server of the tests' own, over a tiny model."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import accumulate
from threading import Lock
from typing import Any

import torch
from local_server import served
from transformers.convert_slow_tokenizer import bytes_to_unicode

from obverse.engine.tokens import encode
from obverse.models.causal import CausalModel


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
        patience: how many requests are answered before all are refused with 400.
        seen: (path, authorization, body) of every request.
    """

    model: CausalModel
    echoes: bool = True
    generates: bool = True
    fragments: str = "bytes"
    start: bool = False
    fails: bool = False
    patience: int | None = None
    seen: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    url: str = ""

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if path == "/v1/chat/completions":
                content = self.say(body["messages"][-1]["content"], body)
                return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
            if self.echoes and body.get("echo"):
                return {"choices": [{"index": 0, **self.echo(body)}]}
            text = self.say(body["prompt"], body)
            return {"choices": [{"index": 0, "text": text, "logprobs": None}]}

    def say(self, prompt: str, body: dict[str, Any]) -> str:
        """Continue a prompt, greedily at temperature 0, and drawn by the seed of the request above it."""
        if not body["temperature"]:
            return self.model.generate([prompt], [body["max_tokens"]])[0]
        [[said]] = self.model.sample(
            [prompt], [body["max_tokens"]], samples=1, temperature=body["temperature"], seed=body["seed"]
        )
        return said

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


@contextmanager
def serving(model: CausalModel) -> Iterator[Completions]:
    """Answer requests at the `url` of what is yielded."""
    state = Completions(model)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.seen.append((self.path, self.headers.get("Authorization", ""), body))
                refused = state.patience is not None and len(state.seen) > state.patience
            answer = {} if refused else state.answer(self.path, body)
            if state.fails:
                answer = {"error": {"message": f"no luck with {self.headers['Authorization']}"}}
            content = json.dumps(answer).encode()
            self.send_response(500 if state.fails else 400 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with served(Handler) as state.url:
        yield state
