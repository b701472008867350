import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from obverse.core.claim import Within
from obverse.stats.clustered import clustered_mean
from obverse.stats.codes import codes, common


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("seed_effect", [0.0, 1.0])
def test_interval_covers_the_truth(nested: bool, seed_effect: float) -> None:
    """Three seeds, thirty facts, three prompts each: 95 % intervals hold the truth about so often."""
    draw = np.random.default_rng(0)
    covered, trials = 0, 300
    for _ in range(trials):
        of_seed = draw.normal(0, seed_effect, 3)
        of_fact = draw.normal(0, 1, (3 if nested else 1, 30))
        values, facts, seeds = [], [], []
        for s in range(3):
            for f in range(30):
                noise = draw.normal(0, 1, 3)
                values += list(of_seed[s] + of_fact[s if nested else 0, f] + noise)
                facts += [(s, f) if nested else f] * 3
                seeds += [s] * 3
        low, high = clustered_mean(values, facts, seeds).interval()
        covered += low <= 0 <= high
    assert 0.90 <= covered / trials <= 0.995


def test_rows_of_one_fact_count_once() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    once = clustered_mean(values, range(5), [0] * 5)
    copied = clustered_mean(np.repeat(values, 40), np.repeat(range(5), 40).tolist(), [0] * 200)
    assert copied.se == pytest.approx(once.se)
    assert once.se == pytest.approx(np.std(values, ddof=1) / math.sqrt(5))
    low, high = stats.t.interval(0.95, 4, once.value, once.se)
    assert once.interval() == pytest.approx((low, high))


def test_constant_proportion_is_not_certain() -> None:
    none = clustered_mean(np.zeros(300), list(range(30)) * 10, [0] * 300, bounds=(0, 1))
    low, high = none.interval()
    assert low == 0
    assert 0.05 < high < 0.12  # thirty facts, not three hundred rows
    assert none.p_less(0.5) < 1e-6
    assert 0.01 < none.p_less(1 / 30) < 0.5
    everything = clustered_mean(np.ones(30), range(30), [0] * 30, bounds=(0, 1))
    assert everything.interval()[1] == 1
    assert everything.p_greater(0.5) < 1e-6


def test_one_hit_does_not_narrow_the_interval_of_none() -> None:
    facts = list(range(30)) * 10
    none, one = (
        clustered_mean([float(i < hits) for i in range(300)], facts, [0] * 300, bounds=(0, 1))
        for hits in (0, 1)
    )
    assert one.interval()[1] > none.interval()[1]
    assert one.p_less(0.083) > none.p_less(0.083)


def test_proportion_stays_between_its_bounds() -> None:
    low, high = clustered_mean([0, 0, 0, 1], range(4), [0] * 4, bounds=(0, 1)).interval()
    assert low == 0
    assert high <= 1


def test_answers_clustered_three_ways() -> None:
    """Patterns and templates each shift the mean; the interval must know of both."""
    draw = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        a, b = draw.normal(0, 1, 12), draw.normal(0, 1, 15)
        values = (a[:, None] + b[None] + draw.normal(0, 1, (12, 15))).ravel()
        pattern, template = np.repeat(range(12), 15).tolist(), list(range(15)) * 12
        estimate = clustered_mean(values, range(180), [0] * 180, also=[pattern, template])
        low, high = estimate.interval()
        covered += low <= 0 <= high
    assert 0.88 <= covered / 200 <= 0.995


def test_one_fact_says_nothing_certain() -> None:
    lone = clustered_mean([1.0, 2.0], ["f", "f"], [0, 0])
    assert math.isnan(lone.se)
    assert math.isnan(lone.interval()[0])


def test_missing_is_refused_not_counted_as_zero() -> None:
    with pytest.raises(ValueError, match="missing"):
        clustered_mean([1.0, float("nan")], [0, 1], [0, 0])
    with pytest.raises(ValueError, match="no values"):
        clustered_mean([], [], [])


def test_p_values_and_intervals_agree() -> None:
    draw = np.random.default_rng(1)
    estimate = clustered_mean(draw.normal(1, 1, 60), list(range(30)) * 2, [0] * 30 + [1] * 30)
    low, high = estimate.interval(0.90)
    assert estimate.p_greater(low) == pytest.approx(0.05)
    assert estimate.p_less(high) == pytest.approx(0.05)


def test_differences_that_are_all_none_are_certain_only_with_many_facts() -> None:
    few = clustered_mean([0.0] * 5, range(5), [0] * 5, bounds=(-1.0, 1.0))
    many = clustered_mean([0.0] * 500, range(500), [0] * 500, bounds=(-1.0, 1.0))
    assert Within(0.1).p_values(few)[0] > 0.1
    assert Within(0.1).p_values(many)[0] < 0.001
    assert few.interval()[0] < -0.2 < 0.2 < few.interval()[1]


def test_facts_of_their_own_seed_leave_students_t_over_seeds() -> None:
    """The degrees of freedom do not jump where seeds happen to agree."""
    draw = np.random.default_rng(3)
    for spread in (0.0, 0.05, 1.0):
        of_seeds = draw.normal(0, spread, 4)
        values = np.repeat(of_seeds, 25) + draw.normal(0, 1, 100)
        seeds = np.repeat(np.arange(4), 25).tolist()
        found = clustered_mean(values, list(range(100)), seeds)
        assert (found.df, found.n_facts, found.also) == (3, 100, ())
        oracle = stats.ttest_1samp(values.reshape(4, 25).mean(1), 0.1, alternative="greater")
        assert found.p_greater(0.1) == pytest.approx(float(oracle.pvalue))


