"""Requests to servers that fail: tried again, waited for, counted, and never past a limit."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from endpoint_faults import (
    FAULTS,
    LIMIT,
    OPTIONS,
    PRICE,
    TIMEOUT,
    Faulty,
    asked,
    check,
    client,
    faulty,
    prompts,
    said,
    score,
)

from obverse.core.errors import ObverseError, OddAnswerError
from obverse.models import asking, remote
from obverse.models.asking import retry_after
from obverse.models.meter import NAME, Meter, Price, Tokens, spent_in


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TIMEOUT", TIMEOUT)
    monkeypatch.setattr(asking, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(asking, "LONGEST_PAUSE", 0.02)


@pytest.fixture
def server() -> Iterator[Faulty]:
    """One that fails only where a test says so."""
    with faulty(share=0.0) as state:
        yield state


def test_every_question_is_answered_once_whatever_fails(tmp_path: Path) -> None:
    """The short form of benchmarks/endpoint_faults.py."""
    questions, most, stops = 16, 30, 0
    with faulty(seed=3) as server:
        server.first = list(FAULTS)
        while True:
            try:
                check(asked(server.url, tmp_path, questions, most_requests=most), questions)
                break
            except ObverseError as error:
                assert server.seen <= spent_in(tmp_path).requests <= most
                if "limit of requests is reached" in str(error):
                    assert spent_in(tmp_path).requests == most
                    stops, most = stops + 1, most + 30
        assert stops >= 3
        assert set(server.faults) == set(FAULTS), "every kind has happened"
        assert len(server.answered) == 5 * questions
        assert set(server.answered.values()) == {1}, "nothing is paid twice"
        assert server.charged <= spent_in(tmp_path).cost
        before = server.seen
        check(asked(server.url, tmp_path, questions, most_requests=1), questions)
        assert server.seen == before, "what is answered needs no request"


@pytest.mark.parametrize("fault", FAULTS)
def test_passing_fault_is_tried_again(server: Faulty, tmp_path: Path, fault: str) -> None:
    server.first = [fault, fault]
    with closing(client(server.url, tmp_path)) as model:
        [[value]] = model.logprobs(prompts(1), [OPTIONS[:1]])
        assert value == pytest.approx(score(prompts(1)[0], OPTIONS[0]))
        server.first = [fault]
        assert model.generate(prompts(1), [LIMIT]) == [said(prompts(1)[0])]
    assert server.seen == 5
    assert spent_in(tmp_path).requests == 5


@pytest.mark.parametrize(("fault", "shown"), [("NaN", "nan"), ("above 0", "0.7")])
def test_impossible_log_probability_is_never_kept(
    server: Faulty, tmp_path: Path, fault: str, shown: str
) -> None:
    server.first = [fault] * 20
    with (
        closing(client(server.url, tmp_path)) as model,
        pytest.raises(OddAnswerError, match=rf"gives {shown} as .*Asked 3 times: 'Question 0 is yes'"),
    ):
        model.logprobs(prompts(1), [OPTIONS[:1]])
    assert not (tmp_path / "run/answers.jsonl").read_text()


def test_answers_kept_by_an_older_version_are_looked_at(server: Faulty, tmp_path: Path) -> None:
    asked(server.url, tmp_path, 1)
    kept = tmp_path / "run/answers.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    spoilt = [row | {"value": float("nan")} if isinstance(row["value"], float) else row for row in rows]
    kept.write_text("".join(json.dumps(row) + "\n" for row in spoilt))
    check(asked(server.url, tmp_path, 1), 1)


def test_server_is_waited_for_as_it_asks_and_that_is_said_once(
    server: Faulty, tmp_path: Path, capsys: Any
) -> None:
    server.first, server.retry_after = ["429 without"] * 4, lambda: "0.3"
    began = time.monotonic()
    with closing(client(server.url, tmp_path)) as model:
        model.generate(prompts(12), [LIMIT] * 12)
    assert 0.3 <= time.monotonic() - began < 3
    [line] = capsys.readouterr().err.splitlines()
    assert "asks to wait 1 s (Retry-After); so it is done, for up to 900 s" in line


@pytest.mark.parametrize("date", [False, True])
def test_more_patience_than_there_is(server: Faulty, tmp_path: Path, date: bool) -> None:
    after = formatdate(time.time() + 600, usegmt=True) if date else "600"
    server.first, server.retry_after = ["429 without"] * 9, lambda: after
    began = time.monotonic()
    with (
        closing(client(server.url, tmp_path, patience=60)) as model,
        pytest.raises(ObverseError, match=r"asks to wait (600|59\d) s .* model\.patience is 60 s; try"),
    ):
        model.generate(prompts(9), [LIMIT] * 9)
    assert time.monotonic() - began < 5


def test_nobody_waits_any_more_once_one_has_failed(server: Faulty, tmp_path: Path) -> None:
    """A server that asks some to wait, and others for more patience than there is."""
    waits = iter(["300", "2000"])
    server.first = ["429 without"] * 2

    def told() -> str:
        while server.seen < 2:  # both are on their way
            time.sleep(0.01)
        return next(waits)

    server.retry_after = told
    began = time.monotonic()
    with (
        closing(client(server.url, tmp_path)) as model,
        pytest.raises(ObverseError, match="asks to wait 2000 s"),
    ):
        model.generate(prompts(2), [LIMIT] * 2)
    assert time.monotonic() - began < 5


def test_headers_that_ask_to_wait() -> None:
    def wanted(**headers: str) -> float:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return retry_after(SimpleNamespace(response=SimpleNamespace(headers=named)))  # type: ignore[arg-type]

    assert wanted(retry_after="17") == 17
    assert wanted(retry_after_ms="250", retry_after="1") == 0.25
    assert wanted(retry_after=formatdate(time.time() + 90, usegmt=True)) == pytest.approx(90, abs=2)
    for nothing in ("", "soon", "nan", "inf", "-3", formatdate(0), "Mon, 99 Foo 2000 99:99:99 GMT"):
        assert wanted(retry_after=nothing) == 0
    assert retry_after(OddAnswerError("x")) == 0


def test_answer_is_on_the_disk_before_the_next_question(
    server: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a kill loses what is on its way, AT_ONCE answers."""
    monkeypatch.setattr(remote, "AT_ONCE", 1)
    kept, lines = tmp_path / "run/answers.jsonl", []

    def looked() -> None:
        lines.append(kept.read_text().count("\n"))

    monkeypatch.setattr(server, "fault", looked)
    asked(server.url, tmp_path, 4)
    assert len(lines) == 20
    assert all(kept >= asked for asked, kept in enumerate(lines))


