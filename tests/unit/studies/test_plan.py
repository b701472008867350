"""What a study will do: runs, their data built once, and stored runs that no longer count."""

from pathlib import Path

import pytest

import obverse
from obverse.core.stage import Stage
from obverse.run.task import Execution
from obverse.studies.plan import Arm, Plan
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, Compared, TableSpec

EXECUTION = Execution(device="cpu")


class Seedless(TableSpec):
    same_for_all_seeds = False


def test_runs_of_all_models_seeds_and_variants() -> None:
    study = obverse.study(Compared, models=[TableSpec(), TableSpec(name="b", seconds=1)], seeds=2)
    assert [run.label for run in study.plans()[0].runs()] == [
        "table, few, seed 0", "b, few, seed 0", "table, many, seed 0", "b, many, seed 0",
        "table, few, seed 1", "b, few, seed 1", "table, many, seed 1", "b, many, seed 1",
    ]  # fmt: skip


class AskedAsItIs(Capitals):
    def stages(self, seed: int) -> tuple[Stage, ...]:
        return tuple(Stage(name=stage.name, measures=stage.measures) for stage in super().stages(seed))


def test_model_asked_as_it_is_is_run_once_unless_seeds_make_it_another() -> None:
    for spec, runs in ((TableSpec(), 1), (Seedless(), 3)):
        assert len(Plan({"": Arm(AskedAsItIs(), (spec,))}, (0, 1, 2))) == runs


def test_data_is_built_once_for_a_seed_and_variant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built: list[tuple[int, int]] = []
    build = Capitals.stages

    def counted(self: Capitals, seed: int) -> tuple[Stage, ...]:
        built.append((self.facts, seed))
        return build(self, seed)

    monkeypatch.setattr(Capitals, "stages", counted)
    study = obverse.study(Compared, models=[TableSpec(), TableSpec(name="b", seconds=1)], seeds=2)
    plan = study.plans()[0]
    plan.check()
    assert len(work([plan], tmp_path, EXECUTION).to_do) == 8
    assert sorted(built) == [(8, 0), (8, 1), (12, 0), (12, 1)]


def test_finished_run_counts_until_what_determines_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def found(*, facts: int = 8) -> tuple[int, tuple[str, ...]]:
        plan = obverse.study(Capitals(facts=facts), models=[TableSpec()], seeds=1).plans()[0]
        todo = work([plan], tmp_path, EXECUTION)
        for task in todo.to_do:
            task.perform(lambda done, total: None)
        return len(todo.to_do), todo.messages

    assert found() == (1, ())
    assert found() == (0, ())
    monkeypatch.setattr("tests.outside.counting.WORD", "spire")
    [message] = found()[1]
    assert message.startswith("table, seed 0: run anew: the documents of stage 'first'")
    [message] = found(facts=9)[1]
    assert "facts (8 → 9)" in message
    assert len(list((tmp_path / "runs").iterdir())) == 3, "nothing is lost"


def test_weights_that_were_not_kept_are_told(tmp_path: Path) -> None:
    plan = obverse.study(Capitals, models=[TableSpec()], seeds=1).plans()[0]
    for task in work([plan], tmp_path, EXECUTION).to_do:
        task.perform(lambda done, total: None)
    [message] = work([plan], tmp_path, Execution(device="cpu", keep_weights=True)).messages
    assert (
        message == "table, seed 0: finished before, without its weights; remove its folder to train again"
    )
