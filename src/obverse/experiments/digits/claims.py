"""What is claimed of images: as of text, by masked accuracy, seeds the unit.

The gap between D5cons and D6cons counts only where there is none with uninformative tags, though
definitions are learnt there, and where it exceeds that.
"""

from math import log2

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Claim, Criterion, Estimate, Role, Within
from obverse.experiments.digits.aliases import D1, D2, D5, D6, QA3
from obverse.stats.contrast import Pair, difference, excess, slope

BASE, CONTROL = "base", "uninformative tags"
COUNTED = "aliases"
UNIT = "Δ masked accuracy"


def main(margin: float) -> tuple[Claim, ...]:
    """Return the claims of section 4.2 and Figure 23 at one number of aliases."""
    return (
        _difference("stage 1", "D1cons above D2incons, on the cell left out", D1, D2, Above(0.0),
                    source="Figure 23, left"),
        _difference("true definitions", "D1cons above QA3, on the cell left out", D1, QA3, Above(0.0),
                    source="not in the paper"),
        *_gap(margin, BASE, CONTROL),
    )  # fmt: skip


def over_sizes(sizes: tuple[int, ...], margin: float) -> tuple[Claim, ...]:
    """Return that the gap grows with the number of aliases, and the gap itself at each."""
    most = sizes[-1]
    return (
        _trend(sizes),
        *(
            claim
            for size in sizes
            for claim in _gap(
                margin, at_size(BASE, size), at_size(CONTROL, size),
                role="primary" if size == most else "explored",
            )
        ),
    )  # fmt: skip


def at_size(name: str, size: int) -> str:
    """Return what a variant with so many aliases of each subset is called."""
    return f"{size} aliases" if name == BASE else f"{size} aliases, {name}"


def _gap(margin: float, variant: str, control: str, role: Role = "primary") -> tuple[Claim, ...]:
    """Return implicit meta-learning, and what it needs of its negative control."""
    prefix = "" if variant == BASE else f"{variant}: "
    learnt, alike, beyond = (f"{what}/{variant}" for what in ("learnt", "alike", "excess"))

    def estimate_excess(rows: pl.DataFrame) -> Estimate | None:
        return excess(
            _pair(rows, variant, D5, D6), _pair(rows, control, D5, D6), "exact_match", bounds=(0, 1)
        )

    return (
        _difference(
            f"gap/{variant}", f"{prefix}a reliable tag is believed more, D5cons above D6cons", D5, D6,
            Above(0.0), variant=variant, role=role, source="Figure 23, right", needs=(alike, beyond),
        ),
        Claim(
            id=beyond, text=f"{prefix}the gap is larger than in its negative control", unit="Δ of Δ",
            source="the control", estimate=estimate_excess, criterion=Above(0.0), role="control",
            counted=COUNTED, of="cells",
        ),
        *(
            _learnt(f"{learnt}/{subset}", control, subset, margin)
            for subset in (D5, D6)
        ),
        _difference(
            alike, f"{control} (negative control): D5cons, D6cons alike within ±{margin:g}", D5, D6,
            Within(margin), variant=control, role="control", source="the control",
            needs=tuple(f"{learnt}/{subset}" for subset in (D5, D6)),
        ),
    )  # fmt: skip


def _difference(
    id: str,
    text: str,
    a: str,
    b: str,
    criterion: Criterion,
    *,
    variant: str = BASE,
    role: Role = "primary",
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return difference(*_pair(rows, variant, a, b), "exact_match", bounds=(0, 1))

    return Claim(
        id=id, text=text, unit=UNIT, source=source, estimate=estimate, criterion=criterion, role=role,
        counted=COUNTED, needs=needs, of="cells",
    )  # fmt: skip


def _learnt(id: str, variant: str, subset: str, margin: float) -> Claim:
    """Return that the definitions of a subset are learnt: two that are not are always alike."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        answered, _ = _pair(rows, variant, subset, subset)
        guessed = answered.with_columns(exact_match=pl.col("chance"))
        return difference(answered, guessed, "exact_match", bounds=(0, 1))

    return Claim(
        id=id, text=f"{variant}: definitions of {subset} are learnt, more than {margin:g} above chance",
        unit=UNIT, source="the control", estimate=estimate, criterion=Above(margin), role="control",
        hint=NOT_LEARNT,
        counted=COUNTED, of="cells",
    )  # fmt: skip


def _trend(sizes: tuple[int, ...]) -> Claim:
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        pairs = {log2(size): _pair(rows, at_size(BASE, size), D5, D6) for size in sizes}
        return slope(pairs, "exact_match", bounds=(0, 1))

    return Claim(
        id="sizes", text="the gap between D5cons and D6cons grows with the number of aliases",
        unit=f"{UNIT} per doubling", source="Figure 23, right", estimate=estimate, criterion=Above(0.0),
        counted=COUNTED, of="cells", needs=(f"alike/{at_size(BASE, sizes[-1])}",),
    )  # fmt: skip


def _pair(rows: pl.DataFrame, variant: str, a: str, b: str) -> Pair:
    last = rows.filter(pl.col("final"), pl.col("variant") == variant)
    return last.filter(pl.col("subset") == a), last.filter(pl.col("subset") == b)