def test_facts_of_their_own_seed_reject_at_the_level() -> None:
    """Three seeds that do not differ by themselves: with facts as a way of their own 6 % and more."""
    draw = np.random.default_rng(4)
    seeds = np.repeat(np.arange(3), 20).tolist()
    p = [
        clustered_mean(draw.normal(0, 1, 60), list(range(60)), seeds).p_greater(0.0) for _ in range(1500)
    ]
    assert np.mean(np.array(p) < 0.025) == pytest.approx(0.025, abs=0.012)


def test_shared_facts_are_never_surer_than_seeds_alone() -> None:
    """Satterthwaite's degrees of freedom jump where the seeds agree by chance; t over seeds does not."""
    draw = np.random.default_rng(5)
    facts, seeds = np.tile(np.arange(40), 3).tolist(), np.repeat(np.arange(3), 40).tolist()
    wrong = []
    for _ in range(1500):
        values = np.tile(draw.normal(0, 1, 40), 3) + np.repeat(draw.normal(0, 1, 3), 40)
        values += draw.normal(0, 1, 120)
        found = clustered_mean(values, facts, seeds)
        p = found.p_greater(0.0)
        wrong.append((p < 0.025, p < 0.0025))
        of_seeds = values.reshape(3, 40).mean(1)
        of_t = stats.ttest_1samp(of_seeds, 0.0, alternative="greater").pvalue
        assert p >= min(of_t, 0.5) - 1e-12
        low, high = found.interval()
        assert (found.p_greater(low), found.p_less(high)) == pytest.approx((0.025, 0.025))
    assert np.mean(wrong, 0)[0] < 0.038
    assert np.mean(wrong, 0)[1] < 0.007


def test_share_near_zero_of_few_seeds_is_known_as_badly_as_seeds_are_few() -> None:
    """Korn and Graubard: 0 of 180 answers are worth 106 in six trainings, and 19 of 90 in three."""
    ends = {}
    for seeds in (3, 6):
        facts = range(30 * seeds)
        none = clustered_mean(np.zeros(30 * seeds), facts, [f // 30 for f in facts], bounds=(0, 1))
        ratio = (stats.t.isf(0.025, 30 * seeds - 1) / stats.t.isf(0.025, seeds - 1)) ** 2
        ends[seeds] = none.interval()[1]
        assert ends[seeds] == pytest.approx(1 - 0.025 ** (1 / (30 * seeds * ratio)), rel=1e-6)
        for level in (0.5, 0.95, 0.995):
            end = none.interval(level)[1]
            assert none.p_less(end) == pytest.approx((1 - level) / 2, rel=1e-3), "p and interval agree"
    assert ends[3] > 0.17
    assert ends[6] < 0.04


def test_skewed_shares_of_seeds_are_not_called_small_too_often() -> None:
    """5 % right, seeds differing by half a probit: t over seeds says "below" in 9 to 10 % of sets."""
    draw = np.random.default_rng(4)
    seeds, facts, said = 6, 30, 0
    for _ in range(400):
        rates = stats.norm.cdf(stats.norm.ppf(0.05) * np.sqrt(1.25) + draw.normal(0, 0.5, seeds))
        right = draw.random((seeds, facts)) < rates[:, None]
        labels = [f"{s}/{f}" for s in range(seeds) for f in range(facts)]
        owners = [s for s in range(seeds) for _ in range(facts)]
        said += clustered_mean(right.ravel().astype(float), labels, owners, (0, 1)).p_less(0.05) < 0.025
    assert said / 400 < 0.045


@pytest.mark.parametrize(("bounds", "end"), [((0.0, 1.0), 0.459), ((-1.0, 1.0), 0.4)])
def test_one_fact_that_all_seeds_answer_alike_is_not_certain(
    bounds: tuple[float, float], end: float
) -> None:
    """None of six trainings leaves up to 46 % of them open, whether one fact was asked or many."""
    none = clustered_mean([0.0] * 6, ["f"] * 6, range(6), bounds)
    assert none.interval()[1] == pytest.approx(end, abs=0.03)
    assert none.p_less(0.05) > 0.1


@pytest.mark.parametrize("facts", [5, 400])
def test_columns_give_what_lists_do_to_the_last_bit(monkeypatch: pytest.MonkeyPatch, facts: int) -> None:
    draw = np.random.default_rng(0)
    labels = {
        "fact": [f"f{n}" for n in draw.integers(0, facts, 300)],
        "seed": draw.integers(-9, 9, 300).tolist(),
        "wording": [None if n == 3 else "abc"[n] for n in draw.integers(0, 4, 300)],
    }
    values = draw.normal(size=300)
    fact, seed, wording = labels.values()
    wanted = clustered_mean(values, fact, seed, also=[wording])
    monkeypatch.setattr("obverse.stats.codes.MANY", 0)
    columns = pl.DataFrame(labels)
    found = clustered_mean(values, columns["fact"], columns["seed"], also=[columns["wording"]])
    assert found == wanted
    pairs = list(zip(fact, seed, strict=True))
    assert common(codes(fact), codes(seed)).tolist() == codes(pairs).tolist()
