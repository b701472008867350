"""A service that fails for a while, or refuses: what is repeated, and what is told."""

from pathlib import Path
from typing import Any

import openai
import pytest

from obverse.core.errors import ObverseError
from obverse.models import jobs, remote
from obverse.models.jobs import Service
from tests.finetuning import Finetuning
from tests.unit.models.hosted.trainings import hosted, paid, trained

SENDS = ("POST /v1/files", "POST /v1/fine_tuning/jobs")

FAULTS: list[Any] = [429, 500, ("drop", "before"), ("drop", "after"), ("slow", "after")]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("request_", SENDS)
def test_passing_trouble_costs_nothing_twice(
    server: Finetuning,
    tmp_path: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    request_: str,
    fault: Any,
) -> None:
    """Also where the request was carried out, and only its answer was lost or late."""
    if fault == ("slow", "after"):
        monkeypatch.setattr(remote, "TIMEOUT", 0.4)
    server.faults[request_], server.retry_after = [fault], "17"
    _, answers, _ = trained(hosted(server), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert paid(server) == (1, 1)
    assert (17.0 in pauses) == (fault == 429), "what the server asks for"
    if fault != ("drop", "after") and fault != ("slow", "after"):
        assert server.count(request_) == 2


@pytest.mark.parametrize("fault", [429, 500, ("drop", "before")])
def test_looking_goes_on_through_trouble(server: Finetuning, tmp_path: Path, fault: Any) -> None:
    server.faults["GET /v1/fine_tuning/jobs/ftjob-1"] = [fault] * 12  # more than the client's own tries
    server.faults["GET /v1/fine_tuning/jobs/ftjob-1/events"] = [fault]
    server.retry_after = "0.001"
    _, answers, _ = trained(hosted(server), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert paid(server) == (1, 1)


def test_service_that_is_not_reached_is_given_up(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults["POST /v1/files"] = [500] * 99
    with pytest.raises(ObverseError, match=r"127\.0\.0\.1.*no luck with Bearer \*\*\*"):
        trained(hosted(server), tmp_path)
    assert server.count("POST /v1/files") == jobs.TRIES
    server.faults.clear()
    monkeypatch.setattr(jobs, "MISSED_LOOKS", 2)
    server.faults["GET /v1/fine_tuning/jobs/ftjob-1"] = [500] * 99
    said = r"ftjob-1 cannot be looked at .*Bearer \*\*\*.*the same command takes it up"
    with pytest.raises(ObverseError, match=said):
        trained(hosted(server), tmp_path)
    server.faults.clear()
    assert trained(hosted(server), tmp_path)[1] == ["number 3.", "number 11."]
    assert paid(server) == (1, 1)


def test_used_up_quota_is_told_at_once(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(body: Any, query: Any) -> tuple[int, Any]:
        return 429, {"error": {"message": "pay first", "code": "insufficient_quota"}}

    monkeypatch.setattr(server, "create", refuse)
    with pytest.raises(ObverseError, match="pay first"):
        trained(hosted(server), tmp_path)
    assert server.count("POST /v1/fine_tuning/jobs") == 1


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("failed", "has failed: the training file is odd"), ("cancelled", "was cancelled")],
)
def test_job_that_ends_badly_is_not_started_again(
    server: Finetuning, tmp_path: Path, outcome: str, said: str
) -> None:
    server.outcome = outcome
    for _ in range(2):
        with pytest.raises(ObverseError, match=f"the job ftjob-1 {said}.*model.attempt=2"):
            trained(hosted(server), tmp_path)
    assert paid(server) == (1, 1)
    server.outcome = "succeeded"
    again = hosted(server, attempt=2)
    assert trained(again, tmp_path)[1] == ["number 3.", "number 11."]
    assert paid(server) == (2, 2)
    assert again.identity() == hosted(server).identity(), "it is the same run"


def test_refused_file_is_told(server: Finetuning, tmp_path: Path) -> None:
    server.faults["POST /v1/files"] = [400]
    with pytest.raises(ObverseError, match=r"no luck with Bearer \*\*\*"):
        trained(hosted(server), tmp_path)
    assert paid(server) == (0, 0)


def test_refused_job_is_told_as_it_was_refused_first(server: Finetuning, tmp_path: Path) -> None:
    server.faults["POST /v1/fine_tuning/jobs"] = [400, 422]
    with pytest.raises(ObverseError, match="400"):
        trained(hosted(server), tmp_path)
    assert paid(server) == (1, 0)


def test_pause_that_is_no_number_is_none(server: Finetuning, tmp_path: Path, pauses: list[float]) -> None:
    server.retry_after = "nan"
    server.faults["POST /v1/files"] = [429]
    trained(hosted(server), tmp_path)
    assert all(0 < pause < 100 for pause in pauses)


def test_client_is_the_one_that_is_declared() -> None:
    """Retries of what sends or starts are ours: the client's own would be blind."""
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="x", max_retries=4)
    service = Service(client, 1)
    assert service._once.max_retries == 0
    assert service.client.max_retries == 4
