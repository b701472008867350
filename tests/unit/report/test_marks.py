"""What charts are made of: what marks say, where axes end, and what stands beside one another."""

import altair as alt
import polars as pl

from obverse.report.dots import Row, dots
from obverse.report.figures import spread
from obverse.report.lines import Look, lines
from obverse.report.marks import cut_to, described, domain, intervals
from tests.drawn import layers, render, rows


def means(n_seeds: int = 3, low: float | None = 0.25) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "side": ["left", "left", "right", "right"],
            "epoch": [0, 1, 0, 1],
            "mean": [0.1, 0.5, 0.0, 0.0],
            "low": [0.0, low, None, float("nan")],
            "high": [0.2, 0.75, None, None],
            "n_facts": [1200] * 4,
            "n_seeds": [n_seeds] * 4,
        }
    )


def seeds(n: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"side": side, "epoch": epoch, "seed": seed, "mean": 0.1 * seed * epoch}
            for side in ("left", "right") for epoch in (0, 1) for seed in range(n)
        ]
    )  # fmt: skip


def test_mark_says_what_it_is_of_and_how_sure_it_is() -> None:
    said = described(means(), ["side", "epoch"], "aliases")["said"].to_list()
    assert said[1] == "left, epoch 1: 0.500, 95 % interval 0.250 to 0.750, n = 1,200 aliases, 3 seeds"
    assert said[3] == "right, epoch 1: 0.000, n = 1,200 aliases, 3 seeds"
    assert described(seeds(), ["side"])["said"][2] == "left, seed 2: 0.000"


def test_share_has_an_axis_to_1_and_what_dwarfs_the_values_does_not_widen_it() -> None:
    assert domain(means(), None, (0, 1)) == [0, 1]
    wide = means().with_columns(pl.col("mean") * 10, low=pl.lit(-900.0), high=pl.lit(900.0))
    low, high = domain(wide, None, None)
    assert -5 < low < 0 < 5 < high < 10
    cut = cut_to(wide, [low, high])
    assert cut["low_shown"].unique().to_list() == [low]


def test_of_two_seeds_no_interval_is_drawn_and_that_is_said() -> None:
    assert cut_to(means(n_seeds=2), [0, 1])["low_shown"].null_count() == 4
    assert intervals(2, "facts") == "of two seeds no intervals are drawn"
    assert "95 % intervals over facts" in intervals(3, "facts")
    assert cut_to(means(n_seeds=1), [0, 1])["low_shown"].null_count() == 2


def test_many_seeds_are_thinned_evenly() -> None:
    some = spread(list(range(1000)), 11)
    assert (some[0], some[-1], len(some)) == (0, 999, 11)


def test_lines_of_seeds_and_what_a_whole_line_says() -> None:
    look = Look(
        x=alt.X("epoch:Q", title="Epoch"), at="epoch", color=alt.Color("side:N"), series=["side"],
        dodged=True,
    )  # fmt: skip
    chart = lines(means(), seeds(), "Exact match", look, bounds=(0, 1), levels=[0.25], margins=[0.3])
    said = {row["line"] for row in rows(chart, "seed")}
    assert "left, seed 2: from 0.000 at epoch 0 to 0.200 at epoch 1" in said
    assert [row["mean"] for row in rows(chart, "level")] == [0.25]
    assert [row["mean"] for row in rows(chart, "margin")] == [0.3]
    offsets = [layer["mark"].get("xOffset", 0) for layer in layers(chart)]
    assert {-2.5, 2.5, 5, 8} <= set(offsets), "series stand beside one another"
    svg, _ = render(chart)
    assert 'aria-label="left, epoch 1: 0.500, 95 % interval' in svg


def test_dots_of_seeds_stand_on_the_left_and_the_paper_on_the_right() -> None:
    last = means().filter(epoch=1).with_columns(chance=pl.lit(0.1), paper=pl.lit(0.9))
    row = Row(column="side", order=["left", "right"])
    many = pl.DataFrame({"side": ["left"] * 9, "seed": list(range(9)), "mean": [0.5] * 9})
    chart = dots(last, many, "Exact match", row, alt.Color("side:N"), bounds=(0, 1))
    shifts = {kind: [row["shift"] for row in rows(chart, kind)] for kind in ("mean", "seed", "paper")}
    assert set(shifts["mean"]) == {0}
    assert max(shifts["seed"]) < 0 < min(shifts["paper"])
    assert len(set(shifts["seed"])) == 9, "of many equal ones each is seen"
    assert {row["said"] for row in rows(chart, "paper")} == {
        "left, the paper: 0.900", "right, the paper: 0.900",
    }  # fmt: skip
    render(chart)
