"""Trends, on observations whose truth is known."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.claim import Above, Within
from obverse.core.measure import LEADING
from obverse.stats.clustered import ClusteredMean
from obverse.stats.trend import Trend, bend, change, points, trends

SIZES = tuple(10**k for k in range(6, 13))
UNITS = ("fact", "seed", "topic", "wording")
COLUMNS = LEADING | {"topic": str, "wording": str, "loss": float, "correct": float}


def observed(
    means: Sequence[float],
    noise: float = 0.1,
    topics: int = 13,
    wordings: int = 18,
    seeds: int = 1,
    family: str = "f",
    own: float = 0.0,
    trained: bool = False,
    draw: np.random.Generator | None = None,
    **columns: Any,
) -> pl.DataFrame:
    """Draw observations: the loss of models of growing size has these means.

    Topics, wordings and items differ in level; topics and wordings also in trend. Each model is off
    its mean by something of its own, of standard deviation `own`.
    """
    draw = np.random.default_rng(0) if draw is None else draw
    x = np.linspace(-1, 1, len(means))
    level = draw.normal(0, 1, (topics, wordings))
    tilts = draw.normal(0, noise / 4, (topics, 1)) + draw.normal(0, noise / 4, (1, wordings))
    off = draw.normal(0, own, (seeds if trained else 1, len(means)))
    rows = []
    for seed in range(seeds):
        shared = np.array(means) + off[seed if trained else 0]
        for (p, t), base in np.ndenumerate(level):
            losses = shared + base + tilts[p, t] * x + draw.normal(0, noise, len(means))
            rows += [
                {
                    "family": family, "parameters": size, "seed": seed, "fact": f"{p}/{t}",
                    "topic": f"p{p}", "wording": f"t{t}", "loss": loss, "correct": float(loss <= 0),
                    "step": int(trained),
                }
                | columns
                for size, loss in zip(SIZES, losses.tolist(), strict=False)
            ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def change_of(rows: pl.DataFrame, value: str = "loss", **more: Any) -> ClusteredMean:
    found = change(rows, "parameters", value, UNITS, **more)
    assert found is not None
    return found


def trend_of(rows: pl.DataFrame) -> Trend:
    (found,) = trends(rows, "parameters", "loss", units=UNITS)
    return found


UP, HILL, VALLEY = (-1, -0.5, 0, 0.5, 1), (-1, 0, 1, 0, -1), (1, 0, -1, 0, 1)
LEVELS_OFF = (1, 0.2, -0.2, -0.25, -0.25)


def test_change_is_over_the_whole_scale() -> None:
    found = change_of(observed(UP))
    assert found.value == pytest.approx(2, abs=0.1)
    assert (found.n_facts, found.n_seeds) == (234, 1)
    assert change_of(observed((0, 0.7))).value == pytest.approx(0.7, abs=0.1)


def test_one_run_of_each_model_is_tested_over_models() -> None:
    """The variance of the slope over models is that of an ordinary line through the models' means."""
    rows = observed((0, 0.1, 0.2, 0.3), noise=0, own=0.05, topics=3, wordings=3)
    means = rows.group_by("parameters").agg(pl.col("loss").mean()).sort("parameters")
    line = stats.linregress(np.log10(means["parameters"].to_numpy()), means["loss"].to_numpy())
    found = change_of(rows)
    assert found.value == pytest.approx(3 * line.slope)
    assert found.se == pytest.approx(3 * line.stderr)
    assert found.df == pytest.approx(2)


def test_noise_of_answers_is_counted_once() -> None:
    """Models without anything of their own: their means' distances are the noise of answers again."""
    draw = np.random.default_rng(1)
    rows = [observed([0] * 7, noise=1, draw=draw, topics=8, wordings=8) for _ in range(60)]
    found = [change_of(r, bounds=None) for r in rows]
    true = float(np.std([f.value for f in found]))
    typical = math.sqrt(float(np.mean([f.se**2 for f in found])))
    assert true * 0.85 < typical < true * 1.4


def test_two_models_of_one_run_each_give_no_interval() -> None:
    found = change_of(observed((0, 0.7)))
    assert math.isnan(found.se)
    assert all(math.isnan(p) for p in Above(0.0).p_values(found))
    assert all(math.isnan(p) for p in Within(5.0).p_values(found))


def test_seeds_that_train_families_of_their_own_are_the_clusters() -> None:
    means = (0, 0.7)
    several = change_of(observed(means, seeds=4, own=0.2, trained=True))
    assert several.n_seeds == 4
    assert 0 < several.se < 1
    assert several.df < 4
    same_models = change_of(observed(means, seeds=4, own=0.2))
    assert math.isnan(same_models.se), "asked as they are, models are the same for every seed"


def test_bounds_keep_items_that_change_alike_from_certainty() -> None:
    rows = observed([0] * 5, noise=0, topics=2, wordings=5).with_columns(pl.lit(0.0).alias("correct"))
    assert change_of(rows, "correct").se == 0
    found = change_of(rows, "correct", bounds=(0.0, 1.0))
    assert found.value == 0
    assert found.se > 0.05


