"""Right against random answers, on rows whose truth is known."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.experiments.reversal.likelihood import likelihood_tests
from obverse.stats.tests import holm


def rows(gap: float, seeds: int = 2, facts: int = 20) -> pl.DataFrame:
    """Draw rows of two prompts a fact; two facts in a row are one another's control."""
    draw = np.random.default_rng(0)
    return pl.DataFrame(
        [
            {
                "model": "m", "subset": "NameToDescription", "direction": "same", "seed": seed,
                "fact": f"{fact}", "pair": f"{fact // 2}",
                "logprob": -10 + gap + draw.normal(0, 0.3), "logprob_control": -10 + draw.normal(0, 0.3),
            }
            for seed in range(seeds) for fact in range(facts) for _ in range(2)
        ]
    )  # fmt: skip


def test_one_row_a_seed_with_the_means_and_tests() -> None:
    table = rows(3.0)
    tested = likelihood_tests(table, margin=1.0)
    assert tested["seed"].to_list() == [0, 1]
    assert tested["n_facts"].to_list() == [20, 20]
    of_seed = table.filter(seed=0)
    first = tested.row(0, named=True)
    assert first["correct"] == pytest.approx(of_seed["logprob"].to_numpy().mean())
    assert first["random"] == pytest.approx(of_seed["logprob_control"].to_numpy().mean())
    of_pairs = of_seed.group_by("pair").agg(pl.col("logprob", "logprob_control").mean())
    expected = stats.ttest_rel(of_pairs["logprob"].to_numpy(), of_pairs["logprob_control"].to_numpy())
    assert first["p_t"] == pytest.approx(expected.pvalue)
    assert tested["p_t_holm"].to_list() == holm(tested["p_t"].to_list())
    assert first["p_equivalence"] > 0.99


def test_sameness_is_shown_by_equivalence() -> None:
    for row in likelihood_tests(rows(0.0), margin=1.0).to_dicts():
        assert row["p_equivalence"] < 0.001


def test_prompts_without_likelihoods_are_left_out() -> None:
    table = rows(3.0).with_columns(logprob=pl.when(pl.col("seed") == 1).then("logprob"))
    assert likelihood_tests(table, margin=1.0)["seed"].to_list() == [1]
    nothing = table.with_columns(pl.lit(None, pl.Float64).alias("logprob"))
    assert likelihood_tests(nothing, margin=1.0).is_empty()
