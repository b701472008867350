"""The endpoint client, asked against servers that truly speak the protocol.

`tests.completions` is a server of the tests' own over a tiny model; the last test asks `transformers
serve`, which runs where its packages (fastapi, uvicorn) are installed.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from obverse.core.abilities import Closes, Generates, Samples, Scores
from obverse.core.errors import ObverseError
from obverse.engine.tokens import encode
from obverse.models import asking, remote
from obverse.models.causal import CausalModel
from obverse.models.echo import read_echo
from obverse.models.endpoint import Endpoint
from obverse.models.remote import RemoteModel
from obverse.models.served import ChatModel, CompletionsModel
from tests.completions import Completions, serving
from tests.conftest import TINY_MODEL, made, setup

KEY = "sk-never-to-be-seen"


@pytest.fixture
def server(model: CausalModel) -> Iterator[Completions]:
    with serving(model) as state:
        yield state


Client = Callable[..., Any]  # of an endpoint, by the settings that are not the usual ones


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Client]:
    """Make clients, each with a file of answers of its own, that are closed when the test is over."""
    with ExitStack() as stack:

        def connected(url: str, name: str = "tiny", **settings: Any) -> RemoteModel:
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            model = Endpoint(name=name, url=url, **settings).build(setup(folder=folder))
            assert isinstance(model, RemoteModel)
            return stack.enter_context(closing(model))

        yield connected


@pytest.fixture
def client(server: Completions, connect: Client) -> Client:
    return partial(connect, server.url)


PROMPTS = ["Daphne is", "The composer of the opera is called", "New York and", "é ☃"]
OPTIONS = [" Uriah", " the director of the film", ".", " ☃ é"]


def test_chat_model_gives_answers_alone(client: Client) -> None:
    chat, completions = client(api="chat"), client(parameters=7)
    assert type(chat) is ChatModel
    assert type(completions) is CompletionsModel
    assert isinstance(completions, Scores)
    assert not isinstance(chat, Scores)
    for model in (chat, completions):
        assert isinstance(model, Generates)
        assert isinstance(model, Closes)
        assert not hasattr(model, "fits")
    assert (chat.parameters, completions.parameters) == (None, 7)


def test_what_an_endpoint_cannot_do_is_said() -> None:
    endpoint = Endpoint(name="tiny", url="http://here/v1")
    chat = Endpoint(name="tiny", url="http://here/v1", api="chat")
    assert endpoint.lacks(frozenset({"scores", "generates"})) is None
    assert chat.lacks(frozenset({"generates"})) is None
    said = "a model of this kind (Endpoint) cannot"
    assert chat.lacks(frozenset({"scores", "generates"})) == f"{said} give log-probabilities"
    assert endpoint.lacks(frozenset({"trains"})) == f"{said} be trained"
    assert endpoint.lacks(frozenset({"saves"})) == "its weights are not here, but a server's"


def test_address_name_and_kind_of_answer_tell_endpoints_apart() -> None:
    endpoint = Endpoint(name="tiny", url="http://here/v1")
    for other in ({"name": "other"}, {"url": "http://there/v1"}, {"api": "chat"}):
        assert endpoint.model_copy(update=other).identity() != endpoint.identity()
    for same in ({"parameters": 7}, {"key": "MY_KEY"}, {"family": "mine"}):
        assert endpoint.model_copy(update=same).identity() == endpoint.identity()


@pytest.mark.parametrize("generates", [True, False])
@pytest.mark.parametrize("start", [True, False])
@pytest.mark.parametrize("fragments", ["bytes", "offsets"])
def test_scores_equal_the_local_model(
    server: Completions, client: Client, generates: bool, start: bool, fragments: str
) -> None:
    server.generates, server.start, server.fragments = generates, start, fragments
    prompts = PROMPTS
    if start:  # the local tokenizer has no start token; give the same context by hand
        prompts = ["<|endoftext|>" + p for p in PROMPTS]
    local = server.model.logprobs(prompts, [OPTIONS] * 4)
    found = client().logprobs(PROMPTS, [OPTIONS] * 4)
    for there, here in zip(found, local, strict=True):
        assert there == pytest.approx(here, abs=1e-4)


def test_token_that_merges_across_the_boundary(server: Completions, client: Client) -> None:
    prompt, option = "in New Yor", "kers"
    tokenizer = server.model.tokenizer
    ids = encode(tokenizer, prompt)
    assert encode(tokenizer, prompt + option)[: len(ids)] != ids, "the test needs tokens that merge"
    assert client().logprobs([prompt], [[option, " of"]])[0] == pytest.approx(
        server.model.logprobs([prompt], [[option, " of"]])[0], abs=1e-4
    )


@pytest.mark.parametrize("fragments", ["bytes", "offsets"])
def test_token_of_a_space_and_half_a_character(
    server: Completions, client: Client, fragments: str
) -> None:
    """Its second half starts where the continuation does, and yet the token crosses the boundary."""
    spec = TINY_MODEL.model_copy(update={"vocabulary": 257 + 2})
    other = made(spec, [" ☃ ☂ ☀ ☁" * 9])
    assert isinstance(other, CausalModel)
    server.model, server.fragments = other, fragments
    tokens = server.model.tokenizer.convert_ids_to_tokens(encode(server.model.tokenizer, "is ☃"))
    assert len(tokens) == 4, f"the test needs the bytes of ' ☃' merged in part, not {tokens}"
    (there,) = client().logprobs(["is "], [["☃", "☂ so"]])
    (here,) = server.model.logprobs(["is "], [["☃", "☂ so"]])
    assert there == pytest.approx(here, abs=1e-4)


@pytest.mark.parametrize("generates", [True, False])
def test_lengths_that_do_not_add_up_are_refused(
    server: Completions, client: Client, generates: bool
) -> None:
    server.fragments, server.generates = "lengths", generates
    assert client().logprobs(["Daphne is"], [[" the"]])  # nothing wrong with whole characters
    for prompt, option in (("é ☃ is", " the"), ("Daphne", " ☃"), ("☃", "☃")):
        with pytest.raises(ObverseError, match="do not add up to the text"):
            client().logprobs([prompt], [[option]])


def test_answers_equal_the_local_model(server: Completions, client: Client) -> None:
    limits = [3, 7, 5, 6]
    local = server.model.generate(PROMPTS, limits)
    assert client().generate(PROMPTS, limits) == local
    assert client(api="chat").generate(PROMPTS, limits) == local
    assert {path for path, _, _ in server.seen} == {"/v1/completions", "/v1/chat/completions"}


def test_first_token_of_a_text_has_no_score(server: Completions, client: Client) -> None:
    with pytest.raises(ObverseError, match="a prompt has to come before"):
        client().logprobs([""], [["Daphne is"]])
    with pytest.raises(ObverseError, match="a prompt has to come before"):
        client().logprobs(["N"], [["ew York"]])  # "New" is one token
    with pytest.raises(ValueError, match="empty continuation"):
        client().logprobs(["Daphne"], [[""]])


def test_server_without_echo_is_told_what_to_do(server: Completions, client: Client) -> None:
    server.echoes = False
    with pytest.raises(ObverseError, match=r"does not echo .* serve the model with .* #chat") as caught:
        client().logprobs(["Daphne is"], [[" the"]])
    assert server.url in str(caught.value)


def test_address_that_is_no_such_server(
    server: Completions, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "answer", lambda path, body: {"hello": "world"})
    with pytest.raises(ObverseError, match="usually ends in /v1"):
        client().logprobs(["Daphne is"], [[" the"]])


def test_failing_server_is_named_and_the_key_is_not(
    server: Completions, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(asking, "RETRIES", 1)
    server.fails = True
    with pytest.raises(ObverseError, match=r"no luck with Bearer \*\*\*") as caught:
        client().logprobs(["Daphne is"], [[" the"]])
    assert len(server.seen) == 2, "a passing failure is tried again"
    assert server.url in str(caught.value)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_refused_connection_is_named_and_the_key_is_not(
    connect: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(asking, "RETRIES", 0)
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(ObverseError) as caught:
        connect(url).generate(["Daphne is"], [3])
    assert url in str(caught.value)
    assert KEY not in repr(caught.value)


def test_key_comes_from_the_variable_that_is_named(
    server: Completions, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("MY_KEY", KEY)
    client(key="MY_KEY").generate(["Daphne is"], [3])
    assert server.seen[0][1] == f"Bearer {KEY}"
    monkeypatch.delenv("MY_KEY")
    client(key="MY_KEY").generate(["Daphne is"], [3])  # local servers want none
    assert server.seen[1][1] == "Bearer none"


def test_bound_on_tokens_holds_for_every_text(server: Completions, client: Client) -> None:
    texts = ["Daphne", "☃☃☃", "日本語"]
    bounds = client().count_tokens(texts)
    assert all(b >= n for b, n in zip(bounds, server.model.count_tokens(texts), strict=True))


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_answers_are_drawn_with_a_seed_of_their_own(
    server: Completions, client: Client, api: str
) -> None:
    model = client(api=api)
    assert isinstance(model, Samples)
    drawn = model.sample(PROMPTS[:2], [6, 8], samples=3, temperature=0.8, seed=4)
    assert [len(answers) for answers in drawn] == [3, 3]
    assert len(set(drawn[0])) > 1
    bodies = [body for _, _, body in server.seen]
    assert {body["temperature"] for body in bodies} == {0.8}
    assert len({body["seed"] for body in bodies}) == len(bodies) == 6
    assert model.sample(PROMPTS[:2], [6, 8], samples=3, temperature=0.8, seed=4) == drawn
    assert len(server.seen) == 6, "what was drawn is not drawn again"
    alone = client(api=api)
    assert alone.sample(PROMPTS[1:2], [8], samples=2, temperature=0.8, seed=4) == [drawn[1][:2]]
    assert alone.sample(PROMPTS[1:2], [8], samples=2, temperature=0.8, seed=5) != [drawn[1][:2]]


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_what_was_answered_is_not_asked_again(
    server: Completions, api: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(folder: str) -> list[Any]:
        spec = Endpoint(name="tiny", url=server.url, api=api)
        model = spec.build(setup(folder=tmp_path / folder))
        assert isinstance(model, Generates)
        assert isinstance(model, Closes)
        with closing(model):
            if isinstance(model, Scores):
                return model.logprobs(PROMPTS, [OPTIONS] * 4)
            return model.generate(PROMPTS, [3] * 4)

    monkeypatch.setattr(remote, "AT_ONCE", 1)
    whole = ask("whole")
    needed = [body for _, _, body in server.seen]
    server.seen.clear()

    server.patience = len(needed) // 2
    with pytest.raises(ObverseError, match="Error code: 400"):
        ask("cut")
    answered = [body for _, _, body in server.seen][: server.patience]
    server.seen.clear()
    server.patience = None
    # A full disk, or a kill in the middle of a line, loses what that line would have held.
    with (tmp_path / "cut" / "answers.jsonl").open("ab") as file:
        file.write(b'{"key": "abc", "v{"key": "abc"}\n{"key": "abc", "val')
    assert ask("cut") == whole
    again = [body for _, _, body in server.seen]
    # A score that took two requests is written down after the second.
    assert len([body for body in again if body in answered]) <= 1
    assert len(again) <= len(needed) - len(answered) + 1

    server.seen.clear()
    assert ask("cut") == whole
    assert not server.seen


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


def test_answers_of_transformers_serve(
    model: CausalModel, connect: Client, chat_checkpoint: Path, served: str
) -> None:
    questions, limits = PROMPTS[:3], [3, 7, 5]
    asked = connect(served, str(chat_checkpoint), api="chat")
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
    completions = connect(served, str(chat_checkpoint))
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
