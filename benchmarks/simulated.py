"""Data whose truth is known, and what the project's own functions make of them, for error_rates.py."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from obverse.core.claim import Above, Claim, Role, Within
from obverse.stats.anova import main_effects
from obverse.stats.clustered import ClusteredMean, clustered_mean
from obverse.stats.contrast import over_seeds
from obverse.stats.largest import Largest
from obverse.stats.power import seeds_for, seeds_needed
from obverse.stats.share import Share, share
from obverse.stats.tests import ALPHA
from obverse.stats.trend import change, trends
from obverse.stats.verdict import evaluate

Draw = np.random.Generator
Vector = NDArray[np.float64]
FACTS = 40


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data: how seeds and facts differ, and what single answers look like."""

    name: str
    truth: float
    values: Callable[[Draw, int, bool], Vector]


def gaussian(between: float) -> Kind:
    """Facts differ by 1 (SD), answers by 1, seeds by `between`."""

    def values(draw: Draw, seeds: int, crossed: bool) -> Vector:
        facts = draw.normal(0, 1, (1 if crossed else seeds, FACTS))
        return draw.normal(0, between, (seeds, 1)) + facts + draw.normal(0, 1, (seeds, FACTS))

    return Kind(f"Gaussian, seeds differ by {between:g} SD of a fact", 0.0, values)


def binary(centre: float, between: float) -> Kind:
    """Right with probability Φ(c + seed + fact); the mean is Φ(c / √(1 + the variances of both))."""
    truth = float(stats.norm.cdf(centre / math.sqrt(1 + between**2 + 0.5**2)))

    def values(draw: Draw, seeds: int, crossed: bool) -> Vector:
        facts = draw.normal(0, 0.5, (1 if crossed else seeds, FACTS))
        latent = centre + draw.normal(0, between, (seeds, 1)) + facts + draw.normal(0, 1, (seeds, FACTS))
        return (latent > 0).astype(float)

    return Kind(f"right or wrong, {truth:.0%} right, seeds differ by {between:g} probit", truth, values)


def bimodal(learnt: float = 0.4, rate: float = 0.9) -> Kind:
    """Two trainings in five learn, and answer nine of ten rightly; the others none."""

    def values(draw: Draw, seeds: int, crossed: bool) -> Vector:
        own = draw.uniform(size=(seeds, 1)) < learnt
        return (own & (draw.uniform(size=(seeds, FACTS)) < rate)).astype(float)

    return Kind("two seeds in five learn (90 %), the others not (0 %)", learnt * rate, values)


KINDS = (
    gaussian(0.0),
    gaussian(0.2),
    gaussian(1.0),
    binary(0.0, 0.0),
    binary(0.0, 0.5),
    binary(-2.0, 0.5),
    bimodal(),
)


def labels(seeds: int, crossed: bool) -> tuple[list[str], list[int]]:
    of_seed = np.repeat(np.arange(seeds), FACTS)
    fact = np.tile(np.arange(FACTS), seeds)
    return [
        f"{f}" if crossed else f"{s}/{f}" for s, f in zip(of_seed, fact, strict=True)
    ], of_seed.tolist()


def mean_of_facts(crossed: bool, kind: Kind, seeds: int, draw: Draw) -> ClusteredMean:
    values = kind.values(draw, seeds, crossed)
    whole = set(np.unique(values)) <= {0.0, 1.0}
    return clustered_mean(values.ravel(), *labels(seeds, crossed), (0.0, 1.0) if whole else None)


def mean_of_seeds(kind: Kind, seeds: int, draw: Draw) -> ClusteredMean:
    """One number a seed, as `difference`, `excess` and `slope` have it."""
    values = kind.values(draw, seeds, False).mean(1)
    found = over_seeds(dict(enumerate(values.tolist())), FACTS * seeds, 1 / FACTS)
    assert found is not None
    return found


def mean_of_prompts(cluster: bool, seeds: int, draw: Draw) -> ClusteredMean:
    """Facts × prompts × seeds; prompts differ by 0.5, facts by 1, seeds by 0.3, answers by 1."""
    prompts, facts = 10, 15
    shape = (seeds, prompts, facts)
    values = (
        draw.normal(0, 0.3, (seeds, 1, 1)) + draw.normal(0, 0.5, (1, prompts, 1))
        + draw.normal(0, 1, (1, 1, facts)) + draw.normal(0, 1, shape)
    )  # fmt: skip
    seed, prompt, fact = (axis.ravel().tolist() for axis in np.indices(shape))
    return clustered_mean(values.ravel(), fact, seed, also=[prompt] if cluster else [])


PLACES = 12


