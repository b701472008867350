"""What the page of repetition suppression shows, on observations that are known."""

from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.core.page import Cell, Figure, Finished, Page, Section, Table, Text
from obverse.experiments.repetition import questions
from obverse.experiments.repetition.suppression import Suppression
from obverse.measures.ask import Ask
from tests.drawn import axis, rows
from tests.legible import problems

COLUMNS = LEADING | questions.COLUMNS | dict(Ask.columns)
GRID: dict[str, Any] = {"pattern": "A B", "template": "t", "repetitions": 3}


def answers(
    model: str, tokens: int | None, size: int | None = 10, family: str | None = "f", **more: Any
) -> list[dict[str, Any]]:
    """Return the answers of a model to four items in three conditions, and to a random sequence."""
    about = {
        "model": model, "tokens": tokens, "parameters": size, "family": family, "seed": 0, "step": 0,
    }  # fmt: skip
    items = [
        about | GRID | {
            "subset": "suppression", "condition": condition, "shots": 0, "fact": f"i{n}", "chance": 0.5,
            "sequence": f"s{n}", "mass": 0.5,
            "rank": 1 + (n > 1 or condition == "follow"), "loss": 0.01 + 3.0 * (n == 3),
            "prompt": "p", "target": " A",
        } | more
        for condition, n in product(("against", "none", "follow"), range(4))
    ]  # fmt: skip
    sequence = about | {"subset": "induction", "fact": "s", "target": " a b"}
    halves = [("first", -8.0), ("second", -2.0)]
    return items + [sequence | {"copy": copy, "logprob": v} for copy, v in halves]


def shown(*rows: list[dict[str, Any]], data: Path | None = None, claims: Any = ()) -> Page:
    table = pl.DataFrame([row for some in rows for row in some], schema=COLUMNS)
    finished = Finished(study={}, claims=claims, tables={"ask": table})
    return Suppression(data=data).page(finished)


def section(page: Page, title: str) -> Section:
    (found,) = (s for s in page.sections if s.title == title)
    return found


def figures(page: Page) -> list[Figure]:
    return [part for s in page.sections for part in s.parts if isinstance(part, Figure)]


def tables(page: Page, column: str) -> list[Table]:
    """Return the tables that have a column of this title."""
    parts = [part for s in page.sections for part in s.parts]
    return [p for p in parts if isinstance(p, Table) and column in {c.title for c in p.columns}]


def cells(table: Table, *columns: str) -> list[tuple[Cell, ...]]:
    places = [[c.title for c in table.columns].index(column) for column in columns]
    return [tuple(row[i] for i in places) for row in table.rows]


def test_every_model_and_moment_is_shown_and_the_finished_one_is_last() -> None:
    made = shown(
        answers("m", None), answers("m@step9", 9), answers("m@step1", 1),
        answers("big", None, 20), answers("server", None, None, None),
    )  # fmt: skip
    last, earlier = tables(made, "induction, nats a word")
    assert cells(last, "model") == [("server",), ("m",), ("big",)]
    assert cells(earlier, "model", "tokens") == [("m@step1", "1"), ("m@step9", "9")]
    assert (last.folded, earlier.folded, earlier.title) == (False, True, "Earlier moments (2)")
    differences = tables(made, "control")
    assert sum(len(t.rows) for t in differences) == 2 * 5, "of all models, with size or without"
    for table in (last, earlier):
        for (gain,) in cells(table, "induction, nats a word"):
            assert str(gain).startswith("3.000 ["), "6 nats over two words"


def test_means_and_intervals_of_each_condition() -> None:
    (table,) = tables(shown(answers("m", None)), "class mass")
    (row,) = cells(table, "accuracy, against", "accuracy, follow", "loss, none", "class mass")
    assert str(row[0]).startswith("0.500 [")
    assert str(row[1]).startswith("0.000 [0.000, ")
    assert row[2:] == ("0.760", "0.500")


def test_sensitivity_has_intervals() -> None:
    (table,) = tables(shown(answers("m", None)), "control")
    follow, none = cells(table, "control", "difference of accuracy", "another class chosen")
    assert (follow[0], none[0]) == ("told to follow", "instruction removed")
    value, low, high = numbers(follow[1])
    assert value == 0.5
    assert low < 0.5 < high <= 1
    assert numbers(follow[2])[0] == 0.5
    changed, low, high = numbers(none[2])
    assert (changed, low) == (0, 0)
    assert high > 0, "four items do not make certain"


