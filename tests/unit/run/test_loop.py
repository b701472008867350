"""The loop: stages, moments and resuming, with models that need no training to speak of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from obverse import Ask, Document, Moment, Probe, Recipe, Setup, Stage, Training, Watch, When
from obverse.core.abilities import Model, Point
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec
from obverse.run.folder import RunFolder
from obverse.run.identity import identify
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from tests.outside.counting import Capitals, Entries, Table, TableSpec


def task(experiment: Capitals, folder: Path, model: ModelSpec | None = None) -> Task:
    run = Run(experiment=experiment, model=model or TableSpec(), seed=0)
    id = identify(run, run.stages()).id
    return Task(run=run, id=id, folder=folder, execution=Execution(device="cpu"))


def perform(experiment: Capitals, folder: Path, model: ModelSpec | None = None) -> RunFolder:
    task(experiment, folder, model).perform(lambda done, total: None)
    return RunFolder(folder)


def told(*facts: str) -> Training:
    documents = tuple(Document(prompt=fact, completion=" yes", fact=fact) for fact in facts)
    return Training(documents=documents, recipe=Recipe())


def asked(*facts: str) -> Ask:
    return Ask(probes=tuple(Probe(id=f, prompt=f, targets=(" yes",), fact=f) for f in facts))


class Branching(Capitals):
    """Asked as it is, told a; then two branches, each told another fact, and one from the very start."""

    def stages(self, seed: int) -> tuple[Stage, ...]:
        ask = ((asked("a", "b", "c", "d"), When()), (Entries(), When()))
        return (
            Stage(name="before", measures=ask),
            Stage(name="first", training=told("a"), measures=ask),
            Stage(name="second", training=told("b"), measures=ask, after="first"),
            Stage(name="second", training=told("c"), measures=ask, after="first", branch=1),
            Stage(name="apart", training=told("d"), measures=ask, after="before"),
            Stage(name="after", measures=ask, after="first"),
        )


def known(folder: RunFolder) -> dict[tuple[str, int], list[str]]:
    """Return which facts are answered at the end of each stage and branch."""
    table = folder.tables()["ask"].filter("exact_match")
    found: dict[tuple[str, int], list[str]] = {}
    for stage, branch, fact in table.select("stage", "branch", "fact").iter_rows():
        found.setdefault((stage, branch), []).append(fact)
    return found


WANTED = {
    ("first", 0): ["a"], ("second", 0): ["a", "b"], ("second", 1): ["a", "c"], ("apart", 0): ["d"],
    ("after", 0): ["a"],
}  # fmt: skip


def test_stages_go_on_from_the_weights_they_name(tmp_path: Path) -> None:
    folder = perform(Branching(), tmp_path)
    assert known(folder) == WANTED
    entries = folder.tables()["entries"]
    seen = {(s, b): t for s, b, t in entries.select("stage", "branch", "tokens").iter_rows()}
    assert seen == {
        ("before", 0): None, ("first", 0): 1, ("second", 0): 2, ("second", 1): 2, ("apart", 0): 1,
        ("after", 0): 1,
    }  # fmt: skip
    ends = entries.filter("final").select("stage", "branch").rows()
    assert ends == [("second", 0), ("second", 1), ("apart", 0), ("after", 0)]


@pytest.mark.parametrize("cut", range(1, 6))
def test_run_cut_off_after_any_stage_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    finish = RunFolder.finish_stage

    def cut_off(self: RunFolder, number: int, record: dict[str, Any]) -> None:
        if number == cut:
            raise KeyboardInterrupt
        finish(self, number, record)

    monkeypatch.setattr(RunFolder, "finish_stage", cut_off)
    with pytest.raises(KeyboardInterrupt):
        perform(Branching(), tmp_path)
    monkeypatch.undo()
    assert known(perform(Branching(), tmp_path)) == WANTED


class Growing(Table):
    """Learns a and b by itself, one at a time."""

    def grow(self, on_step: Callable[[int, int], None]) -> Iterator[Point]:
        for step, fact in enumerate("ab", start=1):
            self.known[fact] = " yes"
            yield Point(step=step, epoch=0, tokens=10 * step, last=step == 2)


class GrowingSpec(TableSpec):
    def build(self, setup: Setup) -> Model:
        return Growing(self.seconds)


class AskedTwice(Capitals):
    def stages(self, seed: int) -> tuple[Stage, ...]:
        all_along, at_the_end = When(start=True), When()
        measures = ((asked("a", "b"), all_along), (Entries(), at_the_end))
        return (Stage(name="one", measures=measures), Stage(name="two", measures=measures))


def test_model_that_grows_is_measured_as_it_grows_and_grows_once(tmp_path: Path) -> None:
    folder = perform(AskedTwice(), tmp_path, GrowingSpec())
    answers = folder.tables()["ask"].group_by("stage", "step", "tokens", "final", maintain_order=True)
    assert answers.agg(pl.col("exact_match").sum()).rows() == [
        ("one", 1, 10, False, 1), ("one", 2, 20, False, 2), ("two", 0, 20, True, 2),
    ]  # fmt: skip
    assert folder.tables()["entries"]["stage"].to_list() == ["one", "two"]


class GrownAndTold(Capitals):
    def stages(self, seed: int) -> tuple[Stage, ...]:
        ask = ((asked("a", "b", "c"), When()),)
        return (
            Stage(name="told", training=told("c"), measures=ask),
            Stage(name="asked", measures=ask),
        )


def test_model_that_grows_can_be_trained_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    known_facts = known(perform(GrownAndTold(), tmp_path, GrowingSpec()))
    assert known_facts == {("told", 0): ["a", "b", "c"], ("asked", 0): ["a", "b", "c"]}


class Leaving(Capitals):
    def stages(self, seed: int) -> tuple[Stage, ...]:
        return (Stage(name="x", training=told("a"), measures=((asked("a", "b" * 99), When()),)),)


class Short(Table):
    def fits(self, text: str) -> bool:
        return len(text) < 50


class ShortSpec(TableSpec):
    def build(self, setup: Setup) -> Model:
        return Short(self.seconds)


def test_what_is_left_out_is_recorded(tmp_path: Path) -> None:
    folder = perform(Leaving(), tmp_path, ShortSpec())
    assert folder.record()["left_out"] == {"longer than the model can read": 1}
    assert folder.tables()["ask"]["fact"].to_list() == ["a"]


def test_task_whose_data_has_changed_is_refused(tmp_path: Path) -> None:
    planned = task(Capitals(), tmp_path)
    other = Task(
        run=Run(experiment=Capitals(facts=9), model=TableSpec(), seed=0), id=planned.id,
        folder=tmp_path, execution=planned.execution,
    )  # fmt: skip
    with pytest.raises(ObverseError, match="gives other data or settings in this process"):
        other.perform(lambda done, total: None)


def test_columns_that_nobody_declares_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Entries, "columns", {"other": int})
    with pytest.raises(
        ObverseError, match=r"the measure 'entries' gives the column 'entries', which nei"
    ):
        perform(Capitals(), tmp_path)


class Skipping(Table):
    """Passes over the moment before the first step."""

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        def at(point: Point) -> None:
            if point.step:
                watch.at(point)

        return super().train(training, folder=folder, seed=seed, watch=replace(watch, at=at))


class SkippingSpec(TableSpec):
    def build(self, setup: Setup) -> Model:
        return Skipping(self.seconds)


def test_training_that_passes_over_a_moment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"did not call watch\.at after step 0 of stage 'first'"):
        perform(Capitals(), tmp_path, SkippingSpec())


class Silent(Table):
    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        super().train(training, folder=folder, seed=seed, watch=watch)
        return {}


class SilentSpec(TableSpec):
    def build(self, setup: Setup) -> Model:
        return Silent(self.seconds)


def test_training_that_does_not_say_what_it_did_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"its train\(\) returned \{\}; expected a dict with 'steps'"):
        perform(Capitals(), tmp_path, SilentSpec())


@dataclass(frozen=True, kw_only=True)
class Endless(Entries):
    columns: ClassVar[Mapping[str, type]] = {"entries": int, "size": float}

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        return super().__call__(model, moment).with_columns(size=pl.lit(float("nan")))


class Undefined(Capitals):
    def stages(self, seed: int) -> tuple[Stage, ...]:
        return (Stage(name="x", training=told("a"), measures=((Endless(), When()),)),)


def test_numbers_that_are_none_are_missing_and_said_to_be(tmp_path: Path) -> None:
    folder = perform(Undefined(), tmp_path)
    assert folder.tables()["entries"]["size"].to_list() == [None]
    assert folder.record()["left_out"] == {"values of entries that are no finite numbers": 1}


class Diverging(Table):
    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        for step, loss in enumerate((1.0, float("inf"), float("nan"))):
            watch.on_loss(step, loss)
        return super().train(training, folder=folder, seed=seed, watch=watch)


class DivergingSpec(TableSpec):
    def build(self, setup: Setup) -> Model:
        return Diverging(self.seconds)


def test_training_that_diverged_is_said_to_have(tmp_path: Path) -> None:
    folder = perform(Capitals(), tmp_path, DivergingSpec())
    assert folder.record()["left_out"] == {  # two steps of each stage
        "training steps whose loss was no finite number: the training diverged": 4
    }
