"""Answers of a service that have another form than OpenAI's."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from tests.conftest import watch
from tests.finetuning import Finetuning
from tests.unit.models.hosted.trainings import ASKED, ENDS, LIMITS, TRAINING, built, hosted, trained


@pytest.mark.parametrize("told", [-5, 0, "many", None, float("nan")])
def test_count_that_is_none_is_replaced_by_the_estimate(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    finish = server.finish

    def odd(job: dict[str, Any]) -> None:
        finish(job)
        job["trained_tokens"] = told

    monkeypatch.setattr(server, "finish", odd)
    record, _, _ = trained(hosted(server), tmp_path)
    assert not record["tokens_counted"]
    assert record["tokens"] == hosted(server).tokens(TRAINING)
    assert record["cost"] > 0


ODD_EVENTS: list[Any] = [
    None, ["text", 3, None], "page", [{"id": "e", "data": None}], [{"data": {}}],
    [{"id": "e", "data": {"step": 1, "total_steps": -3, "train_loss": float("nan")}}],
    [{"id": "e", "data": {"step": True, "train_loss": "x"}}],
    [{"id": "e", "data": {"step": -9, "total_steps": 2, "train_loss": float("inf")}}],
]  # fmt: skip


@pytest.mark.parametrize("told", ODD_EVENTS)
def test_what_is_only_shown_fails_no_paid_training(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    monkeypatch.setattr(server, "events", lambda id, body, query: (200, {"object": "list", "data": told}))
    odd = [{"id": "c"}, {"id": "d", "step_number": "x"}, {"id": "e", "step_number": 0}]
    kept = {"object": "list", "data": odd, "has_more": False}
    monkeypatch.setattr(server, "kept", lambda id, body, query: (200, kept))
    losses: dict[int, float] = {}
    steps: list[int] = []
    with closing(built(hosted(server), tmp_path)) as model:
        heard = watch(
            ENDS.steps_of, on_step=lambda done, total: steps.append(done), on_loss=losses.__setitem__
        )
        model.train(TRAINING, folder=tmp_path / "stage", seed=0, watch=heard)
        assert model.generate(ASKED, LIMITS) == ["number 3.", "number 11."]
    assert not losses
    assert all(0 <= step <= 10 for step in steps)


@pytest.mark.parametrize("answer", ["<html>", None, 7, {"data": "x"}])
@pytest.mark.parametrize("method", ["list_files", "upload", "create", "look"])
def test_odd_answers_are_a_message(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, answer: Any
) -> None:
    monkeypatch.setattr(server, method, lambda *_, **__: (200, answer))
    with pytest.raises(ObverseError, match=r"base-model|the job ftjob-1, as it is told"):
        trained(hosted(server), tmp_path)


@pytest.mark.parametrize("choice", [{"message": {"content": ["a"]}}, {"text": 3}, {"index": 0}, "x"])
def test_odd_choices_are_a_message(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: Any
) -> None:
    monkeypatch.setattr(server, "chat", lambda body, query: (200, {"choices": [choice]}))
    with (
        closing(built(hosted(server), tmp_path)) as model,
        pytest.raises(ObverseError, match="not an answer as OpenAI's servers give it"),
    ):
        model.generate(["Fact"], [3])