def numbers(cell: Cell) -> list[float]:
    """Return a mean and its interval, read back."""
    text = str(cell).replace("−", "-")
    return [float(word) for word in text.replace("[", "").replace("]", "").replace(",", "").split()]


def values(figure: Figure, title: str) -> pl.DataFrame:
    """Return the means of the panel with this title."""
    for panel in figure.chart.vconcat[0].hconcat:
        if axis(panel, "y")["title"] == title:
            return pl.DataFrame(rows(panel))
    raise AssertionError(f"no panel {title}")


def test_intervals_of_the_loss_do_not_reach_below_zero() -> None:
    made = shown(answers("m", None), answers("big", None, 20))
    lows = values(figures(made)[0], "Two-class loss (nats)")["low_shown"]
    assert lows.to_list() == [0.0] * 6


def test_growth_needs_two_known_places() -> None:
    names = [[f.name for f in figures(shown(*rows))] for rows in (
        [answers("m", None), answers("m@step1", 1)],
        [answers("m", None), answers("m@step1", 1), answers("m@step2", 2)],
    )]  # fmt: skip
    assert ["growth" in n for n in names] == [False, True]


def test_all_four_figures_are_drawn_where_there_is_data_for_them() -> None:
    behind = [
        row | {"shots": n}
        for n in (1, 2)
        for row in answers("m", None) + answers("big", None, 20)
        if row["subset"] == "suppression" and row["condition"] == "against"
    ]
    varied = [
        row | ({"pattern": row["fact"]} if row["subset"] == "suppression" else {})
        for row in answers("m", None) + answers("big", None, 20)
    ]
    steps = [answers("big@1", 1, 20), answers("big@2", 2, 20)]
    made = shown(varied, behind, *steps)
    assert [f.name for f in figures(made)] == ["scaling", "growth", "shots", "slices"]
    assert problems(made) == []


def test_trends_are_of_each_metric() -> None:
    worse = [row | {"loss": row.get("loss", 0) + 1.0} for row in answers("big", None, 20)]
    made = shown(answers("m", None), worse)
    (table,) = tables(made, "bend")
    assert cells(table, "family", "scale", "measure") == [
        ("f", "parameters", "accuracy"), ("f", "parameters", "loss"),
    ]  # fmt: skip
    (_, loss) = cells(table, "change over the scale", "turns round")
    assert loss[0] == pytest.approx(1)
    assert loss[1] is None, "asked from five places on"
    assert not [s for s in shown(answers("m", None)).sections if s.title == "Trends"]


def test_samples_are_of_the_largest_model_in_each_condition() -> None:
    made = shown(answers("m", None), answers("big", None, 20))
    (table,) = section(made, "Samples").parts
    assert isinstance(table, Table)
    assert cells(table, "model", "instruction") == [
        ("big", c) for c in ("against", "against", "none", "none", "follow", "follow")
    ]  # fmt: skip


@pytest.mark.parametrize("step", [0, 7])
def test_models_trained_here_are_explained(step: int) -> None:
    rows = [row | {"step": step} for row in answers("m", 100) + answers("big", 100, 20)]
    parts = section(shown(rows), "Scale, training and examples").parts
    said = [p.text for p in parts if isinstance(p, Text)]
    assert [s.startswith("These small models were trained here") for s in said] == [True] * (step > 0)


def own_data(tmp_path: Path, **more: Any) -> Page:
    own = {"pattern": None, "template": None, "repetitions": None}
    rows = [
        row | own | {"chance": 1 / (2 if row["fact"] in ("i0", "i1") else 8)}
        for row in answers("m", None) + answers("big", None, 20)
        if row["subset"] == "induction" or row["condition"] == "against"
    ]
    return shown(rows, data=tmp_path / "mine.csv", **more)


