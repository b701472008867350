"""The claims about families made from scratch: what the order of telling does, and what frequency does.

Controls first: told in an order, facts are known in that order. Without them the reverse says nothing.
All differences are parent minus child: how much more often the parent is found from the child than the
child from the parent, pair by pair.
"""

from collections.abc import Callable

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Estimate, Within
from obverse.core.format import count
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.wording import Direction, Order
from obverse.stats.contrast import difference
from obverse.stats.share import in_most
from obverse.stats.summary import mean

WORDINGS = ("template",)  # what intervals are over, beside pairs and seeds
SAME: dict[Order, Direction] = {"child first": "parent", "parent first": "child"}
REVERSE: dict[Order, Direction] = {"child first": "child", "parent first": "parent"}


def claims(margin: float, frequency_margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the claims; margins are those of the experiment's settings."""
    matched = _asymmetry(
        "matched", "child first", "equal", margin, "both mentioned equally often elsewhere"
    )
    return (
        *(_known(order, margin) for order in SAME),
        *(_likelier(order, likelihood_margin) for order in SAME),
        _asymmetry(
            "web", "child first", "child", margin, "the child mentioned more often, as on the web"
        ),
        matched,
        in_most(matched),
        _turned(margin),
        _frequency(frequency_margin),
        *(_reverse(order, likelihood_margin) for order in SAME),
    )  # fmt: skip


def _known(order: Order, margin: float) -> Claim:
    asked = SAME[order]
    return Claim(
        id=f"known/{order}",
        text=f"told {order}: the {asked} is given more than {_points(margin)} above chance",
        unit="exact match",
        counted="pairs",
        estimate=lambda rows: mean(
            _cell(rows, order, asked), "exact_match", bounds=(0, 1), clusters=WORDINGS
        ),
        criterion=lambda rows: Above(_chance(_cell(rows, order, asked)) + margin),
        role="control",
        hint=NOT_LEARNT,
    )


def _likelier(order: Order, margin: float) -> Claim:
    asked = SAME[order]
    return Claim(
        id=f"likelier/{order}",
        text=f"told {order}: the right {asked} is likelier than another pair's by more than "
        f"{count(margin, 'nat')}",
        unit="Δ log-prob, nats",
        counted="pairs of pairs",
        estimate=_likelihood(order, asked),
        criterion=Above(margin),
        role="control",
        hint=NOT_LEARNT,
    )


def _asymmetry(name: str, order: Order, frequency: str, margin: float, how: str) -> Claim:
    return Claim(
        id=f"asymmetry/{name}",
        text=f"told {order}, {how}: the parent is found from the child more often than the child from "
        f"the parent, by more than {_points(margin)}",
        unit="Δ exact match",
        counted="pairs",
        source="Figure 5, no values" if name == "web" else "not published",
        estimate=lambda rows: mean(
            paired(rows.filter("final", order=order, frequency=frequency), "exact_match"),
            "difference", bounds=(-1, 1), clusters=WORDINGS,
        ),
        criterion=Above(margin),
        needs=(f"known/{order}",),
    )  # fmt: skip


def _turned(margin: float) -> Claim:
    """Return the claim that sets order against frequency: who is mentioned often is as on the web."""
    return Claim(
        id="asymmetry/turned",
        text="told parent first, the child still mentioned more often: the asymmetry turns round, by "
        f"more than {_points(margin)}",
        unit="Δ exact match",
        counted="pairs",
        source="not published",
        estimate=lambda rows: mean(
            paired(rows.filter("final", order="parent first", frequency="child"), "exact_match"),
            "difference", bounds=(-1, 1), clusters=WORDINGS,
        ),
        criterion=Below(-margin),
        needs=("known/parent first",),
    )  # fmt: skip


def _frequency(margin: float) -> Claim:
    """Return the claim that who is mentioned more often makes no difference, over both orders."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        of_pairs = paired(rows.filter("final"), "exact_match")
        child, parent = (of_pairs.filter(frequency=mentioned) for mentioned in ("child", "parent"))
        return difference(child, parent, "difference", bounds=(-1, 1))

    return Claim(
        id="frequency",
        text="over both orders: the asymmetry is the same whether child or parent is mentioned more "
        f"often, within {_points(margin)}",
        unit="ΔΔ exact match",
        counted="pairs",
        source="not published",
        estimate=estimate,
        criterion=Within(margin),
        needs=tuple(f"known/{order}" for order in SAME),
    )


def _reverse(order: Order, margin: float) -> Claim:
    asked = REVERSE[order]
    return Claim(
        id=f"reverse/{order}",
        text=f"told {order}: the right {asked} is as likely as another pair's, mentioned as often, "
        f"within {count(margin, 'nat')}",
        unit="Δ log-prob, nats",
        counted="pairs of pairs",
        source="not published",
        estimate=_likelihood(order, asked),
        criterion=Within(margin),
        needs=(f"known/{order}", f"likelier/{order}"),
    )


def _cell(rows: pl.DataFrame, order: Order, asked: Direction) -> pl.DataFrame:
    return rows.filter("final", order=order, direction=asked)


def _likelihood(order: Order, asked: Direction) -> Callable[[pl.DataFrame], Estimate | None]:
    """Return what estimates right minus control log-probability, over pairs that are each other's
    control."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        cell = _cell(rows, order, asked).with_columns(
            (pl.col("logprob") - pl.col("logprob_control")).alias("difference"),
            pl.col("partners").alias("fact"),
        )
        return mean(cell, "difference", clusters=WORDINGS)

    return estimate


def _chance(cell: pl.DataFrame) -> float:
    return float(cell["chance"].to_numpy().mean())


def _points(margin: float) -> str:
    return count(100 * margin, "point")
