"""Claims, and tables whose truth is known."""

from typing import Any

import numpy as np
import polars as pl

from obverse.core.claim import Above, Claim, Estimate, Finding
from obverse.core.measure import LEADING
from obverse.stats.clustered import ClusteredMean
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate


def table(level: float, model: str = "m", seeds: tuple[int, ...] = (0, 1), **more: Any) -> pl.DataFrame:
    """Return scores of 40 facts around a level, half a unit higher with each seed."""
    draw = np.random.default_rng(0)
    rows = [
        {"model": model, "seed": seed, "fact": f"f{n}", "score": level + 0.5 * i + draw.normal(0, 0.1)}
        | more
        for i, seed in enumerate(seeds)
        for n in range(40)
    ]
    return pl.DataFrame(rows, schema=LEADING | {"score": float, "chance": float})


def score(rows: pl.DataFrame) -> ClusteredMean | None:
    return mean(rows, "score")


def claim(id: str = "c", **more: Any) -> Claim:
    given: dict[str, Any] = {"text": id, "estimate": score, "criterion": Above(0.0)}
    return Claim(id=id, **(given | more))


def only(claims: list[Claim], **tables: pl.DataFrame) -> Finding:
    (found,) = evaluate(claims, tables)
    return found


class Fixed:
    """An estimate whose p-values are given."""

    value, se, n_facts, n_seeds = 0.5, 0.1, 10, 3

    def __init__(self, p: float, opposite: float = 0.9) -> None:
        self.p, self.opposite = p, opposite

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        return 0.5 - level, 0.5 + level

    def p_greater(self, threshold: float) -> float:
        return self.p

    def p_less(self, threshold: float) -> float:
        return self.opposite


def fixed(id: str, p: float, opposite: float = 0.9, **more: Any) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate:
        return Fixed(p, opposite)

    return claim(id, estimate=estimate, **more)


def verdicts(*claims: Claim, **more: Any) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(claims, {"ask": table(1.0)}, **more)}
