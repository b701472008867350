"""Shares of trainings, against the binomial tests of scipy."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.claim import Above, Below, Claim
from obverse.core.measure import LEADING
from obverse.stats.share import Share, in_most, meets, open_share, share
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate


def rows(*accuracy: float) -> pl.DataFrame:
    """Return ten answers of each seed, so many of them right."""
    table = [
        {"model": "m", "seed": seed, "step": 5, "fact": f"f{seed}{n}", "right": n < round(10 * a)}
        for seed, a in enumerate(accuracy)
        for n in range(10)
    ]
    return pl.DataFrame(table, schema=LEADING | {"right": bool})


@pytest.mark.parametrize(("met", "n"), [(0, 3), (3, 3), (2, 5), (6, 6)])
def test_interval_and_p_values_are_exact(met: int, n: int) -> None:
    found, oracle = Share(met, n), stats.binomtest(met, n)
    interval = oracle.proportion_ci(0.9, "exact")
    assert found.interval(0.9) == pytest.approx((interval.low, interval.high))
    for threshold in (0.2, 0.5):
        greater = stats.binomtest(met, n, threshold, alternative="greater").pvalue
        assert found.p_greater(threshold) == pytest.approx(greater)
        less = stats.binomtest(met, n, threshold, alternative="less").pvalue
        assert found.p_less(threshold) == pytest.approx(less)


def test_none_of_three_leaves_much_open() -> None:
    assert open_share(0, 3) == pytest.approx(0.708, abs=0.001)
    assert open_share(3, 3) == 1.0
    assert Share(3, 3).interval()[0] == pytest.approx(1 - open_share(0, 3))


def test_each_seed_counts_by_its_own_mean() -> None:
    table = rows(0.0, 0.1, 0.9)
    assert meets(table, "right", Below(0.5)) == {0: True, 1: True, 2: False}
    assert share(meets(table, "right", Below(0.5))) == Share(2, 3)
    assert share({}) is None


def claim(needs: tuple[str, ...] = ("learnt",)) -> Claim:
    return Claim(
        id="reverse", text="the reverse is not known (< 0.3)", criterion=Below(0.3), paper=0.01,
        source="Table 1", needs=needs, estimate=lambda some: mean(some, "right", bounds=(0, 1)),
    )  # fmt: skip


def test_claim_of_most_trainings_goes_beside_another() -> None:
    found = in_most(claim())
    assert (found.id, found.needs, found.paper) == ("reverse/most", ("learnt",), None)
    assert found.text == "in more than half of all trainings: the reverse is not known (< 0.3)"
    assert in_most(claim(), 0.8).text.startswith("in more than 80 % of all trainings")
    estimate = found.estimate(rows(0.0, 0.1, 0.9))
    assert estimate == Share(2, 3, 30)


def test_criterion_that_depends_on_rows_is_asked_of_each_seed() -> None:
    seen = []

    def criterion(some: pl.DataFrame) -> Above:
        seen.append(some["seed"].unique().to_list())
        return Above(0.05 + 0.5 * some["seed"].to_list()[0])

    given = Claim(
        id="c", text="c", criterion=criterion, estimate=lambda some: mean(some, "right", bounds=(0, 1))
    )
    assert in_most(given).estimate(rows(0.1, 0.1)) == Share(1, 2, 20)
    assert seen == [[0], [1]]


@pytest.mark.parametrize(("n", "verdict"), [(3, "undecided"), (5, "undecided"), (6, "holds")])
def test_six_of_six_are_the_fewest_that_show_most(n: int, verdict: str) -> None:
    (found,) = evaluate([in_most(claim(needs=()))], {"ask": rows(*[0.0] * n)})
    assert (found.verdict, found.meets, found.n_facts) == (verdict, n, 10 * n)


def test_most_is_wrongly_held_no_more_often_than_the_level() -> None:
    """Half of all trainings meet it: six seeds show more than half in 1/64 of the cases."""
    met = np.random.default_rng(0).binomial(6, 0.5, 4000)
    wrong = np.mean([Share(int(k), 6).p_greater(0.5) < 0.025 for k in met])
    assert wrong == pytest.approx(1 / 64, abs=0.006)


def test_explored_claim_has_no_companion() -> None:
    with pytest.raises(ValueError, match="no criterion"):
        in_most(Claim(id="c", text="c", estimate=lambda rows: None, role="explored"))