@pytest.mark.parametrize(("means", "turns"), [(HILL, True), (VALLEY, True), (UP, False)])
def test_turn_is_seen(means: tuple[float, ...], turns: bool) -> None:
    found = trend_of(observed(means))
    assert found.turns_round is turns
    assert found.sides is not None
    left, right = found.sides
    assert (left.value, right.value) == pytest.approx((means[2] - means[0], means[4] - means[2]), abs=0.1)


def test_bend_is_how_far_the_curve_goes_away_from_the_line() -> None:
    found = bend(observed((1, -1, 1), noise=0.01), "parameters", "loss", UNITS)
    assert found is not None
    assert found.value == pytest.approx(2, abs=0.01)
    assert math.isnan(found.se), "a parabola goes through three models"
    up_and_down = trend_of(observed(HILL)).bend
    assert up_and_down is not None
    assert up_and_down.value < 0
    straight = trend_of(observed(UP)).bend
    assert straight is not None
    low, high = straight.interval()
    assert low < 0 < high
    assert bend(observed((0, 1)), "parameters", "loss", UNITS) is None


def test_levelling_off_is_no_turn() -> None:
    found = trend_of(observed(LEVELS_OFF))
    assert found.bend is not None
    assert found.bend.interval()[0] > 0
    assert not found.turns_round


@pytest.mark.parametrize(
    "means",
    [(1, -1, -1, 1), (-0.6, -1, -0.5, 0, 1), (1, 0, -0.5, -1, -0.6)],
    ids=["four", "first", "last"],
)
def test_one_model_out_of_line_at_an_end_is_no_turn(means: tuple[float, ...]) -> None:
    assert not trend_of(observed(means)).turns_round


def test_families_are_described_one_by_one() -> None:
    tables = [observed(UP, family="up"), observed(HILL, family="hill")]
    together = trends(pl.concat(tables), "parameters", "loss", units=UNITS)
    assert [t.family for t in together] == ["up", "hill"]
    assert together == [trend_of(table) for table in tables]


def test_tokens_are_those_of_the_largest_model() -> None:
    tables = [
        observed((rise * k, rise * k), tokens=1000 * 10**k).filter(pl.col("parameters") == size)
        for size, rise in zip(SIZES[:2], (-1, 0.5), strict=True)
        for k in range(4)
    ]
    rows = pl.concat(tables)
    over_tokens = change(rows, "tokens", "loss", UNITS)
    assert over_tokens is not None
    assert over_tokens.value == pytest.approx(1.5, abs=0.1)
    assert change_of(rows).value == pytest.approx(0.5 * 3 + 3, abs=0.1), "each size at its last moment"


def test_finished_model_is_the_last_over_parameters_and_has_no_place_over_tokens() -> None:
    """Asked without a revision, it has no tokens known, and is yet no less trained than its steps."""
    steps = [
        observed((k, k), tokens=1000 * 10**k, model=f"step{k}").filter(pl.col("parameters") == size)
        for size in SIZES[:2]
        for k in range(3)
    ]
    finished = observed((5, 7))
    together = pl.concat([*steps, finished])
    assert points(together, "parameters", "loss").equals(points(finished, "parameters", "loss"))  # type: ignore[union-attr,arg-type]
    assert change(together, "tokens", "loss", UNITS) == change(pl.concat(steps), "tokens", "loss", UNITS)


def test_items_without_topic_and_wording_are_clustered_by_item_alone() -> None:
    on_grid = observed(UP, noise=1, topics=4, seeds=3, trained=True)
    own = on_grid.with_columns(pl.lit(None, pl.String).alias(c) for c in ("topic", "wording"))
    found, wide = change_of(own), change_of(on_grid)
    assert (found.n_facts, found.value) == (wide.n_facts, wide.value)
    assert found.se != pytest.approx(wide.se)


def test_one_size_has_no_trend() -> None:
    assert change(observed((0,)), "parameters", "loss", UNITS) is None
    assert trends(observed((0,)), "parameters", "loss", units=UNITS) == []


def test_items_that_not_every_model_answered_are_left_out() -> None:
    whole = observed(UP)
    lost = (pl.col("fact") == "0/0") & (pl.col("parameters") == SIZES[2])
    assert change_of(whole.filter(~lost)).n_facts == 233
    apart = whole.filter((pl.col("topic") == "p0") == (pl.col("parameters") == SIZES[0]))
    assert change(apart, "parameters", "loss", UNITS) is None


def test_one_item_says_nothing_certain() -> None:
    assert math.isnan(change_of(observed(UP, topics=1, wordings=1)).se)


def test_places_are_logarithms() -> None:
    placed = points(observed(UP), "parameters", "loss")
    assert placed is not None
    assert placed.columns == ["fact", "seed", "y", "x"]
    assert sorted(placed["x"].unique()) == pytest.approx([6, 7, 8, 9, 10])


def test_several_rows_of_an_item_at_one_place_are_averaged() -> None:
    rows = observed(UP, noise=0.3)
    twice = pl.concat([rows, rows.with_columns(pl.col("loss") + 1)])
    assert change_of(twice).value == pytest.approx(change_of(rows).value)
    assert change_of(twice).n_facts == change_of(rows).n_facts
