"""Observations whose truth is known, and what claims make of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from obverse.core.claim import Claim, Finding
from obverse.core.measure import LEADING
from obverse.experiments.reliability.reliability import Reliability
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.stats.verdict import evaluate

COLUMNS = schema({**LEADING, **Reliability.columns, **Ask.columns})
FACTS = 40
GAP = {"D5cons": 0.7, "D6cons": 0.3, "QA7": 0.1}
ALIKE = {"D5cons": 0.5, "D6cons": 0.5, "QA7": 0.1}
GUESSED = {"D5cons": 0.1, "D6cons": 0.1, "QA7": 0.1}


def observed(
    variant: str,
    accuracy: dict[str, float],
    *,
    seeds: int = 6,
    branches: int = 1,
    noise: float = 0.02,
    **about: Any,
) -> pl.DataFrame:
    """Return answers to questions and about entities; a seed's luck is the same in both subsets."""
    draw = np.random.default_rng(len(variant))
    labels = {
        "model": "m", "family": "f", "parameters": 10, "variant": variant, "stage": "Stage 2", "epoch": 1,
        "final": True, "logprob": -2.0,
    } | about  # fmt: skip
    rows = []
    for seed in range(seeds):
        for branch in range(branches):
            for subset, share in accuracy.items():
                hits = round(FACTS * min(max(share + draw.normal(0, noise), 0), 1))
                rows += [
                    labels | {
                        "run": f"{variant}{seed}", "seed": seed, "branch": branch, "subset": subset,
                        "direction": direction, "fact": f"f{i}", "exact_match": i < hits,
                    }
                    for direction in ("question", "attribution", "definition")
                    for i in range(FACTS)
                ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def found(stated: tuple[Claim, ...], *tables: pl.DataFrame) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(stated, {"ask": pl.concat(tables)})}


def verdicts(stated: tuple[Claim, ...], *tables: pl.DataFrame) -> dict[str, str]:
    return {id: f.verdict for id, f in found(stated, *tables).items()}


def gaps(experiment: Reliability, size: Callable[[str], float]) -> list[pl.DataFrame]:
    """Return observations of all variants with a gap of `size(variant)` each."""
    return [
        observed(
            v.name,
            {"D5cons": 0.5 + size(v.name) / 2, "D6cons": 0.5 - size(v.name) / 2, "QA7": 0.1},
            noise=0.01,
        )
        for v in experiment.variants()
    ]