def test_own_data_has_its_own_chance_and_words(tmp_path: Path) -> None:
    made = own_data(tmp_path)
    assert made.title == "Classification of your own data: does it get better or worse with scale?"
    text = section(made, "Scale, training and examples").parts[0]
    assert isinstance(text, Text)
    chance, chance_loss = (1 / 2 + 1 / 8) / 2, 0.5 * (0.6931 + 2.0794)
    assert f"is {chance:.3f} in accuracy and {chance_loss:.3f} nats" in text.text
    assert "mine.csv" in text.text
    assert tables(made, "control") == tables(made, "axis") == []
    (scaling,) = figures(made)
    assert "pattern" not in scaling.caption
    assert "each model asked once" in scaling.caption
    assert scaling.caption.endswith("intervals over items, as far as the axis goes.")
    drawn = [row["mean"] for panel in scaling.chart.vconcat[0].hconcat for row in rows(panel, "level")]
    assert drawn == pytest.approx([chance, chance_loss], abs=1e-4)
    (table,) = tables(made, "class mass")
    titles = [c.title for c in table.columns]
    assert ("accuracy" in titles, "loss" in titles) == (True, True), "of one condition, unnamed"
    words = " ".join(p.text for s in made.sections for p in s.parts if isinstance(p, Text))
    assert "breaks the pattern" not in words


def test_own_data_is_asked_about_in_its_own_words(tmp_path: Path) -> None:
    made = own_data(tmp_path)
    said = "The 4 items of mine.csv were put to 2 models: does accuracy rise or fall with scale?"
    assert made.question == said
    assert made.answer == "", "the claims are told"
    assert shown(answers("m", None)).answer == shown(answers("m", None)).title == ""


def test_figures_say_what_intervals_are_over() -> None:
    def caption(*rows: list[dict[str, Any]]) -> str:
        return figures(shown(*rows))[0].caption

    one = answers("m", None)
    again = [row | {"seed": seed} for row in one for seed in (1, 2)]
    other = answers("big", None, 20)
    counted = "4 items (4 sequences without an instruction), each model asked once"
    assert f"{counted}; upright lines: 95 % intervals over items, as far as" in caption(one, other)
    assert "3 seeds (models asked as they are: 1)" in caption(one, again, other)
    assert "over items, clustered by seed, as far as" in caption(one, again)
    assert "of two seeds no intervals are drawn" in caption(one, again[::2])
    varied = [row | {"pattern": row["fact"], "template": row["fact"]} for row in one]
    assert "clustered by pattern and template, as far as" in caption(varied)


def of_grid(*rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Let items 0 and 2 name what must not come and show A first, and the others B."""
    return [
        [
            row
            | {"names": n % 2 == 0, "first": "AB"[n % 2], "template": f"t{n}", "repetitions": 3 + n // 2}
            if (n := {"i0": 0, "i1": 1, "i2": 2, "i3": 3}.get(row["fact"])) is not None
            else row
            for row in some
        ]
        for some in rows
    ]


def test_templates_that_name_what_must_not_come_stand_beside_the_others() -> None:
    made = shown(*of_grid(answers("m", None), answers("m@step1", 1), answers("big", None, 20)))
    (table,) = tables(made, "accuracy, named")
    assert cells(table, "model") == [("m",), ("big",)], "at their last moments"
    (row, _) = cells(table, "accuracy, named", "accuracy, not named", "loss, nats, not named")
    assert [numbers(cell)[0] for cell in row] == pytest.approx([0.5, 0.5, (0.01 + 3.01) / 2])
    assert "2 of 4 templates name" in table.note


def test_accuracy_by_the_symbol_that_is_right_is_of_the_largest_model() -> None:
    worse = [row | {"rank": 1 + (row["fact"] in ("i1", "i3"))} for row in answers("big", None, 20)]
    made = shown(*of_grid(answers("m", None), worse))
    (table,) = tables(made, "accuracy, first symbol right")
    (row,) = cells(
        table, "model", "pattern", "accuracy, first symbol right", "accuracy, second symbol right"
    )
    assert row[:2] == ("big", "A B")
    assert [numbers(cell)[0] for cell in row[2:]] == [1.0, 0.0], "it likes A"


def test_every_slice_has_its_change() -> None:
    worse = [row | {"loss": row.get("loss", 0) + 1.0} for row in answers("big", None, 20)]
    (table,) = tables(shown(*of_grid(answers("m", None), worse)), "change of loss, nats")
    found = cells(table, "axis", "level", "items", "change of loss, nats")
    assert [row[:3] for row in found] == [
        *(("template", f"t{n}", "1") for n in range(4)),
        *(("repetitions", f"{n}", "2") for n in (3, 4)),
    ]  # fmt: skip
    assert {str(row[3]).split(" ")[0] for row in found} == {"1.000"}


def test_own_data_has_no_tables_of_the_grid(tmp_path: Path) -> None:
    for column in ("accuracy, named", "accuracy, first symbol right", "change of loss, nats"):
        assert tables(own_data(tmp_path), column) == []
