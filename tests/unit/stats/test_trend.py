"""Trends and their verdicts, on observations whose truth is known."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.observation import COLUMNS
from obverse.stats.trend import Trend, item_slopes, points, trends

SIZES = tuple(10**k for k in (6, 7, 8, 9, 10))


def observed(
    means: Sequence[float],
    noise: float = 0.1,
    patterns: int = 13,
    templates: int = 18,
    seeds: int = 1,
    family: str = "f",
    draw: np.random.Generator | None = None,
    **columns: Any,
) -> pl.DataFrame:
    """Draw observations: the loss of models of growing size has these means.

    Patterns, templates and items differ in level; patterns and templates also in trend.
    """
    draw = np.random.default_rng(0) if draw is None else draw
    x = np.linspace(-1, 1, len(means))
    level = draw.normal(0, 1, (patterns, templates))
    tilts = draw.normal(0, noise / 4, (patterns, 1)) + draw.normal(0, noise / 4, (1, templates))
    rows = []
    for seed in range(seeds):
        for (p, t), base in np.ndenumerate(level):
            losses = np.array(means) + base + tilts[p, t] * x + draw.normal(0, noise, len(means))
            rows += [
                {
                    "subset": "suppression", "condition": "against", "shots": 0, "final": True,
                    "family": family, "parameters": size, "seed": seed, "fact": f"{p}/{t}",
                    "pattern": f"p{p}", "template": f"t{t}", "loss": loss, "rank": 1 + (loss > 0),
                }
                | columns
                for size, loss in zip(SIZES, losses.tolist(), strict=False)
            ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def verdict(observations: pl.DataFrame, metric: str = "loss", margin: float = 0.2) -> Trend:
    (found,) = trends(observations, "parameters", metric, margin)
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
    few = observed((0, 0, 0, 0, 0), noise=3, patterns=3, templates=3)
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
    (alone,) = trends(weak, "parameters", "loss", 0.2)
    others = [observed(UP, family="strong"), observed(UP, family="other")]
    together = trends(pl.concat([weak, *others]), "parameters", "loss", 0.2)
    assert [t.family for t in together] == ["weak", "strong", "other"]
    assert alone.p_slope < 0.5
    assert together[0].p_slope == pytest.approx(alone.p_slope), "the largest p stays as it is"
    strong = trends(others[0], "parameters", "loss", 0.2)[0].p_slope
    assert together[1].p_slope == pytest.approx(3 * strong, abs=0)


def test_tokens_are_those_of_the_largest_model() -> None:
    tables = [
        observed((rise * k, rise * k), tokens=1000 * 10**k).filter(pl.col("parameters") == size)
        for size, rise in zip(SIZES[:2], (-1, 0.5), strict=True)
        for k in range(4)
    ]
    (found,) = trends(pl.concat(tables), "tokens", "loss", 0.2)
    assert found.n_models == 4
    assert found.slope == pytest.approx(0.5, abs=0.1)
    (by_size,) = trends(pl.concat(tables), "parameters", "loss", 0.2)
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
    assert trends(together, "parameters", "loss", 0.2) == trends(finished, "parameters", "loss", 0.2)
    assert trends(together, "tokens", "loss", 0.2) == trends(pl.concat(steps), "tokens", "loss", 0.2)
    (found,) = trends(together, "tokens", "loss", 0.2)
    assert found.n_models == 3


def test_items_without_pattern_and_template_are_clustered_by_item_alone() -> None:
    on_grid = observed(UP, noise=1, patterns=4)
    own = on_grid.with_columns(pl.lit(None, pl.String).alias(c) for c in ("pattern", "template"))
    found, wide = verdict(own), verdict(on_grid)
    assert (found.n_items, found.slope) == (wide.n_items, wide.slope)
    slopes = item_slopes(own, "parameters", "loss")
    assert slopes is not None
    se = slopes["slope"].std() / math.sqrt(len(slopes))  # type: ignore[operator]
    assert (found.high - found.low) / 2 == pytest.approx(se * stats.t.ppf(0.975, len(slopes) - 1))
    assert wide.high - wide.low != pytest.approx(found.high - found.low)


def test_controls_and_examples_are_left_out() -> None:
    task = observed(UP)
    others = [observed(DOWN, condition="follow"), observed(DOWN, shots=2)]
    assert verdict(pl.concat([task, *others])) == verdict(task)


def test_answers_alone_give_accuracy_and_no_loss() -> None:
    answers = observed(UP, noise=0.8).with_columns(
        (pl.col("rank") == 1).alias("exact_match"),
        pl.lit(None, pl.Int64).alias("rank"),
        pl.lit(None, pl.Float64).alias("loss"),
    )
    assert verdict(answers, metric="correct") == verdict(observed(UP, noise=0.8), metric="correct")
    assert trends(answers, "parameters", "loss", 0.2) == []


def test_induction_is_the_gain_of_the_second_copy() -> None:
    rows = [
        {
            "subset": "induction", "direction": direction, "model": f"m{size}", "parameters": size,
            "seed": 0, "fact": f"sequence-{n}", "target": " apple river stone cloud",
            "logprob": -20.0 + (4 * (0.5 * k + 0.01 * n) if direction == "second" else 0.0),
        }
        for k, size in enumerate(SIZES)
        for n in range(6)
        for direction in ("first", "second")
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=COLUMNS)
    slopes = item_slopes(table, "parameters", "gain")
    assert slopes is not None
    assert slopes["slope"].to_list() == pytest.approx([0.5] * 6)  # nats a word
    first = points(table, "parameters", "gain")
    assert first is not None
    assert first["y"].min() == pytest.approx(0)


def test_one_size_has_no_trend() -> None:
    one = observed((0,))
    assert trends(one, "parameters", "loss", 0.2) == []
    assert item_slopes(one, "parameters", "loss") is None


def test_items_that_not_every_model_answered_are_left_out() -> None:
    whole = observed(UP)
    lost = (pl.col("fact") == "0/0") & (pl.col("parameters") == SIZES[2])
    assert verdict(whole.filter(~lost)).n_items == 233
    apart = whole.filter((pl.col("pattern") == "p0") == (pl.col("parameters") == SIZES[0]))
    assert trends(apart, "parameters", "loss", 0.2) == []
    assert item_slopes(apart, "parameters", "loss") is None


def test_one_item_says_nothing_certain() -> None:
    lone = verdict(observed(UP, patterns=1, templates=1))
    assert lone.shape == "undecided"
    assert math.isnan(lone.p_slope)


def test_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="correct or loss"):
        trends(observed(UP), "parameters", "logprob", 0.2)


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_trend_is_seldom_taken_for_one(seeds: int) -> None:
    """At a level of 5 %, over 200 tables without a trend; patterns and templates have their own."""
    draw = np.random.default_rng(seeds)
    shapes = [
        verdict(observed([0] * 5, noise=1, patterns=6, templates=6, seeds=seeds, draw=draw)).shape
        for _ in range(200)
    ]
    wrong = sum(s not in ("flat", "undecided") for s in shapes)
    assert wrong / 200 <= 0.08
