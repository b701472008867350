"""Two different studies have two places by default, and the same command has the same."""

from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.studies.place import LONGEST, place_of
from tests.outside.counting import Capitals, TableSpec


@pytest.mark.parametrize(
    ("chosen", "place"),
    [
        ({}, "out/reversal"),
        ({"seeds": 9}, "out/reversal"),
        ({"preset": "tiny"}, "out/reversal"),
        ({"settings": {"recipe.epochs": "20"}}, "out/reversal-epochs-20"),
        ({"grid": {"recipe.epochs": [4, 8]}}, "out/reversal-epochs-4-8"),
        ({"data": Path("some/facts.csv")}, "out/reversal-facts.csv"),
        ({"models": ["org/small@step8"], "at_hand": False}, "out/reversal-org-small-step8"),
    ],
)
def test_place(chosen: dict[str, Any], place: str) -> None:
    assert place_of(obverse.study("reversal", **chosen)) == Path(place)


def test_long_choices_are_cut_and_still_told_apart() -> None:
    settings = {"recipe.epochs": 20, "recipe.learning_rate": 0.001, "recipe.batch_size": 4}
    places = {
        place_of(
            obverse.study("reversal", settings=settings | {"model.layers": 2, "model.heads": heads})
        ).name
        for heads in (1, 2)
    }
    assert len(places) == 2
    assert all(len(name) <= len("reversal-") + LONGEST + 7 for name in places)


def test_a_model_of_ones_own() -> None:
    assert place_of(obverse.study(Capitals, models=[TableSpec(name="mine")])) == Path("out/capitals-mine")
