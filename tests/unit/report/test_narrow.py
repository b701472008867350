"""Figures for narrow screens: nothing beside anything, and no wider than the screen."""

import re
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from obverse.core.page import Figure
from obverse.report.drawings import Drawings, specification, svg_of, width_of
from obverse.report.narrow import WIDE, narrow

TABLE = pl.DataFrame(
    {
        "x": [0.0, 1.0] * 4,
        "y": [1.0, 2.0] * 4,
        "row": ["base"] * 4 + ["another way"] * 4,
        "column": (["asked"] * 2 + ["told of it"] * 2) * 2,
        "series": ["the first of the two series", "another series"] * 4,
    }
)


def chart(width: float = 300) -> Any:
    color = alt.Color(
        "series:N", scale=alt.Scale(domain=TABLE["series"].unique(maintain_order=True).to_list()),
        legend=alt.Legend(columns=5),
    )  # fmt: skip
    return (
        alt.Chart(TABLE)
        .mark_point()
        .encode(x="x:Q", y=alt.Y("y:Q", title="Share"), color=color)
        .properties(width=width, height=100)
    )


def texts(svg: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", one) for one in re.findall(r"<text.*?</text>", svg)]


def places(svg: str, words: str) -> list[tuple[float, float]]:
    """Return where the plotting areas lie that these words stand in or over, in their order."""
    return [
        (float(x), float(y))
        for x, y, inner in re.findall(r'translate\(([-\d.]+),([-\d.]+)\)"><text[^>]*>(.*?)</text>', svg)
        if words in inner
    ]


def drawn(whole: Any) -> str:
    return svg_of(narrow(specification(whole)))


@pytest.mark.parametrize(
    "wide",
    [
        chart(600),
        chart() | chart(),
        alt.concat(*[chart()] * 4, columns=2),
        chart().facet("column:N", columns=2),
        chart().facet(column="column:N"),
        chart(150).facet(row="row:N", column="column:N"),
        (chart() | chart()) & chart(700),
        chart(400).facet(column="column:N") & chart(400),
        chart(150).encode(column="column:N"),
        chart(150).encode(row="row:N", column="column:N"),
        chart(400).encode(row="row:N"),
        chart(200).encode(facet=alt.Facet("series:N", columns=2)),
        chart(200).encode(x=alt.X(alt.repeat("column"), type="quantitative")).repeat(column=["x", "y"]),
        chart(200).encode(x=alt.X(alt.repeat(), type="quantitative")).repeat(["x", "y"], columns=2),
    ],
)
def test_whatever_stood_side_by_side_is_no_wider_than_the_screen(wide: Any) -> None:
    before = svg_of(specification(wide))
    after = drawn(wide)
    assert width_of(before) > WIDE + 40
    assert width_of(after) <= WIDE + 12
    marks = 'aria-roledescription="point"'
    assert after.count(marks) == before.count(marks) > 0, "nothing is lost"


def test_panels_that_an_axis_served_have_its_title_and_its_names() -> None:
    quiet = chart().encode(y=alt.Y("y:Q", title=None, axis=alt.Axis(labels=False)))
    side_by_side = chart() | quiet
    assert texts(svg_of(specification(side_by_side))).count("Share") == 1
    assert texts(drawn(side_by_side)).count("Share") == 2
    assert texts(drawn(side_by_side)).count("1.5") == 2 * texts(drawn(chart())).count("1.5") > 0


def test_titles_of_other_panels_are_left_as_they_are() -> None:
    bars = alt.Chart(TABLE).mark_bar().properties(width=200)
    mean = bars.encode(x="row:N", y=alt.Y("mean(y)", title="The mean"))
    for beside, title in ((bars.encode(x="row:N", y="max(y)"), "Max of y"), (chart(200), "Share")):
        said = texts(drawn(mean | beside))
        assert said.count("The mean") == said.count(title) == 1
    plain = alt.Chart(TABLE).mark_point().encode(x="x:Q", y="y:Q").properties(width=200)
    assert texts(drawn(plain | plain)).count("y") == 2


def test_an_axis_that_stood_beside_its_panel_is_drawn_in_it() -> None:
    whose = alt.Chart(TABLE).mark_bar().properties(width=200)
    one = whose.encode(x="mean(y):Q", y=alt.Y("row:N", title="Whose"))
    other = whose.encode(x="mean(x):Q", y=alt.Y("row:N", axis=None))
    assert texts(drawn(one | other)).count("base") == 2


@pytest.mark.parametrize(
    "grid",
    [
        {"row": "x:O", "column": "column:N"},
        {"row": alt.Row("x:Q", bin=alt.Bin(maxbins=2)), "column": "column:N"},
        {"row": alt.Row("row:N", header=alt.Header(labelExpr="'<' + datum.label")), "column": "column:N"},
        {"row": alt.Row("row:N", sort=alt.EncodingSortField("y", op="mean")), "column": "column:N"},
        {"row": "made:N", "column": "column:N"},
    ],
)
def test_a_grid_that_is_more_than_texts_stays_one(grid: dict[str, Any]) -> None:
    whole = chart(150).transform_calculate(made="datum.row + '!'").facet(**grid)
    assert texts(drawn(whole)) == texts(svg_of(specification(whole)))


def test_orders_of_rows_and_columns_are_kept() -> None:
    row = alt.Row("row:N", sort="descending", title="where")
    said = texts(drawn(chart(150).facet(row=row, column=alt.Column("column:N", title=None))))
    heads = [one for one in said if one.endswith(("asked", "told of it"))]
    assert heads == ["baseasked", "basetold of it", "another wayasked", "another waytold of it"]
    assert "where" in said


def test_a_grid_of_panels_names_both_its_rows_and_its_columns() -> None:
    row = alt.Row("row:N", sort=["base", "another way"])
    column = alt.Column("column:N", sort=["told of it", "asked"])
    said = texts(drawn(chart(150).facet(row=row, column=column)))
    heads = [one for one in said if one.startswith(("base", "another way"))]
    assert heads == ["basetold of it", "baseasked", "another waytold of it", "another wayasked"]


def test_narrow_panels_stand_beside_one_another_as_far_as_there_is_room() -> None:
    spec = narrow(specification(chart(120).facet("series:N")))
    assert spec["columns"] == 2
    assert narrow(specification(chart(200).facet("series:N")))["columns"] == 1


def test_long_names_of_rows_stand_above_them() -> None:
    names = ["a name of a row that is rather longer than its neighbours", "b"]
    y = alt.Y("name:N", sort=names, axis=alt.Axis(labelLimit=400))
    table = pl.DataFrame({"name": names, "x": [0.0, 1.0]})
    rows = alt.Chart(table).mark_circle().encode(x="x:Q", y=y).properties(width=300, height=alt.Step(20))
    assert width_of(svg_of(specification(rows))) > 500
    assert width_of(drawn(rows)) <= WIDE
    assert names[0] in texts(drawn(rows))


def test_a_figure_that_cannot_be_drawn_so_is_drawn_wide_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(spec: Any) -> Any:
        raise TypeError("of a chart that nobody thought of")

    monkeypatch.setattr("obverse.report.narrow.narrow", fails)
    svg, narrowed = Drawings(tmp_path / "figures").save(
        "a", Figure(name="a", chart=chart(500), caption="A.")
    )
    assert (svg[:4], narrowed) == ("<svg", "")


def test_a_narrow_figure_and_one_of_its_own_are_left_as_they_are(tmp_path: Path) -> None:
    drawings = Drawings(tmp_path / "figures")
    small = Figure(name="small", chart=chart(100).encode(color=alt.value("red")), caption="Small.")
    assert drawings.save("small", small)[1] == ""
    own = Figure(name="own", chart=chart(500), narrow=chart(111), caption="Own.")
    svg, narrowed = drawings.save("own", own)
    assert 'id="own-title"' in svg
    assert 'id="own:narrow-title"' in narrowed
    assert width_of(narrowed) < width_of(svg)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("small", "own") for kind in ("svg", "png", "pdf")
    }
