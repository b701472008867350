"""Trends and their verdicts, on observations whose truth is known."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.measure import LEADING
from obverse.stats.trend import Trend, item_slopes, points, trends

SIZES = tuple(10**k for k in (6, 7, 8, 9, 10))
UNITS = ("fact", "seed", "topic", "wording")
COLUMNS = LEADING | {"topic": str, "wording": str, "loss": float, "correct": float}


def observed(
    means: Sequence[float],
    noise: float = 0.1,
    topics: int = 13,
    wordings: int = 18,
    seeds: int = 1,
    family: str = "f",
    draw: np.random.Generator | None = None,
    **columns: Any,
) -> pl.DataFrame:
    """Draw observations: the loss of models of growing size has these means.

    Topics, wordings and items differ in level; topics and wordings also in trend.
    """
    draw = np.random.default_rng(0) if draw is None else draw
    x = np.linspace(-1, 1, len(means))
    level = draw.normal(0, 1, (topics, wordings))
    tilts = draw.normal(0, noise / 4, (topics, 1)) + draw.normal(0, noise / 4, (1, wordings))
    rows = []
    for seed in range(seeds):
        for (p, t), base in np.ndenumerate(level):
            losses = np.array(means) + base + tilts[p, t] * x + draw.normal(0, noise, len(means))
            rows += [
                {
                    "family": family, "parameters": size, "seed": seed, "fact": f"{p}/{t}",
                    "topic": f"p{p}", "wording": f"t{t}", "loss": loss, "correct": float(loss <= 0),
                }
                | columns
                for size, loss in zip(SIZES, losses.tolist(), strict=False)
            ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def trends_of(
    rows: pl.DataFrame, scale: str = "parameters", metric: str = "loss", margin: float = 0.2
) -> list[Trend]:
    return trends(rows, scale, metric, margin, higher_is_better=metric == "correct", units=UNITS)


def verdict(rows: pl.DataFrame, metric: str = "loss", margin: float = 0.2) -> Trend:
    (found,) = trends_of(rows, metric=metric, margin=margin)
    return found


UP, DOWN = (-1, -0.5, 0, 0.5, 1), (1, 0.5, 0, -0.5, -1)
HILL, VALLEY = (-1, 0, 1, 0, -1), (1, 0, -1, 0, 1)
LEVELS_OFF = (1, 0.2, -0.2, -0.25, -0.25)
SLOWS_DOWN = (-1.2, 0, 0.4, 0.8, 1.2)


@pytest.mark.parametrize(
    ("means", "shape"),
    [
        (UP, "inverse"),
        (DOWN, "positive"),
        (HILL, "U-shaped"),  # loss rises and falls again: performance is U-shaped
        (VALLEY, "inverted-U"),
        (LEVELS_OFF, "positive"),
        (SLOWS_DOWN, "inverse"),
        ((0, 0, 0, 0, 0), "flat"),
    ],
)
def test_shape_is_found(means: tuple[float, ...], shape: str) -> None:
    assert verdict(observed(means)).shape == shape
    as_accuracy = verdict(observed(means, noise=0.8), metric="correct")
    assert as_accuracy.shape == shape


def test_levelling_off_bends_and_yet_is_no_u() -> None:
    found = verdict(observed(LEVELS_OFF))
    assert found.p_curvature < 0.001
    assert found.shape == "positive"


def test_little_data_is_undecided_not_flat() -> None:
    few = observed((0, 0, 0, 0, 0), noise=3, topics=3, wordings=3)
    assert verdict(few).shape == "undecided"
    assert verdict(few, margin=50).shape == "flat"


def test_margin_is_of_the_change_over_the_whole_scale() -> None:
    slight = observed((0, 0.05, 0.1, 0.15, 0.2), noise=0.001)
    tilted_by_noise = verdict(slight)
    assert tilted_by_noise.slope == pytest.approx(0.05, abs=0.01)
    assert tilted_by_noise.p_slope < 0.05
    assert verdict(slight, margin=0.3).p_flat < 0.05 < verdict(slight, margin=0.1).p_flat


def test_slope_is_per_tenfold_scale() -> None:
    found = verdict(observed(UP))
    assert found.low < 0.5 < found.high
    assert found.slope == pytest.approx(0.5, abs=0.1)
    assert (found.n_models, found.n_items) == (5, 234)
    two_sizes = verdict(observed((0, 0.7)))
    assert two_sizes.slope == pytest.approx(0.7, abs=0.15)
    assert two_sizes.shape == "inverse"
    assert math.isnan(two_sizes.p_curvature)


def test_three_sizes_show_no_u_and_are_not_flat_either() -> None:
    assert verdict(observed((1, -1, 1))).shape == "undecided"
    assert verdict(observed((0, 0, 0))).shape == "flat"


@pytest.mark.parametrize(
    "means",
    [(1, -1, -1, 1), (-0.6, -1, -0.5, 0, 1), (1, 0, -0.5, -1, -0.6)],
    ids=["four", "first", "last"],
)
def test_one_model_out_of_line_at_an_end_shows_no_u(means: tuple[float, ...]) -> None:
    """A side of two places rests on one model; a U needs two beyond the bend on either side."""
    assert verdict(observed(means)).shape not in ("U-shaped", "inverted-U")


def test_five_sizes_can_show_a_u() -> None:
    assert verdict(observed((1, 0, -1, 0, 1))).shape == "inverted-U"
    assert verdict(observed((1, 0, -1, 0))).shape not in ("U-shaped", "inverted-U")


def test_families_are_corrected_together() -> None:
    weak = observed((0, 0.05, 0.1, 0.15, 0.2), noise=1, family="weak")
    (alone,) = trends_of(weak)
    others = [observed(UP, family="strong"), observed(UP, family="other")]
    together = trends_of(pl.concat([weak, *others]))
    assert [t.family for t in together] == ["weak", "strong", "other"]
    assert alone.p_slope < 0.5
    assert together[0].p_slope == pytest.approx(alone.p_slope), "the largest p stays as it is"
    strong = trends_of(others[0])[0].p_slope
    assert together[1].p_slope == pytest.approx(3 * strong, abs=0)


def test_tokens_are_those_of_the_largest_model() -> None:
    tables = [
        observed((rise * k, rise * k), tokens=1000 * 10**k).filter(pl.col("parameters") == size)
        for size, rise in zip(SIZES[:2], (-1, 0.5), strict=True)
        for k in range(4)
    ]
    (found,) = trends_of(pl.concat(tables), "tokens")
    assert found.n_models == 4
    assert found.slope == pytest.approx(0.5, abs=0.1)
    (by_size,) = trends_of(pl.concat(tables))
    assert by_size.slope == pytest.approx(0.5 * 3 + 3, abs=0.1), "each size at its last moment"


def test_finished_model_is_the_last_over_parameters_and_has_no_place_over_tokens() -> None:
    """Asked without a revision, it has no tokens known, and is yet no less trained than its steps."""
    steps = [
        observed((k, k), tokens=1000 * 10**k, model=f"step{k}").filter(pl.col("parameters") == size)
        for size in SIZES[:2]
        for k in range(3)
    ]
    finished = observed((5, 7))
    together = pl.concat([*steps, finished])
    assert trends_of(together) == trends_of(finished)
    assert trends_of(together, "tokens") == trends_of(pl.concat(steps), "tokens")
    (found,) = trends_of(together, "tokens")
    assert found.n_models == 3


def test_items_without_topic_and_wording_are_clustered_by_item_alone() -> None:
    on_grid = observed(UP, noise=1, topics=4)
    own = on_grid.with_columns(pl.lit(None, pl.String).alias(c) for c in ("topic", "wording"))
    found, wide = verdict(own), verdict(on_grid)
    assert (found.n_items, found.slope) == (wide.n_items, wide.slope)
    slopes = item_slopes(own, "parameters", "loss", UNITS)
    assert slopes is not None
    se = slopes["slope"].std() / math.sqrt(len(slopes))  # type: ignore[operator]
    assert (found.high - found.low) / 2 == pytest.approx(se * stats.t.ppf(0.975, len(slopes) - 1))
    assert wide.high - wide.low != pytest.approx(found.high - found.low)


def test_one_size_has_no_trend() -> None:
    one = observed((0,))
    assert trends_of(one) == []
    assert item_slopes(one, "parameters", "loss", UNITS) is None


def test_items_that_not_every_model_answered_are_left_out() -> None:
    whole = observed(UP)
    lost = (pl.col("fact") == "0/0") & (pl.col("parameters") == SIZES[2])
    assert verdict(whole.filter(~lost)).n_items == 233
    apart = whole.filter((pl.col("topic") == "p0") == (pl.col("parameters") == SIZES[0]))
    assert trends_of(apart) == []
    assert item_slopes(apart, "parameters", "loss", UNITS) is None


def test_one_item_says_nothing_certain() -> None:
    lone = verdict(observed(UP, topics=1, wordings=1))
    assert lone.shape == "undecided"
    assert math.isnan(lone.p_slope)


def test_direction_of_a_metric_turns_the_shape_round() -> None:
    rows = observed(UP)
    up, down = (
        trends(rows, "parameters", "loss", 0.2, higher_is_better=better, units=UNITS)[0].shape
        for better in (True, False)
    )
    assert (up, down) == ("positive", "inverse")


def test_units_are_the_columns_that_tell_items_apart() -> None:
    """Without labels in common, items are clustered by fact and seed alone."""
    rows = observed(UP, noise=1, topics=4)
    plain = trends(rows, "parameters", "loss", 0.2, higher_is_better=False)[0]
    labelled = verdict(rows)
    assert plain.n_items == labelled.n_items
    assert plain.slope == pytest.approx(labelled.slope)
    assert (plain.low, plain.high) != (labelled.low, labelled.high)
    placed = points(rows, "parameters", "loss")
    assert placed is not None
    assert placed.columns == ["fact", "seed", "y", "x"]
    assert sorted(placed["x"].unique()) == pytest.approx([6, 7, 8, 9, 10])


def test_several_rows_of_an_item_at_one_place_are_averaged() -> None:
    rows = observed(UP, noise=0.3)
    twice = pl.concat([rows, rows.with_columns(pl.col("loss") + 1)])
    assert verdict(twice).slope == pytest.approx(verdict(rows).slope)
    assert verdict(twice).n_items == verdict(rows).n_items


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_trend_is_seldom_taken_for_one(seeds: int) -> None:
    """At a level of 5 %, over 200 tables without a trend; topics and wordings have their own."""
    draw = np.random.default_rng(seeds)
    shapes = [
        verdict(observed([0] * 5, noise=1, topics=6, wordings=6, seeds=seeds, draw=draw)).shape
        for _ in range(200)
    ]
    wrong = sum(s not in ("flat", "undecided") for s in shapes)
    assert wrong / 200 <= 0.08
