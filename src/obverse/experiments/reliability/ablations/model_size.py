"""Models of several sizes (Figure 16)."""

from collections.abc import Mapping
from math import log10, sqrt
from typing import ClassVar

import numpy as np
import polars as pl

from obverse.core.claim import Above, Claim, Criterion, Estimate, Role, Within
from obverse.core.experiment import Preset
from obverse.core.model import ModelSpec
from obverse.experiments.reliability.ablations.ablation import BOTH, Ablation
from obverse.experiments.reliability.claims import (
    BASE,
    CONTROL,
    COUNTED,
    KINDS,
    at_the_end,
    gap_rows,
    with_control,
)
from obverse.experiments.reliability.populations.published import Cvdb, Trex
from obverse.experiments.reliability.presets import SCRATCH, paper_settings
from obverse.stats.clustered import ClusteredMean
from obverse.stats.contrast import Pair, difference, slope, steepest

METRIC = "exact_match"


class ModelSize(Ablation):
    """Whether larger models of a family show a larger gap (Figure 16).

    With several seeds intervals are over these; they speak of the models named and not of others of the
    same sizes. With one seed each model lies off the line by something of its own, which only the
    distances from it tell, with m − 2 degrees of freedom for m models.
    """

    name: ClassVar[str] = "reliability-size"
    title: ClassVar[str] = "Implicit meta-learning: model size"
    about: ClassVar[str] = "Do larger models believe reliable sources more? (Figure 16)"
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = tuple(
        SCRATCH.model_copy(update={"name": f"scratch-{d}", "family": "scratch", "hidden_size": d})
        for d in (16, 32, 64, 128)
    )
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = tuple(
        f"EleutherAI/pythia-{size}-deduped"
        for size in ("70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b")
    )

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        """Return other families: GPT-Neo and Llama 2 on CVDB, GPT-Neo on T-REx."""
        neo = tuple(f"EleutherAI/gpt-neo-{size}" for size in ("125m", "1.3B", "2.7B"))
        return {
            "fig17": Preset(cls(**paper_settings(Cvdb())), (*neo, "meta-llama/Llama-2-7b-hf")),
            "fig18": Preset(cls(**paper_settings(Trex())), neo),
        }

    def claims(self) -> tuple[Claim, ...]:
        sources = {
            "question": self.cited("Figure 16; 17, other families", "Figure 18, GPT-Neo"),
            "attribution": self.cited("section 3.3; Figure 17, other families", "Figure 18, GPT-Neo"),
        }
        each = self.cited("Figure 3", "Figure 10")
        return (
            *(_growth(kind, BASE, Above(0.0), self.margin, source) for kind, source in sources.items()),
            *(_growth(kind, CONTROL, Within(self.margin), self.margin, "the control") for kind in BOTH),
            *(claim for kind in BOTH for claim in with_control(kind, self.margin, source=each)),
        )


def _growth(kind: str, variant: str, criterion: Criterion, margin: float, source: str) -> Claim:
    """Return the claim that the gap of `variant` grows with size, if that of the control does not."""
    grows = "the gap grows with model size"
    role: Role = "primary" if variant == BASE else "control"
    if role == "control":
        grows = f"no gap grows with model size, ±{margin:g} for tenfold parameters"

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = at_the_end(observations)
        # A vocabulary of a seed's own words makes a model a little larger or smaller with each.
        models = rows.drop_nulls("parameters").group_by("model", maintain_order=True)
        pairs = {
            log10(group["parameters"].to_numpy().mean()): gap_rows(group, variant, kind)
            for _, group in models
        }
        return over_models(pairs) if rows["seed"].n_unique() == 1 else slope(pairs, METRIC)

    return Claim(
        id=f"size/{kind}" if variant == BASE else f"size/{variant}/{kind}",
        text=f"{'' if variant == BASE else f'{variant}, '}{KINDS[kind]}: {grows}",
        unit="Δ exact match per tenfold parameters",
        source=source,
        estimate=estimate,
        criterion=criterion,
        by="family",
        role=role,
        counted=COUNTED,
        needs=(f"size/{CONTROL}/{kind}",) if variant == BASE else (),
    )


def over_models(pairs: Mapping[float, Pair]) -> ClusteredMean | None:
    """Return the slope of the gap over x, given `{x: (D5cons, D6cons)}` of one run each.

    The models are the units. With r the residuals of the line through m of them, its variance is
    Σr² / (m − 2) / Σ(x − x̄)², with m − 2 degrees of freedom; with two models it has no interval.
    """
    found = {x: difference(*pair, METRIC) for x, pair in pairs.items()}
    gaps = {x: gap.value for x, gap in found.items() if gap is not None}
    if len(gaps) < 2:
        return None
    x, y = np.array(list(gaps)), np.array(list(gaps.values()))
    apart = x - x.mean()
    squares = float((apart**2).sum())
    value = float(apart @ y) / squares
    rest = y - y.mean() - value * apart
    df = len(x) - 2
    se = sqrt(float((rest**2).sum()) / df / squares) if df else float("nan")
    facts = pl.concat([frame for pair in pairs.values() for frame in pair])["fact"].n_unique()
    most = steepest(x)  # gaps lie between −1 and 1
    return ClusteredMean(
        value, se, df or float("nan"), facts, 1, facts, bounds=(-most, most), n_models=len(x)
    )
