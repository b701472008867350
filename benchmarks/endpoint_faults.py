"""A server that fails three requests in ten, in thirteen ways, and a client that is killed meanwhile.

    python benchmarks/endpoint_faults.py [--questions 1000] [--kills 20] [--seed 0]

Each question is scored for three answers and answered once. The client runs in a process of its own; it
is killed at random moments, and stopped by limits of requests and of cost that are raised each time. In
the end every answer is there and is the right one; it is counted how often the server gave a right
answer to the same request twice, and whether any limit was passed.
"""

import argparse
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any

from local_server import served

from obverse.core.errors import ObverseError
from obverse.models import asking, remote
from obverse.models.endpoint import Endpoint
from obverse.models.meter import spent_in
from obverse.models.served import CompletionsModel

FAULTS = (
    "429 with Retry-After", "429 without", "500", "503 with a date", "time-out", "dropped before",
    "dropped within", "cut JSON", "wrong type", "NaN", "above 0", "no choices", "HTML",
)  # fmt: skip
OPTIONS = [" yes", " no way", "n't so"]  # the last makes one token with the end of the prompt
LIMIT = 12  # tokens of an answer
TIMEOUT = 0.4  # seconds that the client waits for an answer
PRICE = 2.0  # of a million tokens


class Faulty:
    """A completions server whose answers follow from the prompt, and whose faults from the seed.

    Attributes:
        seen: how many requests have come.
        share: of requests that fail.
        faults: how often each fault has happened.
        answered: how often each request was answered as it should, as far as the server knows.
        charged: what a million times PRICE the tokens of all answers cost, odd ones among them.
    """

    def __init__(self, share: float = 0.3, seed: int = 0) -> None:
        self.share = share
        self.first: list[str] = []  # faults that come before those that are drawn
        self.retry_after: Callable[[], str] | None = None  # in place of what refusals ask for
        self.draw = random.Random(seed)
        self.lock = Lock()
        self.seen = 0
        self.faults: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.charged = 0.0
        self.url = ""

    def fault(self) -> str | None:
        with self.lock:
            self.seen += 1
            drawn = self.draw.choice(FAULTS) if self.draw.random() < self.share else None
            fault = self.first.pop(0) if self.first else drawn
            if fault:
                self.faults[fault] += 1
            return fault

    def pay(self, usage: dict[str, int], request: str | None) -> None:
        with self.lock:
            self.charged += sum(usage.values()) * PRICE / 1e6
            if request is not None:
                self.answered[request] += 1


def number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def tokens(text: str) -> list[str]:
    return re.findall(r" ?[^ ]+| ", text)


def values(text: str) -> list[float | None]:
    """The log-probability of each token, which follows from the text up to it."""
    pieces = tokens(text)
    return [
        None if i == 0 else -0.01 - number("".join(pieces[: i + 1])) % 997 / 100
        for i in range(len(pieces))
    ]


def score(prompt: str, option: str) -> float:
    whole, alone = values(prompt + option), values(prompt)
    return sum(v or 0.0 for v in whole) - sum(v or 0.0 for v in alone)


def said(prompt: str) -> str:
    return f" {number(prompt) % 9999}"


def right(body: dict[str, Any]) -> dict[str, Any]:
    prompt = body["prompt"]
    usage = {"prompt_tokens": len(tokens(prompt)), "completion_tokens": 1}
    if not body.get("echo"):
        return {"choices": [{"index": 0, "text": said(prompt)}], "usage": usage}
    logprobs = {
        "tokens": [*tokens(prompt), " x"], "token_logprobs": [*values(prompt), -1.0],
        "text_offset": [], "top_logprobs": None,
    }  # fmt: skip
    return {"choices": [{"index": 0, "text": prompt + " x", "logprobs": logprobs}], "usage": usage}


def spoilt(answer: dict[str, Any], fault: str) -> dict[str, Any]:
    """An answer of the right form whose content cannot be."""
    [choice] = answer["choices"]
    logprobs = choice.get("logprobs")
    if fault == "no choices":
        answer["choices"] = []
    elif fault == "wrong type" or not logprobs:
        choice["text"] = 7
    else:
        logprobs["token_logprobs"][-2] = float("nan") if fault == "NaN" else 0.7
    return answer


