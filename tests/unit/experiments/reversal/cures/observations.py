"""Observations of a table of cures whose truth is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from obverse.core.measure import LEADING
from obverse.core.page import Finished
from obverse.experiments.reversal.cures.cures import Cures
from obverse.experiments.reversal.cures.targets import Targets
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.measures.perplexity import Perplexity

SUBSETS = {"NameToDescription": ("same", "reverse"), "DescriptionToName": ("same", "reverse"),
           "Asymmetric": ("same", "reverse", "false reverse")}  # fmt: skip
CHANCE = 0.25


@dataclass(frozen=True)
class Truth:
    """The rates of a cure: exact match by direction, nats by which the answer is likelier, and in how
    many documents the source is predicted in sight of the other entity, and has to be recalled."""

    same: float = 0.8
    reverse: float = 0.0
    false: float = 0.0
    gap: float = 0.0
    false_gap: float = 0.0
    from_other: int = 0
    recalled: int = 0
    told: str = "one order"


def tables(truths: Mapping[str, Truth], seeds: int = 6, facts: int = 12) -> dict[str, pl.DataFrame]:
    """Return the tables of a study in which each cure does what is true of it."""
    draw = np.random.default_rng(0)
    ask, targets, perplexity = [], [], []
    for (cure, truth), seed in product(truths.items(), range(seeds)):
        leading = {"run": f"{cure}/{seed}", "model": "m", "variant": cure, "seed": seed, "branch": 0,
                   "stage": "telling", "epoch": 1, "step": 9, "final": True}  # fmt: skip
        for subset, directions in SUBSETS.items():
            for n in range(facts):
                labels = {"subset": subset, "relation": "is", "told": truth.told}
                fact = {**leading, **labels, "fact": f"{seed}-{subset}-{n}"}
                targets.append(
                    fact | {"predicted": 9, "from_other": truth.from_other, "recalled": truth.recalled}
                )
                text = "five words are in here"
                perplexity.append(
                    fact | {"text": text, "logprob": -10.0, "tokens_scored": 8, "nats": 1.25}
                )
                for direction, template in product(directions, range(2)):
                    rate, gap = {
                        "same": (truth.same, 5.0), "reverse": (truth.reverse, truth.gap),
                        "false reverse": (truth.false, truth.false_gap),
                    }[direction]  # fmt: skip
                    control = draw.normal(-10, 0.3)
                    ask.append(
                        {
                            **fact, "direction": direction, "template": template,
                            "pair": f"{seed}-{subset}-{n // 2}",
                            "probe": f"{seed}-{subset}-{n}-{direction}-{template}",
                            "chance": CHANCE, "exact_match": bool(draw.random() < rate),
                            "logprob": control + gap + draw.normal(0, 0.3), "logprob_control": control,
                            "rank": 1 if gap > 1 else 3, "n_candidates": 4,
                        }
                    )  # fmt: skip
    return {
        measure.name: pl.DataFrame(rows, schema=schema({**LEADING, **Cures.columns, **measure.columns}))
        for measure, rows in ((Ask, ask), (Targets, targets), (Perplexity, perplexity))
    }


def finished(found: Mapping[str, pl.DataFrame]) -> Finished:
    """Return what a page needs, with a record for each run."""
    runs = [
        {"model": m, "variant": v, "seed": s, "seconds": 20.0, "stages": [{"steps": 9, "tokens": 1234}]}
        for m, v, s in found["ask"].select("model", "variant", "seed").unique(maintain_order=True).rows()
    ]
    return Finished(study={}, claims=[], tables=found, runs=runs)
