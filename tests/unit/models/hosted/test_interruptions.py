"""Whatever interrupts a run, a file is sent and a job started once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.models.finetuned import FinetunedModel
from obverse.models.jobs import Service
from obverse.models.ledger import Ledger
from obverse.models.order import Order
from tests.finetuning import Finetuning
from tests.unit.models.hosted.trainings import (
    KEY,
    Killed,
    hosted,
    kill_at,
    paid,
    trained,
)

# Where a run is killed, and whether its folder is lost as well.
STEPS: list[tuple[type, str, bool]] = [
    (Service, "_send", False), (Service, "_send", True), (Service, "_start", False),
    (Service, "_start", True), (Service, "wait", False), (Service, "wait", True),
    (FinetunedModel, "_become", False), (FinetunedModel, "generate", False),
]  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "method", "lost"), STEPS)
def test_killed_run_goes_on_with_the_same_job(
    server: Finetuning,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
    after: bool,
    lost: bool,
) -> None:
    """Also where its folder is lost: the service is looked at first."""
    with monkeypatch.context() as patch:
        kill_at(patch, owner, method, after=after)
        with pytest.raises(Killed):
            trained(hosted(server), tmp_path)
    if lost:
        shutil.rmtree(tmp_path / "stage", ignore_errors=True)
    assert trained(hosted(server), tmp_path)[1] == ["number 3.", "number 11."]
    assert paid(server) == (1, 1)
    assert server.count("POST /v1/files") == server.count("POST /v1/fine_tuning/jobs") == 1


@pytest.mark.parametrize("when", ["doing='upload'", "file=", "doing='start'", "job=", "status="])
def test_ids_are_written_down_before_and_after_each_step(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A kill at any writing, before it has come through, loses nothing."""
    note = Ledger.note

    def cut(self: Ledger, **facts: Any) -> None:
        if when in ", ".join(f"{key}={value!r}" for key, value in facts.items()):
            raise Killed
        note(self, **facts)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "note", cut)
        with pytest.raises(Killed):
            trained(hosted(server), tmp_path)
    trained(hosted(server), tmp_path)
    assert paid(server) == (1, 1)
    ledger = json.loads((tmp_path / "stage" / "job.json").read_text())
    assert (ledger["file"], ledger["job"], ledger["status"]) == ("file-1", "ftjob-1", "succeeded")
    assert KEY not in json.dumps(ledger)


@pytest.mark.parametrize("step", ["_send", "_start"])
def test_what_is_in_doubt_is_not_done_again_where_nobody_can_tell(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    server.lists = False
    with monkeypatch.context() as patch:
        kill_at(patch, Service, step, after=True)
        with pytest.raises(Killed):
            trained(hosted(server), tmp_path)
    before = paid(server)
    with pytest.raises(ObverseError, match=r"it is not known whether a .* that was cut off has come thr"):
        trained(hosted(server), tmp_path)
    assert paid(server) == before
    assert trained(hosted(server, attempt=2), tmp_path)[1] == ["number 3.", "number 11."]


def test_server_that_lists_nothing_will_do_as_long_as_nothing_is_lost(
    server: Finetuning, tmp_path: Path
) -> None:
    server.lists = False
    for _ in range(2):
        assert trained(hosted(server), tmp_path)[1] == ["number 3.", "number 11."]
    assert paid(server) == (1, 1)


def test_same_training_is_paid_once_whichever_run_wants_it(server: Finetuning, tmp_path: Path) -> None:
    for number in range(3):  # more files than a page of the list has
        trained(hosted(server), tmp_path / str(number), seed=number)
    assert paid(server) == (3, 3)
    trained(hosted(server, suffix="other"), tmp_path / "again", seed=0)
    assert paid(server) == (3, 3)
    trained(hosted(server, learning_rate_multiplier=2), tmp_path / "other", seed=0)
    assert paid(server) == (4, 4)


@pytest.mark.parametrize("changed", [f for f in Order.__dataclass_fields__ if f != "suffix"])
def test_all_that_determines_a_job_is_part_of_its_key(changed: str) -> None:
    usual: dict[str, Any] = {
        "url": "http://here/v1", "model": "a", "content": b"x", "epochs": 1, "batch_size": 2,
        "learning_rate_multiplier": "auto", "seed": 0, "suffix": "", "attempt": 1,
    }  # fmt: skip
    other = usual | {changed: b"y" if changed == "content" else 9}
    assert Order(**other).key != Order(**usual).key == Order(**usual | {"suffix": "z"}).key