def handler(state: Faulty) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with suppress(OSError):  # the client is gone
                self.answer(body, state.fault())

        def answer(self, body: dict[str, Any], fault: str | None) -> None:
            answer = right(body)
            request = json.dumps([body["prompt"], bool(body.get("echo"))])
            if fault is None:
                state.pay(answer["usage"], request)
                self.give(200, json.dumps(answer))
            elif fault in ("429 with Retry-After", "429 without", "500", "503 with a date"):
                about = {
                    "429 with Retry-After": {"Retry-After": "0.02"},
                    "503 with a date": {"Retry-After": formatdate(time.time() + 1.2, usegmt=True)},
                }
                told = about.get(fault, {})
                if state.retry_after is not None:
                    told = {"Retry-After": state.retry_after()}
                self.give(int(fault[:3]), '{"error": {"message": "no luck"}}', told)
            elif fault == "dropped before":
                self.close_connection = True
            elif fault == "time-out":
                state.pay(answer["usage"], None)
                time.sleep(1.5 * TIMEOUT)
            elif fault == "HTML":
                self.give(200, "<html>Welcome</html>", kind="text/html")
            else:
                state.pay(answer["usage"], None)
                text = json.dumps(answer)
                if fault == "dropped within":
                    self.give(200, text, {"Content-Length": str(len(text) + 50)})
                elif fault == "cut JSON":
                    self.give(200, text[: len(text) // 2])
                else:
                    self.give(200, json.dumps(spoilt(answer, fault)))

        def give(
            self,
            status: int,
            text: str,
            about: dict[str, str] | None = None,
            kind: str = "application/json",
        ) -> None:
            content = text.encode()
            self.send_response(status)
            for name, value in (
                {"Content-Type": kind, "Content-Length": str(len(content))} | (about or {})
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def faulty(share: float = 0.3, seed: int = 0) -> Iterator[Faulty]:
    """Answer requests at the `url` of what is yielded."""
    state = Faulty(share, seed)
    with served(handler(state)) as state.url:
        yield state


def prompts(questions: int) -> list[str]:
    return [f"Question {n} is" for n in range(questions)]


def hurry() -> None:
    """Make this process's client as impatient as a benchmark has to be."""
    remote.TIMEOUT = TIMEOUT
    asking.FIRST_PAUSE, asking.LONGEST_PAUSE = 0.005, 0.05


def client(url: str, folder: Path, **limits: Any) -> CompletionsModel:
    spec = Endpoint(name="m", url=url, asking_price=PRICE, **limits)
    return CompletionsModel(spec, folder / "run/answers.jsonl", folder)


def asked(url: str, folder: Path, questions: int, **limits: Any) -> tuple[list[list[float]], list[str]]:
    """Ask everything that is not answered yet; return scores and answers."""
    some = prompts(questions)
    with closing(client(url, folder, **limits)) as model:
        return model.logprobs(some, [OPTIONS] * questions), model.generate(some, [LIMIT] * questions)


def check(found: tuple[list[list[float]], list[str]], questions: int) -> None:
    """Fail unless every answer is there, and the right one."""
    scores, answers = found
    for prompt, of_prompt, answer in zip(prompts(questions), scores, answers, strict=True):
        expected = [score(prompt, option) for option in OPTIONS]
        assert all(abs(a - b) < 1e-9 for a, b in zip(of_prompt, expected, strict=True)), prompt
        assert answer == said(prompt), prompt


def campaign(questions: int, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    needed = 5 * questions  # three scores, the prompt alone, an answer
    once_more = 0
    with tempfile.TemporaryDirectory() as place, faulty(seed=seed) as server:
        folder = Path(place)
        most, cost, starts, stops = needed // 4, server_cost(questions) / 4, 0, 0
        while True:
            starts += 1
            command = [sys.executable, __file__, "--child", server.url, place, "--questions",
                       str(questions), "--most", str(most), "--cost", str(cost)]  # fmt: skip
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            if starts <= kills:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=1.0 + draw.random() * 1.5)
                child.send_signal(signal.SIGKILL)
            output, _ = child.communicate()
            spent = spent_in(folder)
            assert server.seen <= spent.requests <= most, "the limit of requests"
            assert server.charged <= spent.cost + 1e-9, "what is counted is less than what is charged"
            assert spent.cost <= cost + 1e-9, "the limit of cost"
            if "limit of" in output:
                stops += 1
                most, cost = most + needed // 4, cost * 1.4
            elif child.returncode == 0:
                break
            elif child.returncode != -signal.SIGKILL:
                print(output.strip()[:200])  # a question that failed six times in a row: once again
            else:
                most, cost = most + 40, cost * 1.02
        lines = (folder / "run/answers.jsonl").read_bytes().splitlines()
        keys = Counter(json.loads(line)["key"] for line in lines)
        once_more = sum(n - 1 for n in server.answered.values())
        print(f"{questions} questions, {needed} requests that count; {starts} starts, {kills} kills")
        print(f"{server.seen} requests were sent, of which failed: {dict(server.faults)}")
        print(f"stopped {stops} times by a limit; passed it 0 times")
        print(f"counted {spent.requests} requests and {spent.cost:.5f}, charged {server.charged:.5f}")
        print(f"right answers given twice: {once_more}, of {remote.AT_ONCE * kills} that kills may cost")
        print(f"answers written down twice: {sum(n - 1 for n in keys.values())}")
        assert once_more <= remote.AT_ONCE * kills
        assert set(server.answered) == {
            json.dumps([prompt + option, True]) for prompt in prompts(questions) for option in OPTIONS
        } | {json.dumps([prompt, echo]) for prompt in prompts(questions) for echo in (True, False)}


def server_cost(questions: int) -> float:
    """About what the server charges for everything, without faults."""
    return sum(
        (len(tokens(prompt + option)) + 1) * PRICE / 1e6
        for prompt in prompts(questions)
        for option in (*OPTIONS, "", "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--most", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--cost", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is None:
        campaign(given.questions, given.kills, given.seed)
        return
    hurry()
    url, folder = given.child
    try:
        found = asked(url, Path(folder), given.questions, most_requests=given.most, cost_limit=given.cost)
    except ObverseError as error:
        print(error)
        sys.exit(1)
    check(found, given.questions)


if __name__ == "__main__":
    main()
