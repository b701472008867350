"""Means of rows and of groups of them."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.stats.clustered import clustered_mean
from obverse.stats.summary import group_means, mean


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LEADING | {"topic": str, "right": bool, "nats": float})


def items(**columns: Any) -> pl.DataFrame:
    """Return 12 facts of two seeds; a topic lies 1 nat above the one before it."""
    draw = np.random.default_rng(0)
    return frame(
        *(
            {"fact": f"f{n}", "seed": seed, "topic": f"t{n % 4}", "nats": n % 4 + draw.normal(0, 0.1)}
            | columns
            for seed in (0, 1)
            for n in range(12)
        )
    )


def test_mean_is_clustered_by_fact_seed_and_labels() -> None:
    rows = items()
    values, facts, seeds = (rows[c].to_list() for c in ("nats", "fact", "seed"))
    assert mean(rows, "nats") == clustered_mean(values, facts, seeds)
    by_topic = mean(rows, "nats", clusters=("topic",))
    assert by_topic == clustered_mean(values, facts, seeds, also=[rows["topic"].to_list()])
    assert by_topic != mean(rows, "nats")


def test_label_that_rows_lack_is_passed_over() -> None:
    rows = items()
    some = rows.with_columns(
        pl.when(pl.col("fact") == "f0").then(None).otherwise(pl.col("topic")).alias("topic")
    )
    assert mean(some, "nats", clusters=("topic",)) == mean(rows, "nats")
    assert mean(rows.drop("topic"), "nats", clusters=("topic",)) == mean(rows, "nats")
    measured = some.with_columns(
        pl.when(pl.col("topic").is_null()).then(None).otherwise(pl.col("nats")).alias("nats")
    )
    known = measured.drop_nulls("nats")
    assert mean(measured, "nats", clusters=("topic",)) == mean(known, "nats", clusters=("topic",))
    assert mean(measured, "nats", clusters=("topic",)) != mean(known, "nats")


def test_missing_values_are_left_out_and_nothing_is_none() -> None:
    rows = frame(
        {"fact": "a", "seed": 0, "right": True}, {"fact": "b", "seed": 0, "right": False},
        {"fact": "c", "seed": 0, "right": None},
    )  # fmt: skip
    found = mean(rows, "right", bounds=(0, 1))
    assert found is not None
    assert (found.value, found.n_facts, found.bounds) == (0.5, 2, (0, 1))
    assert mean(rows.filter(fact="c"), "right") is None
    assert mean(rows.clear(), "right") is None


def test_groups_in_the_order_of_their_rows() -> None:
    rows = frame(
        {"fact": "a", "seed": 0, "model": "m", "right": True},
        {"fact": "a", "seed": 1, "model": "m", "right": False},
        {"fact": "b", "seed": 0, "model": "m", "right": True},
        {"fact": "b", "seed": 1, "model": "m", "right": None},
        {"fact": "a", "seed": 0, "model": "k", "right": None},
    )
    found = group_means(rows, ["model"], "right", bounds=(0, 1))
    assert found["model"].to_list() == ["m", "k"]
    m, k = found.to_dicts()
    assert m["mean"] == pytest.approx(2 / 3)
    assert m["sd"] == pytest.approx(math.sqrt(0.5)), "of the means of seeds, 1 and 0"
    assert (m["n_facts"], m["n_seeds"], m["n_missing"]) == (2, 2, 1)
    assert 0 <= m["low"] < m["mean"] < m["high"] <= 1
    assert (k["mean"], k["low"], k["high"], k["sd"]) == (None,) * 4
    assert (k["n_facts"], k["n_seeds"], k["n_missing"]) == (0, 0, 1)


def test_groups_have_the_intervals_of_mean() -> None:
    rows = pl.concat([items(model="m"), items(model="k")])
    for level in (0.95, 0.8):
        found = group_means(rows, ["model"], "nats", clusters=("topic",), level=level)
        expected = mean(rows.filter(model="k"), "nats", clusters=("topic",))
        assert expected is not None
        assert found.select("low", "high").row(1) == pytest.approx(expected.interval(level))
    single = group_means(rows.filter(seed=0), ["model"], "nats")
    assert single["sd"].to_list() == [None, None]


def test_groups_may_be_seeds() -> None:
    found = group_means(items(), ["topic", "seed"], "nats")
    assert found.select("topic", "seed").unique().height == found.height == 8
    assert found["sd"].null_count() == 8, "a seed alone has no spread between seeds"
