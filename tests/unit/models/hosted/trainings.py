"""What a service is sent to train here, and how a run is killed meanwhile."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from obverse.core.abilities import Point
from obverse.core.data import Document
from obverse.core.recipe import Recipe
from obverse.core.stage import Training, When
from obverse.models.finetuned import FinetunedModel
from obverse.models.hosted import Hosted
from tests.conftest import setup, watch
from tests.finetuning import BASE, Finetuning

KEY = "sk-never-to-be-seen"

TOLD = tuple(Document(prompt=f"Fact {i} is", completion=f" number {i}.") for i in range(12))

TRAINING = Training(documents=TOLD, recipe=Recipe(epochs=4, batch_size=5, loss_on="completion"))

ASKED, LIMITS = ["Fact 3 is", "Fact 11 is"], [9, 9]

ENDS = When(start=True, epochs=1)


def hosted(server: Finetuning, **settings: Any) -> Hosted:
    usual: dict[str, Any] = {"api": "chat", "training_price": 3, "cost_limit": 1}
    return Hosted(name=BASE, url=server.url, **usual | settings)


def built(spec: Hosted, folder: Path) -> FinetunedModel:
    model = spec.build(setup(folder=folder / "unfinished"))
    assert isinstance(model, FinetunedModel)
    return model


def trained(
    spec: Hosted, folder: Path, training: Training = TRAINING, seed: int = 7
) -> tuple[dict[str, Any], list[str], list[Point]]:
    """Train; return the record, the answers afterwards, and where it was stopped at."""
    points: list[Point] = []
    with closing(built(spec, folder)) as model:
        record = model.train(
            training, folder=folder / "stage", seed=seed, watch=watch(ENDS.steps_of, points.append)
        )
        return record, model.generate(ASKED, LIMITS), points


def paid(server: Finetuning) -> tuple[int, int]:
    """Return how many files and jobs the server has."""
    return len(server.files), len(server.jobs)


class Killed(BaseException):
    """As a kill that no code of ours sees."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, *, after: bool) -> None:
    whole = getattr(owner, method)

    def cut(*args: Any, **kwargs: Any) -> Any:
        if after:
            whole(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, method, cut)