def test_one_question_asked_by_many_is_asked_once(server: Faulty, tmp_path: Path) -> None:
    with closing(client(server.url, tmp_path)) as model:
        assert len(set(model.generate(prompts(1) * 20, [LIMIT] * 20))) == 1
        model.logprobs(prompts(1) * 3, [OPTIONS] * 3)
    assert server.seen == 1 + 4


def test_limit_of_cost_is_not_passed(server: Faulty, tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"limit of cost is reached: .* model\.cost_limit is 0\.001"):
        asked(server.url, tmp_path, 100, cost_limit=0.001)
    spent = spent_in(tmp_path)
    assert server.charged == pytest.approx(spent.cost)
    assert 0.0005 < spent.cost <= 0.001
    before = server.seen
    with pytest.raises(ObverseError, match="What was answered is kept"):
        asked(server.url, tmp_path, 100, cost_limit=0.001)
    assert server.seen == before


def test_runs_count_together(tmp_path: Path) -> None:
    price = Price(asking=PRICE, answering=3 * PRICE)
    with (
        closing(Meter(tmp_path / NAME, price, most_requests=3)) as one,
        closing(Meter(tmp_path / NAME, Price(), most_requests=3)) as other,
    ):
        with one.counted(Tokens(1000, 100)) as used:
            used.append(Tokens(500, 50))
        for _ in range(2):
            with other.counted(Tokens(10, 10)):
                pass  # nobody says what it has used
        for meter in (one, other):
            with (
                pytest.raises(ObverseError, match="3 were sent by all runs of this study"),
                meter.counted(Tokens()),
            ):
                raise AssertionError("must not be sent")
    spent = spent_in(tmp_path)
    assert (spent.requests, spent.read, spent.written) == (3, 520, 70)
    assert spent.cost == pytest.approx((500 * PRICE + 50 * 3 * PRICE) / 1e6)
    assert spent.cost_at(price) == pytest.approx(spent.cost + (20 * PRICE + 20 * 3 * PRICE) / 1e6)


@pytest.mark.parametrize("content", ["{}", "[1]", "x", '{"requests": -1}', "[" * 9999])
def test_count_that_cannot_be_read_is_not_taken_for_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    with (
        closing(Meter(tmp_path / NAME)) as meter,
        pytest.raises(ObverseError, match="not known what this study has asked for"),
        meter.counted(Tokens()),
    ):
        raise AssertionError("must not be sent")
