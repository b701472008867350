"""A service that finetunes models, and no pauses."""

from collections.abc import Iterator

import pytest

from obverse.models import jobs
from tests.finetuning import Finetuning, finetuning
from tests.unit.models.hosted.trainings import KEY


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Wait for nothing, and record for how long one would."""
    waited: list[float] = []
    monkeypatch.setattr(jobs, "sleep", waited.append)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.001)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return waited


@pytest.fixture
def server() -> Iterator[Finetuning]:
    with finetuning() as state:
        yield state