def largest_of_places(shared: float, seeds: int, draw: Draw) -> Largest:
    """Twelve places, none of them above 0; `shared` is the correlation of two places of one seed."""
    common, own = draw.normal(0, 1, (seeds, 1)), draw.normal(0, 1, (seeds, PLACES))
    return Largest(math.sqrt(shared) * common + math.sqrt(1 - shared) * own)


def found_somewhere(shared: float, seeds: int, draw: Draw) -> bool:
    return largest_of_places(shared, seeds, draw).p_greater(0.0) < ALPHA


def found_nowhere(shared: float, seeds: int, draw: Draw) -> bool:
    """One of twelve places lies exactly at 1, the others at 0: does "nowhere more than 1" hold?"""
    values = largest_of_places(shared, seeds, draw).values + np.eye(1, PLACES)
    return Largest(values).p_less(1.0) < ALPHA


def covers_largest(shared: float, seeds: int, draw: Draw) -> bool | None:
    """Return whether the interval holds the largest mean; None where it has no lower end."""
    values = largest_of_places(shared, seeds, draw).values + np.eye(1, PLACES)
    low, high = Largest(values).interval()
    return None if math.isnan(low) else low <= 1.0 <= high


# --- Trends -------------------------------------------------------------------------------------------


def answers(
    draw: Draw, models: int, seeds: int = 1, own: float = 0.05, items: int = 60, trained: bool = False,
    line: float = 0.0, memory: float = 0.0,
) -> pl.DataFrame:  # fmt: skip
    """Return what models of a family answer: each is off the trend by something of its own.

    Items differ by 0.3 in level, answers by 0.3 and in the item's slope by 0.1. With `memory` the models'
    own parts follow one another (AR(1)), as moments of one run may.
    """
    x = np.linspace(0, 1, models)
    off = draw.normal(0, own, (seeds if trained else 1, models))
    for j in range(1, models):
        off[:, j] = memory * off[:, j - 1] + math.sqrt(1 - memory**2) * off[:, j]
    level, tilt = draw.normal(0, 0.3, (items, 1)), draw.normal(0, 0.1, (items, 1))
    y = line * x + off[:, None] + level + tilt * x + draw.normal(0, 0.3, (seeds, items, models))
    seed, item, model = (axis.ravel() for axis in np.indices(y.shape))
    return pl.DataFrame(
        {
            "family": "f", "model": model.astype(str), "parameters": (10.0 ** (6 + model / 2)).round(),
            "tokens": pl.Series([None] * y.size, dtype=pl.Int64), "seed": seed, "step": int(trained),
            "fact": item.astype(str), "y": y.ravel(),
        }
    )  # fmt: skip


def change_of_models(own: float, memory: float, models: int, draw: Draw) -> ClusteredMean:
    """One run of each model."""
    found = change(answers(draw, models, own=own, memory=memory), "parameters", "y")
    assert found is not None
    return found


def change_of_families(models: int, seeds: int, draw: Draw) -> ClusteredMean:
    """Each seed trains a family of its own."""
    found = change(answers(draw, models, seeds, trained=True), "parameters", "y")
    assert found is not None
    return found


def turns(line: float, models: int, draw: Draw) -> bool:
    (found,) = trends(answers(draw, models, line=line), "parameters", "y")
    return found.turns_round


# --- Whole studies ------------------------------------------------------------------------------------


def claim(id: str, threshold: float, role: Role = "primary", needs: tuple[str, ...] = ()) -> Claim:
    def estimate(rows: pl.DataFrame) -> ClusteredMean | None:
        mine = rows.filter(pl.col("fact") == id)
        return over_seeds(dict(zip(mine["seed"].to_list(), mine["y"].to_list(), strict=True)))

    return Claim(id=id, text=id, estimate=estimate, criterion=Above(threshold), role=role, needs=needs)


def study(
    draw: Draw, claims: Sequence[Claim], means: Sequence[float], seeds: int, shared: float = 0.0
) -> list[str]:
    """Return the verdicts; each claim's value of a seed is N(mean, 1), with `shared` the correlation."""
    common = draw.normal(0, math.sqrt(shared), (seeds, 1))
    y = common + draw.normal(0, math.sqrt(1 - shared), (seeds, len(claims))) + np.array(means)
    rows = pl.DataFrame(
        {
            "model": "m", "family": "f", "step": 1, "seed": np.repeat(np.arange(seeds), len(claims)),
            "fact": [c.id for c in claims] * seeds, "y": y.ravel(),
        }
    )  # fmt: skip
    found = {f.claim: f.verdict for f in evaluate(claims, {"ask": rows})}
    return [found[c.id] for c in claims]


