"""A server of the tests' own that speaks OpenAI's fine-tuning API, with the faults of real ones.

A finetuned model of it knows its training file by heart; the model to begin with knows nothing.
"""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local_server import served

BASE = "base-model"


@dataclass
class Finetuning:
    """What the server has, and how it misbehaves.

    Attributes:
        looks: how often a job is looked at before it is over.
        faults: of requests, by "METHOD path"; each is taken once: a status, ("drop", when) for a lost
            connection, before or after the request is carried out, or ("slow", "after").
        retry_after: the header that goes with a 429.
        outcome: what becomes of jobs.
        older: refuse `method` and `metadata`, as servers of the older API do.
        lists: whether files and jobs can be listed.
        checkpoints: of how many last epochs the models are kept.
        absent: how often a new model is not found.
        scores: whether completions give an echo with log-probabilities.
        requests: "METHOD path" of every request.
    """

    looks: int = 2
    faults: dict[str, list[Any]] = field(default_factory=dict)
    retry_after: str = "0"
    outcome: str = "succeeded"
    older: bool = False
    lists: bool = True
    checkpoints: int = 0
    absent: int = 0
    scores: bool = True
    url: str = ""
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, str]] = field(default_factory=lambda: {BASE: {}})
    lock: RLock = field(default_factory=RLock)

    def count(self, request: str) -> int:
        return self.requests.count(request)

    def answer(self, method: str, path: str, query: dict[str, Any], body: Any) -> tuple[int, Any]:
        known: tuple[tuple[str, Callable[..., tuple[int, Any]]], ...] = (
            (r"POST /v1/files", self.upload),
            (r"GET /v1/files", self.list_files),
            (r"POST /v1/fine_tuning/jobs", self.create),
            (r"GET /v1/fine_tuning/jobs", self.list_jobs),
            (r"GET /v1/fine_tuning/jobs/([^/]+)", self.look),
            (r"POST /v1/fine_tuning/jobs/([^/]+)/cancel", self.cancel),
            (r"GET /v1/fine_tuning/jobs/([^/]+)/events", self.events),
            (r"GET /v1/fine_tuning/jobs/([^/]+)/checkpoints", self.kept),
            (r"POST /v1/chat/completions", self.chat),
            (r"POST /v1/completions", self.complete),
        )
        for pattern, act in known:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                with self.lock:
                    return act(*found.groups(), body=body, query=query)
        return error(404, f"no {method} {path}")

    # Files --------------------------------------------------------------------------------------------

    def upload(self, body: tuple[str, bytes], query: Any) -> tuple[int, Any]:
        id = f"file-{len(self.files) + 1}"
        self.files[id] = body
        return 200, self.file(id)

    def file(self, id: str) -> dict[str, Any]:
        name, content = self.files[id]
        return {
            "id": id, "object": "file", "bytes": len(content), "created_at": 1, "filename": name,
            "purpose": "fine-tune", "status": "processed",
        }  # fmt: skip

    def list_files(self, body: Any, query: Any) -> tuple[int, Any]:
        if not self.lists:
            return error(404, "files are not listed here")
        return 200, self.page([self.file(id) for id in reversed(self.files)], query, 2)

    def page(self, rows: list[Any], query: dict[str, Any], size: int) -> dict[str, Any]:
        """A page of `size`, so that clients have to ask for the next."""
        ids = [row["id"] for row in rows]
        start = ids.index(query["after"][0]) + 1 if "after" in query else 0
        return {
            "object": "list",
            "data": rows[start : start + size],
            "has_more": start + size < len(rows),
        }

    # Jobs ---------------------------------------------------------------------------------------------

    def create(self, body: dict[str, Any], query: Any) -> tuple[int, Any]:
        if self.older and ("method" in body or "metadata" in body):
            return error(400, "unknown parameter: method")
        method = body.get("method", {}).get("supervised", body)
        id = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[id] = {
            "id": id, "object": "fine_tuning.job", "created_at": 1, "model": body["model"],
            "organization_id": "o", "result_files": [], "seed": body["seed"],
            "training_file": body["training_file"], "hyperparameters": method["hyperparameters"],
            "status": "validating_files", "fine_tuned_model": None, "trained_tokens": None,
            "metadata": body.get("metadata"), "suffix": body.get("suffix", ""), "looks": 0,
        }  # fmt: skip
        return 200, self.jobs[id]

    def list_jobs(self, body: Any, query: Any) -> tuple[int, Any]:
        if not self.lists:
            return error(404, "jobs are not listed here")
        return 200, self.page(list(reversed(self.jobs.values())), query, 2)

    def look(self, id: str, body: Any, query: Any) -> tuple[int, Any]:
        job = self.jobs[id]
        if job["status"] in ("succeeded", "failed", "cancelled"):
            return 200, job
        job["looks"] += 1
        job["status"] = "running"
        if job["looks"] >= self.looks:
            job["status"] = self.outcome
            if self.outcome == "succeeded":
                self.finish(job)
            elif self.outcome == "failed":
                job["error"] = {"code": "bad", "message": "the training file is odd", "param": None}
        return 200, job

    def finish(self, job: dict[str, Any]) -> None:
        content = self.files[job["training_file"]][1]
        known = dict(self.models[job["model"]]) | dict(map(learnt, content.decode().splitlines()))
        job["fine_tuned_model"] = f"ft:{job['model']}:{job['suffix']}:{job['id']}"
        job["trained_tokens"] = len(content) // 4 * job["hyperparameters"]["n_epochs"]
        self.models[job["fine_tuned_model"]] = known
        for back in range(self.checkpoints):
            self.models[f"{job['fine_tuned_model']}:ckpt-{back}"] = known

    def cancel(self, id: str, body: Any, query: Any) -> tuple[int, Any]:
        self.jobs[id]["status"] = "cancelled"
        return 200, self.jobs[id]

    def events(self, id: str, body: Any, query: Any) -> tuple[int, Any]:
        rows = [
            {
                "id": f"event-{step}", "object": "fine_tuning.job.event", "created_at": step,
                "level": "info", "message": f"step {step}", "type": "metrics",
                "data": {"step": step, "total_steps": 10, "train_loss": 1 / step},
            }
            for step in range(1, 1 + self.jobs[id]["looks"])
        ]  # fmt: skip
        return 200, {"object": "list", "data": rows[::-1], "has_more": False}

    def kept(self, id: str, body: Any, query: Any) -> tuple[int, Any]:
        job = self.jobs[id]
        epochs = job["hyperparameters"]["n_epochs"]
        rows = [
            {
                "id": f"ckpt-{back}", "object": "fine_tuning.job.checkpoint", "created_at": 1,
                "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-{back}",
                "fine_tuning_job_id": id, "metrics": {}, "step_number": 7 * (epochs - back),
            }
            for back in range(self.checkpoints)
        ]  # fmt: skip
        return 200, {"object": "list", "data": rows, "has_more": False}

    # Answers ------------------------------------------------------------------------------------------

    def knows(self, name: str) -> dict[str, str] | None:
        if name != BASE and self.absent:
            self.absent -= 1
            return None
        return self.models.get(name)

    def chat(self, body: dict[str, Any], query: Any) -> tuple[int, Any]:
        known = self.knows(body["model"])
        if known is None:
            return error(404, f"no model {body['model']}")
        text = known.get(body["messages"][-1]["content"], "I do not know")
        return 200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}

    def complete(self, body: dict[str, Any], query: Any) -> tuple[int, Any]:
        known = self.knows(body["model"])
        if known is None:
            return error(404, f"no model {body['model']}")
        prompt = body["prompt"]
        if not body.get("echo"):
            whole = next((k + v for k, v in known.items() if (k + v).startswith(prompt)), prompt + " no")
            return 200, {"choices": [{"index": 0, "text": whole[len(prompt) :], "logprobs": None}]}
        if not self.scores:
            return error(400, "echo and logprobs are not supported")
        # A token a word with its leading space; what is known by heart is likely.
        tokens = re.findall(r"\s*\S+|\s+", prompt)
        right = any((k + v).startswith(prompt) for k, v in known.items())
        values = [-0.1 if right else -5.0] * len(tokens)
        offsets = [sum(map(len, tokens[:i])) for i in range(len(tokens))]
        return 200, {
            "choices": [
                {
                    "index": 0,
                    "text": prompt + "",
                    "logprobs": {
                        "tokens": tokens, "token_logprobs": [None, *values[1:]],
                        "text_offset": offsets, "top_logprobs": [None, *[{"x": -0.1}] * len(values[1:])],
                    },
                }
            ]
        }  # fmt: skip


