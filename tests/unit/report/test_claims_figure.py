"""The figure of the claims shows each seed, the mean, the paper, and where a claim would hold."""

from typing import Any

import pytest

from obverse.core.page import Figure, Section
from obverse.report.claims_figure import claims_figures
from tests.drawn import datasets, render
from tests.left_behind import claim
from tests.legible import problems


def panels(figure: Figure) -> list[dict[str, Any]]:
    spec = figure.chart.to_dict()
    found: list[dict[str, Any]] = spec["vconcat"]
    return found


def data(figure: Figure, panel: int, layer: int) -> list[dict[str, Any]]:
    spec = figure.chart.to_dict()
    part = spec["vconcat"][panel]["layer"][layer]
    rows: list[dict[str, Any]] = spec["datasets"][part["data"]["name"]]
    return rows


def marks(figure: Figure) -> list[dict[str, Any]]:
    """Return the points: what they are of, where they stand, and what they say."""
    return [row for some in datasets(figure.chart) for row in some if "what" in row]


def test_every_kind_of_number_has_its_mark() -> None:
    (figure,) = claims_figures([claim()])
    points = {(row["what"], row["x"]) for row in marks(figure)}
    assert points == {
        ("the paper", 0.5), ("mean, 95 % interval", 0.75),
        ("each seed", 0.625), ("each seed", 0.875),
    }  # fmt: skip
    assert "n = 4 facts, 2 seeds." in figure.caption
    said = {row["what"]: row["said"] for row in marks(figure)}
    assert said["mean, 95 % interval"] == (
        "the left side is known: 0.750 exact match, 95 % interval 0.500 to 0.875, criterion > 0.100, "
        "n = 4 facts, 2 seeds: holds"
    )
    assert said["the paper"] == "the left side is known, the paper, Table 1: 0.500"
    assert said["each seed"] == "the left side is known, seed 1: 0.875"
    svg, _ = render(figure.chart)
    assert said["each seed"] in svg


@pytest.mark.parametrize(
    ("criterion", "lines", "shaded"),
    [
        ("> 0.600", (0.6, None), (0.6, "end")),
        ("< 0.600", (None, 0.6), ("start", 0.6)),
        ("within ±0.8", (-0.8, 0.8), (-0.8, 0.8)),
        ("> −0.100", (-0.1, None), (-0.1, "end")),
        ("by some rule", (None, None), (None, None)),
    ],
)
def test_criterion_is_drawn(criterion: str, lines: tuple[Any, Any], shaded: tuple[Any, Any]) -> None:
    (figure,) = claims_figures([claim(criterion=criterion)])
    (row,) = data(figure, 0, 0)
    assert (row["at"], row["at2"]) == lines
    x = panels(figure)[0]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    ends = {"start": x[0], "end": x[1]}
    assert (row["from"], row["to"]) == tuple(ends.get(end, end) for end in shaded)


def test_units_have_axes_of_their_own_and_models_figures_of_their_own() -> None:
    claims = [claim(unit="nats", measured=-9.0), claim(), claim(model="n")]
    first, second = claims_figures(claims)
    assert (first.name, second.name) == ("claims-1", "claims-2")
    titles = [p["layer"][0]["encoding"]["x"]["title"] for p in panels(first)]
    assert titles == ["nats", "exact match"]
    assert len(panels(second)) == 1


@pytest.mark.parametrize(
    ("values", "criterion"),
    [
        ([-0.036, -0.012], "> 0.000"),
        ([-0.415, 0.05], "< −0.100"),
        ([0.0, 0.205], "> 0.000"),
        ([0.0, 0.0], "within ±0.1"),
        ([1234.5, 98765.4], "> 0.1"),
    ],
)
def test_labels_of_the_axes_keep_their_distance(values: list[float], criterion: str) -> None:
    low, high = values
    one = claim(measured=(low + high) / 2, low=low, high=high, by_seed={"0": low, "1": high},
                criterion=criterion, paper=None)  # fmt: skip
    assert problems([Section(title="Claims", parts=claims_figures([one]))]) == []


def test_one_seed_without_interval_or_paper() -> None:
    (figure,) = claims_figures([claim(low=None, high=None, paper=None, by_seed={"0": 0.75}, n_seeds=1)])
    assert {row["what"] for row in marks(figure)} == {"mean, 95 % interval"}
    assert "each seed" not in figure.caption
    assert "the paper" not in figure.caption
    assert "interval" not in figure.caption
    render(figure.chart)


def test_interval_that_dwarfs_the_values_is_cut_with_an_arrow() -> None:
    (figure,) = claims_figures([claim(low=-90.0, high=90.0, criterion="> 0.000")])
    (row,) = data(figure, 0, 0)
    domain = panels(figure)[0]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert -2 < domain[0] < 0.5 < 1 < domain[1] < 3
    assert (row["below"], row["above"]) == tuple(domain)
    assert "an arrow where it goes on" in figure.caption


def test_long_claims_are_broken_and_equal_ones_kept_apart() -> None:
    long = "a claim that goes on " * 20
    (figure,) = claims_figures([claim(text=long), claim(text=long)])
    rows = data(figure, 0, 0)
    assert [row["place"] for row in rows] == [0, 1]
    assert rows[0]["lines"] == 3
    assert rows[0]["line2"].endswith("…")


def test_what_was_not_measured_is_not_drawn() -> None:
    assert claims_figures([claim(measured=None, by_seed={})]) == []