def any_of_ten(shared: float, seeds: int, draw: Draw) -> bool:
    """Ten primary claims, all at their threshold: does any hold?"""
    claims = [
        claim("control", -2.0, "control"),
        *(claim(f"{n}", 0.0, needs=("control",)) for n in range(10)),
    ]
    return "holds" in study(draw, claims, [0.0] * 11, seeds, shared)[1:]


def behind_two_controls(seeds: int, draw: Draw) -> bool:
    """A true claim needs two controls, one of which is not true: does it get a verdict?"""
    claims = [
        claim("a", 0.0, "control"), claim("b", 0.0, "control"), claim("c", 0.0, needs=("a", "b")),
    ]  # fmt: skip
    return study(draw, claims, [0.0, 5.0, 9.0], seeds)[2] != "undecided"


def behind_a_chain(seeds: int, draw: Draw) -> bool:
    """c needs b, b needs a; only a is not true: does c get a verdict?"""
    claims = [
        claim("a", 0.0, "control"),
        claim("b", 0.0, "control", ("a",)),
        claim("c", 0.0, needs=("b",)),
    ]
    return study(draw, claims, [0.0, 9.0, 9.0], seeds)[2] != "undecided"


def looked_at(looks: int, draw: Draw) -> bool:
    """Does a claim at its threshold hold after 3, 6 or 10 seeds, the level divided over `looks`?"""
    values = dict(enumerate(draw.normal(0, 1, 10).tolist()))
    for seeds in (3, 6, 10):
        found = over_seeds({s: values[s] for s in range(seeds)})
        if found is not None and found.p_greater(0.0) < ALPHA / looks:
            return True
    return False


def absent(seeds: int, draw: Draw) -> bool:
    """Two trainings in five learn the reverse: does "the mean is below 5 %" hold?"""
    return mean_of_facts(False, bimodal(), seeds, draw).p_less(0.05) < ALPHA


def absent_in_most(seeds: int, draw: Draw) -> bool:
    """Every other training learns: does "below 5 % in more than half of all trainings" hold?"""
    values = bimodal(0.5).values(draw, seeds, False).mean(1)
    found = share({s: bool(v < 0.05) for s, v in enumerate(values)})
    assert found is not None
    return found.p_greater(0.5) < ALPHA


def within(truth: float, seeds: int, draw: Draw) -> bool:
    found = over_seeds(dict(enumerate(draw.normal(truth, 0.3, seeds).tolist())))
    assert found is not None
    return Within(1.0).p_values(found)[0] < ALPHA


def outside(seeds: int, draw: Draw) -> bool:
    found = over_seeds(dict(enumerate(draw.normal(1.0, 0.3, seeds).tolist())))
    assert found is not None
    return Within(1.0).p_values(found)[1] < ALPHA


EFFECT = 1.2  # SD between seeds


def shows_again(end: int, pilot: int, draw: Draw) -> bool | None:
    """Return whether a fresh study of as many seeds as an end of the range says shows the effect.

    None where the pilot decided, or gave no such number.
    """
    found = _shown(pilot, draw)
    needed = None if found.p_greater(0.0) < ALPHA else seeds_needed(found, Above(0.0), ALPHA)
    number = None if needed is None else needed[end]
    return None if number is None else _shown(number, draw).p_greater(0.0) < ALPHA


def shows_again_as_seen(pilot: int, draw: Draw) -> bool | None:
    """Return the same, with the number for the effect and the spread that the pilot happened to see."""
    found = _shown(pilot, draw)
    if found.p_greater(0.0) < ALPHA or found.value <= 0:
        return None
    number = seeds_for(Above(0.0), found.value, found.se * math.sqrt(pilot))
    return None if number is None else _shown(number, draw).p_greater(0.0) < ALPHA


def _shown(seeds: int, draw: Draw) -> ClusteredMean:
    found = over_seeds(dict(enumerate(draw.normal(EFFECT, 1, seeds).tolist())))
    assert found is not None
    return found


def explains(naive: bool, seeds: int, draw: Draw) -> bool:
    """Seeds differ between four topics in ways of their own: does the axis come out (p < 0.05)?"""
    shape = (seeds, 4, 15)
    y = draw.normal(0, 1, (seeds, 4, 1)) + draw.normal(0, 1, shape)
    y = y.mean(0, keepdims=True) if naive else y
    seed, topic, _ = (axis.ravel() for axis in np.indices(y.shape))
    rows = pl.DataFrame({"seed": seed, "topic": topic.astype(str), "y": y.ravel()})
    return main_effects(rows, "y", ["topic"])[0].p < 0.05


def share_of_seeds(truth: float, seeds: int, draw: Draw) -> Share:
    found = share(dict(enumerate((draw.uniform(size=seeds) < truth).tolist())))
    assert found is not None
    return found