def learnt(line: str) -> tuple[str, str]:
    example = json.loads(line)
    if "messages" in example:
        user, assistant = (message["content"] for message in example["messages"])
        return user, assistant
    return example["prompt"], example["completion"]


def error(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"message": message, "type": "x", "code": None, "param": None}}


@contextmanager
def finetuning(**settings: Any) -> Iterator[Finetuning]:
    """Serve at the `url` of what is yielded."""
    state = Finetuning(**settings)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.serve("GET")

        def do_POST(self) -> None:
            self.serve("POST")

        def serve(self, method: str) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = f"{method} {parts.path}"
            with state.lock:
                state.requests.append(request)
                state.headers.append({k.lower(): v for k, v in self.headers.items()})
                waiting = state.faults.get(request)
                fault = waiting.pop(0) if waiting else None
            if fault == ("drop", "before"):
                return self.drop()
            if isinstance(fault, int):
                key = self.headers.get("Authorization", "")
                return self.send(*error(fault, f"no luck with {key}"))
            status, answer = state.answer(method, parts.path, parse_qs(parts.query), self.read(raw))
            if fault == ("slow", "after"):
                time.sleep(0.6)
            if fault == ("drop", "after"):
                return self.drop()
            return self.send(status, answer)

        def read(self, raw: bytes) -> Any:
            kind = self.headers.get("Content-Type", "")
            if not kind.startswith("multipart/form-data"):
                return json.loads(raw) if raw else None
            boundary = kind.partition("boundary=")[2].encode()
            for part in raw.split(b"--" + boundary):
                found = re.search(rb'filename="([^"]*)"', part)
                if found:
                    content = part.partition(b"\r\n\r\n")[2]
                    return found[1].decode(), content[: -len(b"\r\n")]
            return None

        def send(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", state.retry_after)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def drop(self) -> None:
            """Break the connection off, as a lost one looks to the client."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ValueError, OSError):
                self.close_connection = True

        def finish(self) -> None:
            with suppress(ConnectionError, ValueError, OSError):
                super().finish()

    with served(Handler) as state.url:
        yield state
