"""Nothing is paid that the user has not agreed to."""

from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.core.stage import Stage
from obverse.models.hosted import Hosted, refuse_cost
from obverse.models.jobs import Service
from tests.finetuning import Finetuning
from tests.unit.models.hosted.trainings import TOLD, TRAINING, Killed, hosted, kill_at, paid, trained


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"training_price": None}, r"give --set model\.training_price=…\. Forecast: about"),
        ({"cost_limit": None}, r"give --set model\.cost_limit=…\. Forecast"),
        ({"training_price": None, "cost_limit": None}, r"training_price=… and --set model\.cost_limit=…"),
        ({"cost_limit": 0.001}, r"would cost about 0\.00, and model\.cost_limit is 0\.001"),
    ],
)
def test_nothing_is_started_that_the_user_has_not_agreed_to_pay(
    server: Finetuning, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ObverseError, match=said):
        trained(hosted(server, **settings), tmp_path)
    assert paid(server) == (0, 0)


def test_job_that_is_paid_is_waited_for_whatever_the_limit(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, Service, "wait", after=False)
        with pytest.raises(Killed):
            trained(hosted(server), tmp_path)
    assert trained(hosted(server, cost_limit=None), tmp_path)[1] == ["number 3.", "number 11."]


def test_what_is_charged() -> None:
    spec = Hosted(
        name="m", url="http://here/v1", api="chat", training_price=3, asking_price=1, cost_limit=5,
        bytes_per_token=2,
    )  # fmt: skip
    stage = Stage(name="told", training=TRAINING, measures=())
    tokens = 4 * (sum(len(d.text) for d in TOLD) // 2 + 8 * 12)
    bill = spec.bill([stage, stage], asked=400, answered=50)
    assert (bill.trained, bill.asked, bill.limit) == (2 * tokens, 250, 5)
    assert bill.training == pytest.approx(2 * tokens * 3e-6)
    assert bill.asking == pytest.approx(250e-6)
    assert bill.total == pytest.approx(2 * tokens * 3e-6 + 250e-6)
    both = bill + bill
    assert both.trained == 4 * tokens
    assert both.total == pytest.approx(2 * (bill.total or 0))
    refuse_cost(both, "m")
    free = Hosted(name="m", url="http://here/v1", training_price=0, cost_limit=0)
    refuse_cost(free.bill([stage]), "m")


def test_model_that_cannot_be_asked_is_not_paid_for(server: Finetuning, tmp_path: Path) -> None:
    server.scores = False
    with pytest.raises(ObverseError, match="echo and logprobs are not supported"):
        trained(hosted(server, api="completions"), tmp_path)
    assert paid(server) == (0, 0)
