"""What each cell of a grid has of its own: values, checks and claims."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import pytest
from pydantic import Field, model_validator

import obverse
from obverse.core.errors import ObverseError
from tests.outside.counting import Capitals, TableSpec
from tests.unit.studies.test_grid import run, study


class Guessed(Capitals):
    """What is claimed depends on the settings, as a guess is right more often among fewer."""

    words: str = ""  # type: ignore[assignment]
    few: bool = False

    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        return Capitals(facts=self.facts + len(self.words)).stages(seed)

    def claims(self) -> tuple[obverse.Claim, ...]:
        told, entries = super().claims()
        limit = self.threshold + 1 / self.facts
        few = (replace(entries, id="few"),) if self.few else (entries,)
        return (replace(told, criterion=obverse.Above(limit)), *few)


def test_claims_are_those_of_the_cells_settings(tmp_path: Path) -> None:
    result, _ = run(study(Guessed).grid({"facts": [8, 16], "threshold": [0.25]}), tmp_path)
    told = {f.cell["facts"]: f for f in result.claims if f.claim == "told"}
    assert {n: f.bound for n, f in told.items()} == {8: 0.25 + 1 / 8, 16: 0.25 + 1 / 16}
    assert {f.family for f in result.claims} == {4}, "all cells share the level"
    assert list(obverse.load(tmp_path).evaluate()) == list(result.claims)
    with pytest.raises(ObverseError, match="threshold: is an axis of the study's grid"):
        result.evaluate(settings={"threshold": 0.3})


def test_claims_of_cells_may_be_others_and_need_their_own(tmp_path: Path) -> None:
    """Stricter thresholds by evaluating anew, with claims that one cell alone has."""
    result, _ = run(study(Guessed).grid({"few": [False, "true"], "facts": [8]}), tmp_path / "a")
    assert result.observations.schema["few"] == pl.Boolean
    assert [(f.claim, f.cell["few"]) for f in result.claims] == [
        ("told", False), ("entries", False), ("told", True), ("few", True),
    ]  # fmt: skip
    again = obverse.load(tmp_path / "a")
    assert list(again.evaluate()) == list(again.claims) == list(result.claims)
    strict = again.evaluate(settings={"threshold": 0.95})
    assert {f.bound for f in strict if f.claim == "told"} == {0.95 + 1 / 8}
    assert {f.note for f in strict if f.claim != "told"} == {
        "it would hold, and is held back, since told fails"
    }


def test_axis_of_one_value_after_the_runs_is_applied(tmp_path: Path) -> None:
    result, _ = run(study().grid({"threshold": [0.75]}), tmp_path)
    assert result.claims[0].bound == 0.75


def test_text_is_what_a_setting_of_text_takes(tmp_path: Path) -> None:
    words = ["1", "true", "none", '"x"', "[2"]
    made = study(Guessed).grid({"words": words})
    assert list(made.axes["words"]) == words
    assert [plan.arms[""].experiment.model_dump()["words"] for plan in made.plans()] == words
    result, _ = run(study(Guessed).grid({"words": ["1", "none"]}), tmp_path)
    assert [f.cell["words"] for f in result.evaluate()] == ["1", "1", "none", "none"]


class Coupled(TableSpec):
    width: Annotated[int, Field(ge=8)] = 128
    heads: int = 4

    @model_validator(mode="after")
    def _fits(self) -> "Coupled":
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} does not go with {self.heads} heads")
        return self


def test_settings_that_depend_on_one_another_are_checked_in_each_cell() -> None:
    """Three heads do not go with the width that the model has otherwise."""
    coupled = obverse.study(Capitals, models=[Coupled()], seeds=1)
    made = coupled.grid({"model.width": [48, 96], "model.heads": [3, 6]})
    assert [plan.arms[""].models[0].identity()["heads"] for plan in made.plans()] == [3, 6, 3, 6]  # type: ignore[index]
    with pytest.raises(ObverseError, match=r"the grid at width 48, heads 5: model: .* with 5 heads"):
        coupled.grid({"model.width": [48], "model.heads": [3, 5]})
    with pytest.raises(ObverseError, match=r"the grid: model.width: expected"):
        coupled.grid({"model.width": [0]})
    with pytest.raises(ObverseError, match=r"^model.width: expected"):
        coupled.with_settings({"model.width": "0"})


class Sized(Capitals):
    """Compares two models, and one of them told more."""

    def variants(self) -> tuple[obverse.Variant, ...]:
        sizes = {"narrow": {"model.width": 64}, "wide": {"model.width": 96}}
        more = {"model.width": 96, "facts": 12}
        return *(obverse.Variant(name, of) for name, of in sizes.items()), obverse.Variant("more", more)


def test_variants_may_set_models(tmp_path: Path) -> None:
    compared = obverse.study(Sized, models=[Coupled()], seeds=1)
    (plan,) = compared.plans()
    widths = [one.models[0].identity()["width"] for one in plan.arms.values()]  # type: ignore[index]
    assert widths == [64, 96, 96]
    assert len({identity.id for _, identity in plan.identified()}) == 3
    result, _ = run(compared, tmp_path)
    assert set(result.observations["variant"]) == {"narrow", "wide", "more"}
    fixed = obverse.study(Sized, models=[Coupled()], seeds=1, settings={"facts": 12})
    with pytest.raises(ObverseError, match=r"'wide' and 'more' of the study .* are one and the same"):
        fixed.variants()
    with pytest.raises(ObverseError, match=r"model.width: the study .* compares values of it"):
        obverse.study(Sized, models=[Coupled()], settings={"model.width": 64}).variants()


def test_grid_of_a_class_that_is_nowhere_to_be_found_takes_claims_of_ones_own(tmp_path: Path) -> None:
    class Local(Guessed):
        pass

    _, _ = run(study(Local).grid({"facts": [8, 12]}), tmp_path)
    loaded = obverse.load(tmp_path)
    with pytest.raises(ObverseError, match="defined in a notebook or a prompt"):
        loaded.evaluate()
    assert [f.bound for f in loaded.evaluate(Capitals(threshold=0.7).claims()[:1])] == [0.7, 0.7]
