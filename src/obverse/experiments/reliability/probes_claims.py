"""What can be read off hidden states, and where nothing can.

A claim is about all layers and tokens at once: of many places one always stands out (`stats.largest`).
"""

from collections.abc import Callable

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Estimate, Role
from obverse.experiments.reliability.claims import COUNTED, against_chance, at_the_end
from obverse.stats.contrast import difference
from obverse.stats.largest import largest

DEFINED, TAG = "defined or not", "which tag"
TASKS = (DEFINED, TAG)
TRAINED = "D1cons-QA1"


def probes_claims(
    margin: float, tae: str, ate: str, control: str, cited: Callable[..., str]
) -> tuple[Claim, ...]:
    """Return the claims of Figure 7: chance for TAE, above it for ATE, in both tasks."""
    source = cited("Figure 7")
    return (
        *(_learnt(variant) for variant in (tae, ate)),
        *(
            _read(ate, task, f"{ate}, {task}: it can be read somewhere", Above(0.0), source=source,
                  needs=(f"learnt/{ate}",))
            for task in TASKS
        ),
        *(_read_nowhere(tae, task, ate, margin, source) for task in TASKS),
        *(
            _read(control, task, f"{control}, {task}: the most", None, source="the control")
            for task in TASKS
        ),
    )  # fmt: skip


def _read_nowhere(variant: str, task: str, beside: str, margin: float, source: str) -> Claim:
    """Return that nothing can be read in one word order, where something can in another."""
    return _read(
        variant, task, f"{variant}, {task}: nowhere more than {margin:g} above the baseline",
        Below(margin), source=source, needs=(f"learnt/{variant}", f"read/{beside}/{task}"),
    )  # fmt: skip


def _read(
    variant: str,
    task: str,
    text: str,
    criterion: Criterion | None,
    *,
    source: str,
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about where most can be read; without a criterion, an explored one."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        some = rows.filter(pl.col("variant") == variant, pl.col("task") == task)
        return largest(some, "accuracy", ("layer", "position"), minus="baseline", bounds=(-1, 1))

    role: Role = "primary" if criterion is not None else "explored"
    return Claim(
        id=f"read/{variant}/{task}", text=text, unit="accuracy above the baseline",
        source=source, estimate=estimate, criterion=criterion, role=role, counted=COUNTED, needs=needs,
        of="hidden",
    )  # fmt: skip


def _learnt(variant: str) -> Claim:
    """Return that questions about defined aliases were learnt: else there is nothing to be read."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = against_chance(at_the_end(observations), variant, TRAINED)
        return difference(*rows, "exact_match", bounds=(0, 1))

    return Claim(
        id=f"learnt/{variant}",
        text=f"{variant}: questions about D1cons that were not trained are answered",
        unit="Δ exact match to chance", source="the control", estimate=estimate, criterion=Above(0.0),
        role="control", hint=NOT_LEARNT, counted=COUNTED,
    )  # fmt: skip
