"""A study on a model that a service finetunes: planned, refused, carried out, interrupted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import obverse
from obverse.cli.jobs import jobs as show_jobs
from obverse.core.errors import ObverseError
from obverse.models import jobs
from obverse.models.jobs import Service
from obverse.run.loop import MISSED
from obverse.run.task import Execution
from obverse.studies.forecast import forecast
from obverse.studies.tasks import work
from obverse.studies.workload import sent
from tests.finetuning import BASE, Finetuning, finetuning
from tests.outside.inline import Inline
from tests.unit.studies.test_forecast import shown

SETTINGS = {
    "facts_per_subset": 3, "paraphrases": 4, "held_out_prompts": 2, "recipe.epochs": 2,
    "recipe.batch_size": 8, "recipe.loss_on": "completion", "model.training_price": 3,
    "model.cost_limit": 1, "model.poll": 0.01,
}  # fmt: skip


EXECUTION = Execution(device="cpu", workers=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Finetuning]:
    monkeypatch.setattr(jobs, "FIRST_PAUSE", 0.01)
    with finetuning() as state:
        yield state


def study(server: Finetuning, seeds: int = 2, **others: Any) -> obverse.Study:
    settings = {k: v for k, v in (SETTINGS | others).items() if v is not None}
    return obverse.study(
        "reversal", models=[BASE], finetune=f"{server.url}#chat", seeds=seeds, settings=settings
    )


def test_study_goes_from_the_forecast_to_its_results(server: Finetuning, tmp_path: Path) -> None:
    made = study(server)
    planned = forecast(made, tmp_path / "out", EXECUTION)
    assert planned.on_gpu is None
    assert planned.bill is not None
    assert planned.bill.training == pytest.approx(planned.bill.trained * 3e-6)
    said = shown(planned)
    assert "cost, training" in said
    assert "of at most 1" in said
    assert "no model.asking_price: not counted" in said
    result = made.run(tmp_path / "out", execution=EXECUTION, executor=Inline())
    assert (len(server.files), len(server.jobs)) == (2, 2)
    table = result.observations
    assert set(table["epoch"].unique()) == {0, 2}, "the start and the end"
    assert table["logprob"].null_count() == len(table), "a chat gives no log-probabilities"
    [folder, _] = sorted((tmp_path / "out/runs").iterdir())
    record = json.loads((folder / "provenance.json").read_text())
    assert record["left_out"] == {MISSED: 1}, "which the page says"
    assert record["stages"][0]["job"] == "ftjob-1"
    assert record["weights_after_sha256"] is None
    before = len(server.requests)
    made.run(tmp_path / "out", execution=EXECUTION, executor=Inline())
    assert len(server.requests) == before, "a study that is finished asks for nothing"


def test_study_that_costs_too_much_is_refused_as_a_whole(server: Finetuning, tmp_path: Path) -> None:
    one = forecast(study(server, 1), tmp_path, EXECUTION).bill
    assert one is not None
    assert one.total is not None
    limit = 1.5 * one.total  # enough for one run, and not for two
    with pytest.raises(ObverseError, match=r"base-model: would cost about"):
        study(server, 2, **{"model.cost_limit": limit}).run(tmp_path, executor=Inline())
    with pytest.raises(ObverseError, match="nothing is started without a price"):
        study(server, 1, **{"model.training_price": None}).run(tmp_path, executor=Inline())
    assert not server.requests
    study(server, 1, **{"model.cost_limit": limit}).run(tmp_path, execution=EXECUTION, executor=Inline())
    assert len(server.jobs) == 1


def test_run_that_was_killed_goes_on_with_its_job(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Service, "wait", killed)
        with pytest.raises(KeyboardInterrupt):
            study(server, 1).run(tmp_path, execution=EXECUTION, executor=Inline())
    asked = server.count("POST /v1/chat/completions")
    result = study(server, 1).run(tmp_path, execution=EXECUTION, executor=Inline())
    assert (server.count("POST /v1/files"), server.count("POST /v1/fine_tuning/jobs")) == (1, 1)
    assert result.runs["steps"].to_list() == [12]
    questions = len(result.observations.filter(epoch=2))
    assert server.count("POST /v1/chat/completions") == asked + questions + 1, "nothing is asked again"


def test_jobs_are_shown_and_cancelled(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    study(server, 1).run(tmp_path, execution=EXECUTION, executor=Inline())
    with monkeypatch.context() as patch:
        patch.setattr(Service, "wait", killed)
        with pytest.raises(KeyboardInterrupt):
            study(server, 2).run(tmp_path, execution=EXECUTION, executor=Inline())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-to-be-seen")
    server.faults["GET /v1/fine_tuning/jobs/ftjob-2"] = [401]
    with pytest.raises(ObverseError, match=r"job ftjob-2: .*no luck with Bearer \*\*\*"):
        show_jobs(tmp_path, key="OPENAI_API_KEY")
    capsys.readouterr()
    show_jobs(tmp_path, cancel=True, key="OPENAI_API_KEY")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("base-model, seed 0: ftjob-1 succeeded: ft:base-model::ftjob-1, cost 0.0")
    assert second == "base-model, seed 1: ftjob-2 cancelled"
    assert [job["status"] for job in server.jobs.values()] == ["succeeded", "cancelled"]
    with pytest.raises(ObverseError, match=r"ftjob-2 was cancelled\. It is not started again"):
        study(server, 2).run(tmp_path, execution=EXECUTION, executor=Inline())
    with pytest.raises(ObverseError, match="no study is there"):
        show_jobs(tmp_path / "nowhere")


def test_what_was_charged_counts_and_not_what_was_forecast(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = server.finish

    def dearer(job: dict[str, Any]) -> None:
        finish(job)
        job["trained_tokens"] = 10**9

    monkeypatch.setattr(server, "finish", dearer)
    with pytest.raises(ObverseError, match=r"seed 1: was charged 3000\.00 so far, and would cost about"):
        study(server, 2).run(tmp_path, execution=EXECUTION, executor=Inline())
    assert len(server.jobs) == 1
    with pytest.raises(ObverseError, match=r"base-model: was charged 3000\.00 so far"):
        study(server, 2).run(tmp_path, execution=EXECUTION, executor=Inline())
    assert len(server.jobs) == 1


def folder_from_others(place: Path, server: Finetuning, **changed: Any) -> Path:
    """Write a folder of results, as somebody may make it up, with one job that runs."""
    settings = {"name": BASE, "url": server.url, "key": "MY_OTHER_SECRET"}
    model = {"type": "obverse.models.hosted:Hosted", "settings": settings} | changed
    stage = place / "runs/one/stage-00"
    stage.mkdir(parents=True)
    (place / "runs/one/run.json").write_text(json.dumps({"label": "one", "model": model}))
    (stage / "job.json").write_text(json.dumps({"key": "k", "job": "ftjob-1"}))
    return place


def test_key_is_sent_nowhere_unasked(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("MY_OTHER_SECRET", "hunter2")
    folder = folder_from_others(tmp_path, server)
    server.jobs["ftjob-1"] = {"id": "ftjob-1", "status": "queued", "looks": -9}
    said: list[str] = []

    def refuse(text: str, abort: bool) -> None:
        said.append(text)
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", refuse)
    with pytest.raises(typer.Abort):
        show_jobs(folder)
    assert said == [f"send the key in MY_OTHER_SECRET to {server.url}?"]
    assert not server.requests
    monkeypatch.setattr(typer, "confirm", lambda text, abort: True)
    show_jobs(folder)
    assert capsys.readouterr().out == "one: ftjob-1 running\n"
    assert server.headers[-1]["authorization"] == "Bearer hunter2", "once agreed, it is asked"
    show_jobs(folder, key="UNSET_VARIABLE")
    assert server.headers[-1]["authorization"] == "Bearer none"


def test_no_class_of_a_folder_is_loaded(server: Finetuning, tmp_path: Path, capsys: Any) -> None:
    evil = tmp_path / "evil.py"
    evil.write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    show_jobs(folder_from_others(tmp_path / "a", server, type=f"{evil}:X"))
    assert not (tmp_path / "ran").exists()
    show_jobs(folder_from_others(tmp_path / "b", server, type=["x"]))
    (folder_from_others(tmp_path / "c", server) / "runs/one/stage-00/job.json").write_text("[]")
    with pytest.raises(ObverseError, match=r"job\.json: expected an object"):
        show_jobs(tmp_path / "c")
    (tmp_path / "c/runs/one/run.json").write_text("3")
    with pytest.raises(ObverseError, match=r"run\.json: expected the model and the label"):
        show_jobs(tmp_path / "c")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"recipe.learning_rate": 1e-5}, r"recipe\.learning_rate: base-model is trained by a service"),
        ({"recipe.loss_on": "document"}, "in a chat, what the assistant says bears loss"),
        ({"facts_per_subset": 1, "paraphrases": 1}, "has 4 examples; a service takes no fewer than 10"),
        ({"model.suffix": "x" * 65}, "at most 64 letters"),
        ({"model.cost_limit": -1}, "expected at least 0, got -1"),
    ],
)
def test_what_a_service_would_not_do_is_refused_before(
    server: Finetuning, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ObverseError, match=said):
        study(server, 1, **settings).run(tmp_path, executor=Inline())
    assert not server.requests


def test_axis_that_a_service_does_not_heed_is_refused(server: Finetuning) -> None:
    with pytest.raises(ObverseError, match=r"recipe\.weight_decay: base-model is trained by a service"):
        study(server).grid({"recipe.weight_decay": [0, 0.1]})
    settings: dict[str, Any] = {"recipe.batch_size": None}
    other = study(server, **settings)
    other.grid({"model.learning_rate_multiplier": [1, 2], "recipe.batch_size": [4, 8]})


def test_weights_cannot_be_kept_here(server: Finetuning, tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="its weights are a server's, and cannot be kept here"):
        study(server).run(tmp_path, execution=Execution(keep_weights=True), executor=Inline())


def test_options_that_go_with_a_service(server: Finetuning) -> None:
    with pytest.raises(ObverseError, match="--finetune: name the server's model with --model NAME"):
        obverse.study("reversal", finetune=server.url)
    with pytest.raises(ObverseError, match="--endpoint, --finetune: expected one of the two"):
        obverse.study("reversal", models=["m"], finetune=server.url, endpoint=server.url)
    [spec] = obverse.study("reversal", models=["m=7e9"], finetune=server.url).models
    assert isinstance(spec, obverse.Hosted)
    assert (spec.name, spec.parameters, spec.api) == ("m", 7_000_000_000, "completions")


def test_same_study_is_the_same_runs(server: Finetuning, tmp_path: Path) -> None:
    """Prices and limits do not make a finished run another."""
    study(server, 1).run(tmp_path, execution=EXECUTION, executor=Inline())
    dearer = study(server, 1, **{"model.training_price": 4, "model.cost_limit": 9, "model.suffix": "x"})
    assert not work(dearer.plans(), tmp_path, EXECUTION).to_do


@pytest.mark.parametrize("api", ["chat", ""])
def test_what_is_sent_to_be_asked_was_counted_before(
    server: Finetuning, tmp_path: Path, api: str
) -> None:
    """Bytes of all prompts that the server is sent, but for what tries it out."""
    settings = {**SETTINGS, "model.asking_price": 1}
    made = obverse.study(
        "reversal", models=[BASE], finetune=server.url + f"#{api}" * bool(api), seeds=1, settings=settings
    )
    [plan] = made.plans()
    [(run, _)] = plan.identified()
    read, written, _ = sent(plan.stages_of(run), run.model)
    bodies: list[dict[str, Any]] = []
    whole = server.answer

    def heard(method: str, path: str, query: Any, body: Any) -> tuple[int, Any]:
        if path.endswith("completions"):
            bodies.append(body)
        return whole(method, path, query, body)

    server.answer = heard  # type: ignore[method-assign]
    made.run(tmp_path, execution=EXECUTION, executor=Inline())
    prompts = [b["prompt"] if "prompt" in b else b["messages"][0]["content"] for b in bodies]
    asked = [(p, b) for p, b in zip(prompts, bodies, strict=True) if p not in ("The", "The end")]
    # The same is asked of no model twice, where the forecast takes every moment by itself.
    assert 0.8 * read < sum(len(p.encode()) for p, _ in asked) <= read
    assert 0.8 * written < sum(b["max_tokens"] for _, b in asked if not b.get("echo")) <= written
