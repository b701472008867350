"""Our statistics beside those of statsmodels and pingouin, where both compute the same."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Within
from obverse.stats.anova import main_effects
from obverse.stats.clustered import clustered_mean
from obverse.stats.contrast import over_seeds
from obverse.stats.tests import equivalence, holm, paired_t
from obverse.stats.trend import change

with warnings.catch_warnings():  # what they warn of at import is not ours
    warnings.simplefilter("ignore")
    import pandas as pd
    import pingouin as pg
    import statsmodels.api as sm
    from statsmodels.stats.anova import AnovaRM
    from statsmodels.stats.multitest import multipletests


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(7)


def test_holm_is_that_of_statsmodels(draw: np.random.Generator) -> None:
    p_values = draw.uniform(0, 0.2, 12).tolist()
    expected: Any = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected.tolist())


def test_mean_of_clusters_is_their_regression_on_a_constant(draw: np.random.Generator) -> None:
    """Equal clusters: CR2-like jackknife and statsmodels' clustered variance with its small-sample
    factor G / (G − 1) are the same."""
    seeds = np.repeat(np.arange(6), 20)
    values = draw.normal(0, 1, 6)[seeds] + draw.normal(0, 0.5, 120)
    fit = sm.OLS(values, np.ones(120)).fit(
        cov_type="cluster", cov_kwds={"groups": seeds, "use_correction": False}
    )
    ours = clustered_mean(values, ["all"] * 120, seeds.tolist())
    assert ours.value == pytest.approx(float(fit.params[0]))
    assert ours.se**2 == pytest.approx(float(fit.bse[0]) ** 2 * 6 / 5)


def test_two_ways_of_clustering_are_theirs(draw: np.random.Generator) -> None:
    """Facts crossed with seeds, each with a level of its own: V_facts + V_seeds − V_rows."""
    facts, seeds = np.repeat(np.arange(15), 6), np.tile(np.arange(6), 15)
    values = draw.normal(0, 1, 15)[facts] + draw.normal(0, 1, 6)[seeds] + draw.normal(0, 0.3, 90)

    def variance(groups: Any) -> float:
        fit = sm.OLS(values, np.ones(90)).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
        )
        count = len(np.unique(groups))
        return float(fit.bse[0]) ** 2 * count / (count - 1)

    expected = variance(facts) + variance(seeds) - variance(np.arange(90))
    assert clustered_mean(values, facts.tolist(), seeds.tolist()).se ** 2 == pytest.approx(expected)


def test_one_number_a_seed_is_a_t_test(draw: np.random.Generator) -> None:
    values = draw.normal(0.4, 1, 6)
    theirs = pg.ttest(values, 0.1, alternative="greater")
    ours = over_seeds(dict(enumerate(values.tolist())))
    assert ours is not None
    assert ours.p_greater(0.1) == pytest.approx(float(theirs.filter(regex="^p").iloc[0, 0]))
    two_sided = pg.ttest(values, 0.0)
    interval = np.asarray(two_sided.filter(regex="CI95").iloc[0, 0], dtype=float)
    assert ours.interval() == pytest.approx(interval.tolist(), abs=0.006), "pingouin rounds to 0.01"


def test_equivalence_is_pingouins_tost(draw: np.random.Generator) -> None:
    a, b = draw.normal(0, 1, 20), draw.normal(0.1, 1, 20)
    theirs = float(pg.tost(a, b, bound=0.8, paired=True).filter(regex="^p").iloc[0, 0])
    assert equivalence(a, b, 0.8) == pytest.approx(theirs, abs=1e-9)
    differences = over_seeds(dict(enumerate((a - b).tolist())))
    assert differences is not None
    assert Within(0.8).p_values(differences)[0] == pytest.approx(theirs, abs=1e-9)
    paired = float(pg.ttest(a, b, paired=True).filter(regex="^p").iloc[0, 0])
    assert paired_t(a, b) == pytest.approx(paired)


@pytest.mark.parametrize("levels", [2, 4])
def test_axis_over_seeds_is_their_repeated_measures(draw: np.random.Generator, levels: int) -> None:
    shape = (6, levels, 3)
    values = draw.normal(0, 1, shape) + draw.normal(0, 1, (6, levels, 1)) + np.arange(levels)[:, None] / 2
    table = pd.DataFrame(
        [
            {"seed": s, "axis": f"l{x}", "other": f"o{o}", "y": y}
            for (s, x, o), y in np.ndenumerate(values)
        ]
    )
    rows = pl.DataFrame(table.to_dict("list"))
    (ours,) = main_effects(rows, "y", ["axis"])
    theirs = AnovaRM(table, "y", "seed", within=["axis"], aggregate_func="mean").fit().anova_table
    assert ours.f == pytest.approx(float(theirs["F Value"].iloc[0]))
    corrected = pg.rm_anova(table, dv="y", within="axis", subject="seed", correction=True)
    column = "p_GG_corr" if levels > 2 else "p_unc"
    assert ours.p == pytest.approx(float(corrected[column].iloc[0]))
    assert ours.df[0] == pytest.approx(float(corrected["eps"].iloc[0]) * (levels - 1))


def test_axis_over_items_is_their_type_two(draw: np.random.Generator) -> None:
    axes = draw.integers(0, 3, (60, 2))
    table = pd.DataFrame({"a": axes[:, 0].astype(str), "b": axes[:, 1].astype(str)})
    table["y"] = draw.normal(0, 1, 60) + axes[:, 0]
    fit = sm.OLS.from_formula("y ~ C(a) + C(b)", table).fit()
    theirs = sm.stats.anova_lm(fit, typ=2)
    ours = main_effects(pl.DataFrame(table.to_dict("list")), "y", ["a", "b"])
    assert [e.f for e in ours] == pytest.approx(theirs["F"].iloc[:2].tolist())
    assert holm(theirs["PR(>F)"].iloc[:2].tolist()) == pytest.approx([e.p for e in ours])


def test_change_over_models_without_noise_of_items_is_their_line(draw: np.random.Generator) -> None:
    """Items that all models answer alike but for a level: what is left is the line through the models."""
    x, off = np.arange(6.0), draw.normal(0, 0.1, 6)
    rows = pl.DataFrame(
        [
            {
                "family": "f", "model": f"m{j}", "parameters": 10 ** int(x[j]), "tokens": None, "seed": 0,
                "step": 0, "fact": f"{i}", "y": 0.05 * x[j] + off[j] + i,
            }
            for j in range(6)
            for i in range(8)
        ],
        schema_overrides={"tokens": pl.Int64},
    )  # fmt: skip
    fit = sm.OLS(0.05 * x + off, sm.add_constant(x)).fit()
    ours = change(rows, "parameters", "y")
    assert ours is not None
    assert ours.value == pytest.approx(5 * float(fit.params[1]))
    low, high = ours.interval()
    assert (low, high) == pytest.approx((5 * fit.conf_int()[1]).tolist())
