"""What a model learns that a service finetunes, and what runs of it are told apart by."""

from contextlib import closing
from pathlib import Path

import pytest

from obverse.core.abilities import Closes, Generates, Saves, Scores, Trains
from obverse.core.data import Document
from obverse.core.stage import Stage, Training
from obverse.models.hosted import Hosted
from tests.conftest import watch
from tests.finetuning import BASE, Finetuning
from tests.unit.models.hosted.trainings import ASKED, LIMITS, TOLD, TRAINING, built, hosted, paid, trained


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


def test_servers_of_the_older_api(server: Finetuning, tmp_path: Path) -> None:
    server.older = True
    record, answers, _ = trained(hosted(server), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert record["hyperparameters"]["n_epochs"] == 4
    assert paid(server) == (1, 1)


def test_base_that_nobody_serves_need_not_be_asked(server: Finetuning, tmp_path: Path) -> None:
    _, answers, points = trained(hosted(server, ask_base=False), tmp_path)
    assert answers == ["number 3.", "number 11."]
    assert [p.step for p in points] == [10]
    models = [m for m in server.requests if m == "POST /v1/chat/completions"]
    assert len(models) == 3, "two questions, and whether the model is there"


def test_what_decides_the_result_tells_runs_apart() -> None:
    spec = Hosted(name="m", url="http://here/v1")
    for other in ({"name": "n"}, {"url": "http://there/v1"}, {"api": "chat"},
                  {"learning_rate_multiplier": 2.0}):  # fmt: skip
        assert spec.model_copy(update=other).identity() != spec.identity()
    for same in ({"suffix": "x"}, {"training_price": 1.0}, {"cost_limit": 2.0}, {"attempt": 2},
                 {"poll": 1.0}, {"key": "MINE"}):  # fmt: skip
        assert spec.model_copy(update=same).identity() == spec.identity()


def test_documents_in_order_are_refused_since_a_service_shuffles(server: Finetuning) -> None:
    fixed = Training(documents=TOLD, recipe=TRAINING.recipe, in_order=True)
    stages = [Stage(name="told", training=training, measures=()) for training in (TRAINING, fixed)]
    assert hosted(server).refuses(stages[:1]) is None
    assert "come in order, and a service shuffles" in (hosted(server).refuses(stages) or "")
