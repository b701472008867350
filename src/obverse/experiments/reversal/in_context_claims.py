"""What is claimed of the reverse in context.

From weights, that the same direction is answered is the control without which the reverse says nothing;
in context, that the same direction is.
"""

import polars as pl

from obverse.core.claim import Above, Below, Claim, Criterion, Role
from obverse.core.format import count
from obverse.experiments.reversal.dataset import DIRECTIONS, ORDERS
from obverse.experiments.reversal.in_context_asking import ALONE, AMONG, NONE
from obverse.stats.contrast import difference
from obverse.stats.summary import mean

SOURCE = "section 1 and footnote 3, no number"
WORDINGS = ("template",)  # what intervals are over, beside facts and seeds


def claims(margin: float, learnt: float, *, told: bool) -> tuple[Claim, ...]:
    """Return the claims; those about weights where the facts were `told` in training."""
    made = [
        _answered(order, direction, context, learnt)
        for context in (ALONE, AMONG)
        for order in ORDERS
        for direction in DIRECTIONS
    ]
    if told:
        made += [_known(order, learnt) for order in ORDERS]
        made += [_unknown(order, margin) for order in ORDERS]
        made += [_gap(order, learnt) for order in ORDERS]
    return tuple(made)


def _cell(rows: pl.DataFrame, order: str, direction: str, context: str) -> pl.DataFrame:
    return rows.filter("final", subset=order, direction=direction, context=context)


def _answered(order: str, direction: str, context: str, learnt: float) -> Claim:
    same, alone = direction == "same", context == ALONE
    name = f"{'alone' if alone else 'among'}/{order}"
    return _share(
        f"{name}/{direction}",
        f"{order}, {direction}, the fact {context}: the answer is given more than {_points(learnt)} "
        f"above chance among the facts {'of the subset' if alone else 'in the prompt'}",
        (order, direction, context),
        above=learnt,
        role="control" if same else "primary",
        needs=() if same else (f"{name}/same",),
    )


def _known(order: str, learnt: float) -> Claim:
    return _share(
        f"weights/{order}/same",
        f"{order}, same, from weights: the answer is given more than {_points(learnt)} above chance",
        (order, "same", NONE),
        above=learnt,
        role="control",
    )


def _unknown(order: str, margin: float) -> Claim:
    return _share(
        f"weights/{order}/reverse",
        f"{order}, reverse, from weights: the answer is given less than {_points(margin)} above chance",
        (order, "reverse", NONE),
        below=margin,
        needs=(f"weights/{order}/same",),
    )


def _gap(order: str, learnt: float) -> Claim:
    return Claim(
        id=f"gap/{order}",
        text=f"{order}, reverse: answered more often with the fact alone in the prompt than from "
        f"weights, by more than {_points(learnt)}",
        unit="Δ exact match",
        source=SOURCE,
        estimate=lambda rows: difference(
            _cell(rows, order, "reverse", ALONE), _cell(rows, order, "reverse", NONE), "exact_match"
        ),
        criterion=Above(learnt),
        needs=(f"weights/{order}/same", f"alone/{order}/same"),
    )


def _share(
    id: str,
    text: str,
    cell: tuple[str, str, str],
    *,
    above: float | None = None,
    below: float | None = None,
    role: Role = "primary",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about exact match in a cell, by how much it is above chance, or is not."""

    def criterion(rows: pl.DataFrame) -> Criterion:
        chance = float(_cell(rows, *cell)["chance"].to_numpy().mean())
        return Above(chance + above) if above is not None else Below(chance + (below or 0.0))

    return Claim(
        id=id,
        text=text,
        unit="exact match",
        source=SOURCE,
        estimate=lambda rows: mean(
            _cell(rows, *cell), "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS
        ),
        criterion=criterion,
        role=role,
        needs=needs,
    )


def _points(margin: float) -> str:
    return count(round(100 * margin, 6), "point")
