"""What the page of experiment 3 shows, on observations that are known."""

import pytest

from obverse.core.page import Figure, Finished, Page, Table
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.wordings import ORDERS
from tests.drawn import render
from tests.legible import problems
from tests.unit.experiments.instructions.observations import observed


@pytest.fixture(scope="module")
def page() -> Page:
    rows = observed(seeds=2, questions=20)
    return Instructions().page(Finished(study={}, claims=[], tables={"ask": rows}))


def part(page: Page, title: str, number: int = 0) -> object:
    [section] = [s for s in page.sections if s.title.startswith(title)]
    return section.parts[number]


def test_figures_are_drawn_with_every_seed(page: Page) -> None:
    assert problems(page) == []
    for title, name in (("Accuracy", "accuracy"), ("Epochs", "epochs")):
        figure = part(page, title)
        assert isinstance(figure, Figure)
        assert figure.name == name
        assert "n = 20 questions a dataset and seed, 2 seeds" in figure.caption
        svg, png = render(figure.chart)
        assert "Exact match (share of held-out questions)" in svg
        assert png[:4] == b"\x89PNG"


def test_accuracy_stands_beside_guessing_and_the_paper(page: Page) -> None:
    table = part(page, "Accuracy", 1)
    assert isinstance(table, Table)
    heads = [column.title for column in table.columns]
    rows = {row[1]: dict(zip(heads, row, strict=True)) for row in table.rows}
    assert [rows[order]["paper %"] for order in ORDERS] == ["88.0", "5.0"]
    assert float(str(rows[ORDERS[0]]["exact match %"])) > 70
    assert str(rows[ORDERS[0]]["seeds above it by 10 points"]).startswith("2 of 2")
    assert float(str(rows[ORDERS[1]]["plausible guessing %"])) < 15


def test_samples_are_of_both_datasets_right_and_wrong(page: Page) -> None:
    [section] = [s for s in page.sections if s.title == "Samples"]
    tables = [table for table in section.parts if isinstance(table, Table)]
    assert [table.title for table in tables] == list(ORDERS)
    assert {row[1] for row in tables[1].rows} == {"right", "wrong"} or len(tables[1].rows) == 4


def test_several_models_have_a_panel_each() -> None:
    import polars as pl

    rows = observed(seeds=1, questions=5)
    both = pl.concat([rows, rows.with_columns(model=pl.lit("other"))])
    made = Instructions().page(Finished(study={}, claims=[], tables={"ask": both}))
    figure = part(made, "Accuracy")
    assert isinstance(figure, Figure)
    svg, _ = render(figure.chart)
    assert ">other<" in svg
    assert made.answer.count(" % of such questions rightly") == 4
    assert "guessing" not in made.answer, "of so few questions it is not known"
    many = Instructions().page(Finished(study={}, claims=[], tables={"ask": observed(seeds=1)}))
    assert many.answer.count(" rightly, where plausible guessing gives ") == 2
