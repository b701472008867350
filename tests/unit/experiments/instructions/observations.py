"""Observations of experiment 3 whose truth is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from obverse.core.measure import LEADING
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.wordings import ORDERS
from obverse.measures.ask import Ask
from obverse.measures.frame import schema

ANSWERS = 20  # plausible ones of each kind
KINDS = 5
EPOCHS = (0, 1, 2, 3)


def observed(
    same: float = 0.9,
    reverse: float = 0.05,
    *,
    example: float = 0.95,
    gap_same: float = 5.0,
    gap_reverse: float = 0.0,
    gap_told: float = 5.0,
    rises: Sequence[float] = (),
    questions: int = 100,
    seeds: int = 5,
    orders: Sequence[str] = ORDERS,
) -> pl.DataFrame:
    """Draw observations with these accuracies and differences of log-probability.

    A wrong answer is a plausible one. `rises` is what is added to the reverse after each epoch.
    """
    draw = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []

    def row(seed: int, order: str, asked: str, n: int, epoch: int, right: bool, gap: float) -> None:
        target = int(draw.integers(ANSWERS))
        given = target if right else int((target + draw.integers(1, ANSWERS)) % ANSWERS)
        final, control = epoch == EPOCHS[-1], draw.normal(-10, 1)
        rows.append(
            {
                "run": f"{order}-{seed}", "model": "m", "variant": order, "seed": seed, "stage": "s",
                "epoch": epoch, "step": 9 * epoch, "final": final, "fact": f"{seed}-{n}",
                "dataset": order, "asked": asked, "kind": f"kind {n % KINDS}",
                "partners": f"{seed}-{n // (2 * KINDS)}-{n % KINDS}", "probe": f"{asked}-{n}",
                "prompt": f"Q: {n}? A:", "target": f" answer {target}", "exact_match": right,
                "generation": f" answer {given}" if final else None,
                "chance": 1 / ANSWERS, "logprob": control + gap + draw.normal(0, 1),
                "logprob_control": control,
                "rank": 1 if right else 9, "n_candidates": ANSWERS, "mass": 0.9,
            }
        )  # fmt: skip

    for seed in range(seeds):
        for order in orders:
            accuracy, gap = (same, gap_same) if order == ORDERS[0] else (reverse, gap_reverse)
            for n in range(questions):
                for epoch in EPOCHS:
                    more = rises[epoch] if rises and order == ORDERS[1] else 0.0
                    row(seed, order, "question", n, epoch, bool(draw.random() < accuracy + more), gap)
                last = EPOCHS[-1]
                row(seed, order, "example", 1000 + n, last, bool(draw.random() < example), gap)
                row(seed, order, "instruction", n, last, False, gap_told)
                row(seed, order, "any plausible answer", n, last, True, gap)
    return pl.DataFrame(
        rows, schema=schema({**LEADING, **Instructions.columns, **Ask.columns}), strict=False
    )
