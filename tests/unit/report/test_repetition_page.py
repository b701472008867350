"""What the page of repetition suppression shows, on observations that are known."""

from itertools import product
from typing import Any

import polars as pl
import pytest

from obverse.core.observation import COLUMNS
from obverse.report.repetition import page

GRID: dict[str, Any] = {"pattern": "A B", "template": "t", "repetitions": 3}


def study(data: str | None = None) -> dict[str, Any]:
    return {
        "title": "Repetition",
        "settings": {"margin": 0.1, "data": data},
        "models": [{"kind": "checkpoint"}],
    }


def answers(
    model: str, tokens: int | None, size: int | None = 10, family: str | None = "f", **more: Any
) -> list[dict[str, Any]]:
    """Return the answers of a model to four items in three conditions, and to a random sequence."""
    about = {"model": model, "tokens": tokens, "parameters": size, "family": family, "seed": 0}
    items = [
        about | GRID | {
            "subset": "suppression", "condition": condition, "shots": 0, "fact": f"i{n}", "chance": 0.5,
            "rank": 1 + (n > 1 or condition == "follow"), "loss": 0.01 + 3.0 * (n == 3), "mass": 0.5,
            "prompt": "p", "target": " A",
        } | more
        for condition, n in product(("against", "none", "follow"), range(4))
    ]  # fmt: skip
    sequence = about | {"subset": "induction", "fact": "s", "target": " a b", "order": ""}
    halves = [("first", -8.0), ("second", -2.0)]
    return items + [sequence | {"direction": d, "logprob": v} for d, v in halves]


def shown(*rows: list[dict[str, Any]], data: str | None = None) -> dict[str, Any]:
    table = pl.DataFrame([row for some in rows for row in some], schema=COLUMNS)
    return page(study(data), table)


def test_every_model_and_moment_is_shown_and_the_finished_one_is_last() -> None:
    made = shown(
        answers("m", None), answers("m@step9", 9), answers("m@step1", 1),
        answers("big", None, 20), answers("server", None, None, None),
    )  # fmt: skip
    assert [(r["model"], r["last"]) for r in made["models"]] == [
        ("server", True), ("m@step1", False), ("m@step9", False), ("m", True), ("big", True),
    ]  # fmt: skip
    assert len(made["sensitivity"]) == 2 * len(made["models"]), "of all models, with size or without"
    for row in made["models"]:
        assert row["gain"]["mean"] == pytest.approx(3)


def test_sensitivity_has_intervals() -> None:
    made = shown(answers("m", None))
    follow, none = made["sensitivity"]
    assert (follow["control"], none["control"]) == ("told to follow", "instruction removed")
    assert follow["correct"]["mean"] == 0.5
    assert follow["correct"]["low"] < 0.5 < follow["correct"]["high"] <= 1
    assert follow["changed"]["mean"] == 0.5
    assert (none["changed"]["mean"], none["changed"]["low"]) == (0, 0)
    assert none["changed"]["high"] > 0, "four items do not make certain"


def values(figure: Any, title: str) -> pl.DataFrame:
    """Return the data of the panel with this title."""
    for panel in figure.chart.vconcat[0].hconcat:
        bands = panel.layer[0]
        if bands.layer[0].encoding.y["title"] == title:
            return pl.DataFrame(bands.data)
    raise AssertionError(f"no panel {title}")


def test_bands_of_the_loss_do_not_reach_below_zero() -> None:
    made = shown(answers("m", None), answers("big", None, 20))
    lows = values(made["figures"][0], "Two-class loss (nats)")["low"]
    assert lows.to_list() == [0.0] * 6


def test_growth_needs_two_known_places() -> None:
    names = [[f.name for f in shown(*rows)["figures"]] for rows in (
        [answers("m", None), answers("m@step1", 1)],
        [answers("m", None), answers("m@step1", 1), answers("m@step2", 2)],
    )]  # fmt: skip
    assert ["growth" in n for n in names] == [False, True]


def test_own_data_has_its_own_chance_and_words() -> None:
    own = {"pattern": None, "template": None, "repetitions": None}
    rows = [
        row | own | {"chance": 1 / (2 if row["fact"] in ("i0", "i1") else 8)}
        for row in answers("m", None) + answers("big", None, 20)
        if row["subset"] == "induction" or row["condition"] == "against"
    ]
    made = shown(rows, data="mine.csv")
    assert made["task"].chance == pytest.approx((1 / 2 + 1 / 8) / 2)
    assert made["task"].chance_loss == pytest.approx(0.5 * (0.6931 + 2.0794), abs=1e-4)
    assert made["sensitivity"] == made["axes"] == []
    (scaling,) = made["figures"]
    assert "pattern" not in scaling.caption
    assert "each model asked once" in scaling.caption
    assert scaling.caption.endswith("intervals over items.")
    chart: Any = scaling.chart
    drawn = [panel.layer[1].data["chance"].item() for panel in chart.vconcat[0].hconcat]
    assert drawn == [made["task"].chance, made["task"].chance_loss]


def test_figures_say_what_intervals_are_over() -> None:
    def caption(*rows: list[dict[str, Any]]) -> str:
        found: str = shown(*rows)["figures"][0].caption
        return found

    one = answers("m", None)
    again = [row | {"seed": 1} for row in one]
    other = answers("big", None, 20)
    assert "4 items, each model asked once; bands are 95 % intervals over items." in caption(one, other)
    assert "2 seeds (models asked as they are: 1)" in caption(one, again, other)
    assert "over items, clustered by seed." in caption(one, again)
    varied = [row | {"pattern": row["fact"], "template": row["fact"]} for row in one]
    assert "clustered by pattern and template." in caption(varied)
