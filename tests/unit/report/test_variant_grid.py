"""Curves and heat maps over settings that variants differ in."""

from typing import Any

from obverse.core.page import Figure
from obverse.report import grid
from obverse.report.read import read
from tests.drawn import axis, panels, render, rows
from tests.left_behind import LABELS, Leave, asked

SETTINGS = {"facts": 4, "recipe": {"rate": 0.001}, "kind": "plain"}


def drawn(leave: Leave, variants: dict[str, dict[str, Any]], **more: Any) -> list[Figure]:
    made = [
        row | {"variant": name, "run": f"{name}-{row['seed']}"} | more
        for row in asked()
        for name in variants
    ]
    experiment = {"type": None, "settings": SETTINGS, "columns": LABELS, "by": ["side"], "clusters": []}
    section = grid.section(read(leave(made, variants=variants, experiment=experiment)), "facts")
    return [] if section is None else [part for part in section.parts if isinstance(part, Figure)]


def cells(figure: Figure, panel: int = 0) -> list[dict[str, Any]]:
    spec = figure.chart.to_dict()
    part = spec["concat"][panel]
    data = part.get("data") or part["layer"][-1]["data"]
    found: list[dict[str, Any]] = spec["datasets"][data["name"]]
    return found


def test_one_number_gives_a_curve_and_the_default_counts(leave: Leave) -> None:
    (figure,) = drawn(leave, {"base": {}, "more": {"recipe.rate": 0.01}, "most": {"recipe.rate": 0.1}})
    assert sorted({row["x"] for row in rows(figure.chart)}) == [0.001, 0.01, 0.1]
    x = axis(figure.chart)
    assert x["title"] == "rate"
    assert x["scale"]["type"] == "log", "the largest is a hundred times the smallest"
    render(figure.chart)


def test_two_numbers_give_a_heat_map_for_each_label(leave: Leave) -> None:
    variants = {f"{a} {b}": {"facts": a, "recipe.rate": b} for a in (1, 2, 3) for b in (0.1, 0.2)}
    (figure,) = drawn(leave, variants)
    maps = figure.chart.to_dict()["concat"]
    assert [panel["title"] for panel in maps] == ["left", "right"]
    assert [(row["x"], row["y"], row["text"]) for row in cells(figure)] == [
        (a, b, "0.88") for a in (1, 2, 3) for b in (0.1, 0.2)
    ]
    assert maps[0]["layer"][0]["encoding"]["color"]["scale"]["domain"] == [0, 0.875]
    render(figure.chart)


def test_words_beside_a_number_have_panels(leave: Leave) -> None:
    variants = {f"{a}{k}": {"facts": a, "kind": k} for a in (1, 2) for k in ("plain", "odd")}
    (figure,) = drawn(leave, variants)
    assert panels(figure.chart) == ["kind plain", "kind odd"]


def test_words_alone_give_nothing(leave: Leave) -> None:
    assert drawn(leave, {"a": {"kind": "plain"}, "b": {"kind": "odd"}}) == []


def test_third_number_makes_panels(leave: Leave) -> None:
    variants = {
        f"{a} {b} {c}": {"facts": a, "recipe.rate": b, "x": c}
        for a in (1, 2) for b in (0.1, 0.2) for c in (5, 6)
    }  # fmt: skip
    (figure,) = drawn(leave, variants)
    titles = [panel["title"] for panel in figure.chart.to_dict()["concat"]]
    assert sorted(titles) == ["x 5.0 · left", "x 5.0 · right", "x 6.0 · left", "x 6.0 · right"]


def test_true_and_false_are_no_numbers(leave: Leave) -> None:
    assert drawn(leave, {"a": {"kind": True}, "b": {"kind": False}}) == []
