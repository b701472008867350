"""The generic means: their numbers, and how they are laid out."""

from typing import Any

import polars as pl

from obverse.core.measure import LEADING
from obverse.core.page import Figure, Section, Table
from obverse.report import groups, means
from obverse.report.read import read
from tests.left_behind import LABELS, Leave, asked, table


def shown(leave: Leave, rows: list[dict[str, Any]], **changes: Any) -> Section:
    found = means.section(read(leave(rows, **changes)), "facts")
    assert found is not None
    return found


def tables(section: Section) -> list[Table]:
    return [part for part in section.parts if isinstance(part, Table)]


def figures(section: Section) -> list[Figure]:
    return [part for part in section.parts if isinstance(part, Figure)]


def test_means_are_of_the_last_moment(leave: Leave) -> None:
    (found,) = tables(shown(leave, asked()))
    assert [column.title for column in found.columns] == [
        "side", "mean", "95 % interval", "each seed", "chance", "facts", "seeds",
    ]  # fmt: skip
    left, right = found.rows
    # Four of four facts in seed 0 and three of four in seed 1.
    assert left[:2] == ["left", "0.875"]
    assert left[3:] == ["1.000, 0.750", "0.250", 8, 2]
    assert right[:2] == ["right", "0.000"]


def test_missing_values_are_counted_and_not_zero(leave: Leave) -> None:
    rows = [row | ({"exact_match": None} if row["fact"] == "f00" else {}) for row in asked()]
    (found,) = tables(shown(leave, rows))
    assert found.columns[-1].title == "missing"
    assert [(row[1], row[-1]) for row in found.rows] == [("0.857", 1), ("0.000", 1)]


def test_group_without_exact_match_is_shown_by_what_it_has(leave: Leave) -> None:
    rows = [row | ({"exact_match": None} if row["side"] == "right" else {}) for row in asked()]
    exact, logprob = tables(shown(leave, rows))
    assert exact.title == "Exact match (share of answers)"
    assert [row[0] for row in exact.rows] == ["0.875"]
    assert logprob.title == "Log-probability of the right answer (nats)"
    assert [row[0] for row in logprob.rows] == ["−3.000"]
    assert "chance" not in [column.title for column in logprob.columns]


def test_chance_of_a_loss_is_that_of_a_guess(leave: Leave) -> None:
    rows = [row | {"exact_match": None, "loss": 0.5} for row in asked()]
    (found,) = tables(shown(leave, rows))
    assert [column.title for column in found.columns][4] == "chance"
    assert found.rows[0][4] == "1.386"  # −ln 1/4


def test_models_are_told_apart_by_colour_and_rows_by_label(leave: Leave) -> None:
    rows = [row | {"model": m, "run": f"{m}-{row['seed']}"} for row in asked() for m in ("m", "n")]
    section = shown(leave, rows)
    (found,), (figure,) = tables(section), figures(section)
    assert [row[:2] for row in found.rows] == [
        ["m", "left"], ["n", "left"], ["m", "right"], ["n", "right"],
    ]  # fmt: skip
    spec = figure.chart.to_dict()
    assert spec["layer"][2]["encoding"]["color"]["scale"]["domain"] == ["m", "n"]
    assert "n = 8 facts and 2 seeds in each row." in figure.caption


def test_many_models_have_a_row_each(leave: Leave) -> None:
    rows = [row | {"model": f"m{n}", "run": f"{n}-{row['seed']}"} for row in asked() for n in range(12)]
    (figure,) = figures(shown(leave, rows))
    layer = figure.chart.to_dict()["layer"][2]["encoding"]
    assert len(layer["y"]["sort"]) == 12
    assert layer["color"]["scale"]["domain"] == ["left", "right"]


def test_long_tables_are_folded_and_long_figures_cut(leave: Leave) -> None:
    rows = [row | {"side": f"{row['side']}{n}", "shots": k}
            for row in asked(epochs=(1,)) for n in range(30) for k in (0, 1)]  # fmt: skip
    experiment = {
        "type": None, "settings": {}, "columns": LABELS, "by": ["side", "shots"], "clusters": [],
    }  # fmt: skip
    section = shown(leave, rows, experiment=experiment)
    assert tables(section)[0].folded
    assert len(tables(section)[0].rows) == 120
    (figure,) = figures(section)
    spec = figure.chart.to_dict()
    assert len(spec["layer"][2]["encoding"]["y"]["sort"]) == 60
    assert "left0 · shots 1" in spec["layer"][2]["encoding"]["y"]["sort"]
    assert "Shown are the first 60 of 120 rows" in figure.caption


def test_label_with_too_many_values_is_not_split_by(leave: Leave) -> None:
    rows = [row | {"side": f"{row['side']} of {row['fact']} {n}"} for row in asked() for n in range(5)]
    section = shown(leave, rows)
    assert [len(found.rows) for found in tables(section)] == [1]
    assert "Not split by side: too many values." in [getattr(part, "text", "") for part in section.parts]


def test_own_measure_is_shown_by_its_first_numbers_that_vary(leave: Leave) -> None:
    own = table(asked()).select(*LEADING, *LABELS).with_columns(
        constant=pl.lit(3), word=pl.lit("x"), height=pl.col("seed") + 0.5, tall=pl.col("side") == "left",
        width=pl.col("seed"),
    )  # fmt: skip
    section = means.section(read(leave(tables={"own": own})), "facts")
    assert section is not None
    height, tall = tables(section)
    assert (height.title, tall.title) == ("Height", "Tall")
    assert [row[1] for row in height.rows] == ["1.000", "1.000"]
    assert [row[1] for row in tall.rows] == ["1.000", "0.000"]


def test_last_moment_of_checkpoints_is_the_finished_one() -> None:
    rows = [
        row | {"model": f"m@{tokens}", "run": f"{tokens}-{row['seed']}", "family": "f", "tokens": tokens}
        for row in asked(epochs=(1,)) for tokens in (10, 20, None)
    ]  # fmt: skip
    assert groups.last(table(rows))["model"].unique().to_list() == ["m@None"]
    known = [row for row in rows if row["tokens"] is not None]
    assert groups.last(table(known))["model"].unique().to_list() == ["m@20"]


def test_seeds_that_saw_fewer_tokens_are_kept() -> None:
    rows = [row | {"tokens": 100 + row["seed"], "family": "f"} for row in asked(epochs=(1,))]
    assert groups.last(table(rows)).height == len(rows)


def test_measure_taken_along_the_way_alone_counts_with_its_last_moment() -> None:
    rows = [row | {"final": False} for row in asked()]
    assert groups.last(table(rows))["epoch"].unique().to_list() == [2]


def test_of_many_seeds_some_dots_are_drawn_and_that_is_said_once(leave: Leave) -> None:
    rows = asked(seeds=range(201), epochs=(0, 1), facts=1)
    (figure,) = figures(shown(leave, rows, seeds=list(range(201))))
    assert figure.caption.count("200 of them") == 1
