"""Models that a service finetunes, against a server that speaks its API and has its faults."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.model import Closes, Generates, Point, Saves, Scores, Trains
from obverse.core.recipe import Recipe
from obverse.core.stage import Stage, Training, When
from obverse.models import jobs, remote
from obverse.models.finetuned import FinetunedModel
from obverse.models.hosted import Hosted, refuse_cost
from obverse.models.jobs import Service
from obverse.models.ledger import Ledger
from obverse.models.order import Order
from tests.conftest import setup, watch
from tests.finetuning import BASE, Finetuning, finetuning

KEY = "sk-never-to-be-seen"
TOLD = tuple(Document(prompt=f"Fact {i} is", completion=f" number {i}.") for i in range(12))
TRAINING = Training(documents=TOLD, recipe=Recipe(epochs=4, batch_size=5, loss_on="completion"))
ASKED, LIMITS = ["Fact 3 is", "Fact 11 is"], [9, 9]
ENDS = When(start=True, epochs=1)


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


def test_model_learns_what_is_sent_and_is_asked_before_and_after(
    server: Finetuning, tmp_path: Path
) -> None:
    server.absent = 2  # a model that was just made is not there at once
    record, answers, points = trained(hosted(server, suffix="mine"), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert [(p.step, p.epoch, p.last) for p in points] == [(0, 0, False), (10, 4, True)]
    [job] = server.jobs.values()
    assert record == {
        "steps": 10, "tokens": job["trained_tokens"], "tokens_counted": True, "job": "ftjob-1",
        "file": "file-1", "began_with": BASE, "model": f"ft:{BASE}:mine:ftjob-1",
        "hyperparameters": {"n_epochs": 4, "batch_size": 5, "learning_rate_multiplier": "auto"},
        "cost": pytest.approx(job["trained_tokens"] * 3e-6),
    }  # fmt: skip
    assert (job["seed"], job["suffix"]) == (7, "mine")
    assert points[-1].tokens == job["trained_tokens"]
    name, content = server.files["file-1"]
    assert name == f"obverse-{job['metadata']['obverse']}.jsonl"
    assert len(content.decode().splitlines()) == 12


def test_what_kinds_of_models_can_do(server: Finetuning, tmp_path: Path) -> None:
    chat, completions = hosted(server), hosted(server, api="completions")
    assert chat.abilities() == {"generates", "samples", "trains"}
    assert completions.abilities() == {"generates", "samples", "scores", "trains"}
    assert (
        chat.lacks(frozenset({"saves", "trains"}))
        == "its weights are a server's, and cannot be kept here"
    )
    for spec, scores in ((chat, False), (completions, True)):
        with closing(built(spec, tmp_path)) as model:
            assert isinstance(model, Scores) == scores
            for protocol in (Generates, Trains, Closes):
                assert isinstance(model, protocol)
            assert not isinstance(model, Saves)


def test_completions_give_log_probabilities_of_the_finetuned_model(
    server: Finetuning, tmp_path: Path
) -> None:
    with closing(built(hosted(server, api="completions"), tmp_path)) as model:
        assert isinstance(model, Scores)
        options = [[" number 3.", " number 4."]]
        assert model.logprobs(["Fact 3 is"], options) == [pytest.approx([-10, -10])]
        model.train(TRAINING, folder=tmp_path / "stage", seed=0, watch=watch())
        assert model.logprobs(["Fact 3 is"], options) == [pytest.approx([-0.2, -10])]
        assert model.generate(ASKED, LIMITS) == [" number 3.", " number 11."]


def test_progress_and_losses_are_those_of_the_job(server: Finetuning, tmp_path: Path) -> None:
    server.looks = 3
    steps: list[tuple[int, int]] = []
    losses: dict[int, float] = {}
    with closing(built(hosted(server), tmp_path)) as model:
        heard = watch(on_step=lambda done, total: steps.append((done, total)), on_loss=losses.__setitem__)
        model.train(TRAINING, folder=tmp_path / "stage", seed=0, watch=heard)
    assert steps == [(1, 10), (2, 10), (3, 10)]
    assert losses == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}


def test_epochs_whose_models_the_service_kept_are_measured(server: Finetuning, tmp_path: Path) -> None:
    server.checkpoints = 3
    _, _, points = trained(hosted(server), tmp_path)
    assert [(p.step, p.epoch, p.last) for p in points] == [
        (0, 0, False), (4, 2, False), (7, 3, False), (10, 4, True),
    ]  # fmt: skip


def test_next_stage_goes_on_from_the_model_of_the_last(server: Finetuning, tmp_path: Path) -> None:
    spec = hosted(server)
    with closing(built(spec, tmp_path)) as model:
        first = model.train(TRAINING, folder=tmp_path / "0", seed=0, watch=watch())
        model.save(tmp_path / "kept")
    more = tuple(Document(prompt=f"More {i} is", completion=f" {i}") for i in range(10))
    with closing(built(spec, tmp_path)) as model:
        model.restore(tmp_path / "kept")
        assert model.generate(ASKED, LIMITS) == ["number 3.", "number 11."]
        further = Training(documents=more, recipe=TRAINING.recipe)
        second = model.train(further, folder=tmp_path / "1", seed=0, watch=watch())
        assert model.generate(["More 2 is", *ASKED], [9, *LIMITS]) == ["2", "number 3.", "number 11."]
    assert second["began_with"] == first["model"]
    assert paid(server) == (2, 2)


# Faults -------------------------------------------------------------------------------------------------

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


def test_servers_of_the_older_api(server: Finetuning, tmp_path: Path) -> None:
    server.older = True
    record, answers, _ = trained(hosted(server), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert record["hyperparameters"]["n_epochs"] == 4
    assert paid(server) == (1, 1)


def test_refused_job_is_told_as_it_was_refused_first(server: Finetuning, tmp_path: Path) -> None:
    server.faults["POST /v1/fine_tuning/jobs"] = [400, 422]
    with pytest.raises(ObverseError, match="400"):
        trained(hosted(server), tmp_path)
    assert paid(server) == (1, 0)


# Interruptions ------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As a kill that no code of ours sees."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, *, after: bool) -> None:
    whole = getattr(owner, method)

    def cut(*args: Any, **kwargs: Any) -> Any:
        if after:
            whole(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, method, cut)


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


# Costs --------------------------------------------------------------------------------------------------


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


def test_base_that_nobody_serves_need_not_be_asked(server: Finetuning, tmp_path: Path) -> None:
    _, answers, points = trained(hosted(server, ask_base=False), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert [p.step for p in points] == [10]
    models = [m for m in server.requests if m == "POST /v1/chat/completions"]
    assert len(models) == 3, "two questions, and whether the model is there"


# Secrets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://me:hunter2@host/v1", "https://hunter2@host/v1", "https://host/v1?api_key=hunter2"]
)
def test_address_with_a_secret_is_refused_without_repeating_it(url: str) -> None:
    from obverse.studies.models import OfAll, choose

    for of_all in (OfAll(finetune=url), OfAll(endpoint=url)):
        with pytest.raises(ObverseError, match="would be written down") as raised:
            choose(["m"], of_all)
        assert "hunter2" not in str(raised.value)
    with pytest.raises(ObverseError, match="expected an address such as"):
        choose(["m"], OfAll(finetune="host"))


def test_key_is_sent_and_written_nowhere(server: Finetuning, tmp_path: Path) -> None:
    trained(hosted(server), tmp_path)
    assert {h["authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY not in path.read_text(encoding="utf-8")


def test_what_decides_the_result_tells_runs_apart() -> None:
    spec = Hosted(name="m", url="http://here/v1")
    for other in ({"name": "n"}, {"url": "http://there/v1"}, {"api": "chat"},
                  {"learning_rate_multiplier": 2.0}):  # fmt: skip
        assert spec.model_copy(update=other).identity() != spec.identity()
    for same in ({"suffix": "x"}, {"training_price": 1.0}, {"cost_limit": 2.0}, {"attempt": 2},
                 {"poll": 1.0}, {"key": "MINE"}):  # fmt: skip
        assert spec.model_copy(update=same).identity() == spec.identity()


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


def test_pause_that_is_no_number_is_none(server: Finetuning, tmp_path: Path, pauses: list[float]) -> None:
    server.retry_after = "nan"
    server.faults["POST /v1/files"] = [429]
    trained(hosted(server), tmp_path)
    assert all(0 < pause < 100 for pause in pauses)


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


@pytest.mark.parametrize(
    ("key", "said"), [("clé", "holds letters that are in no key"), ("a\x1bb", "no key")]
)
def test_key_that_no_header_holds_is_refused(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ObverseError, match=said):
        built(hosted(server), tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    assert hosted(server).secret() == "none"


def test_client_is_the_one_that_is_declared() -> None:
    """Retries of what sends or starts are ours: the client's own would be blind."""
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="x", max_retries=4)
    service = Service(client, 1)
    assert service._once.max_retries == 0
    assert service.client.max_retries == 4


def test_documents_in_order_are_refused_since_a_service_shuffles(server: Finetuning) -> None:
    fixed = Training(documents=TOLD, recipe=TRAINING.recipe, in_order=True)
    stages = [Stage(name="told", training=training, measures=()) for training in (TRAINING, fixed)]
    assert hosted(server).refuses(stages[:1]) is None
    assert "come in order, and a service shuffles" in (hosted(server).refuses(stages) or "")
