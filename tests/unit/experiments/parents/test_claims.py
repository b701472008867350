"""What the claims say of models of which it is known what explains their asymmetry."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from random import Random

import polars as pl

from obverse.core.measure import LEADING
from obverse.experiments.parents.paired import paired
from obverse.experiments.parents.parents import Parents
from obverse.experiments.parents.world import DIRECTIONS, FREQUENCIES, ORDERS
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.stats.verdict import evaluate

Known = Callable[[str, str, str], float]  # with which probability, by order, frequency and what is asked


def by_order(order: str, frequency: str, asked: str) -> float:
    return 0.9 if (order == "child first") == (asked == "parent") else 0.0


def by_frequency(order: str, frequency: str, asked: str) -> float:
    """Find the parent of whoever is often mentioned, whatever the order."""
    if frequency == "equal":
        return 0.98
    return 0.9 if (frequency == "child") == (asked == "parent") else 0.0


def by_nothing(order: str, frequency: str, asked: str) -> float:
    return 0.02


def observed(known: Known, seeds: int = 8) -> pl.DataFrame:
    def rows() -> Iterator[Mapping[str, object]]:
        draw = Random(0)
        cells = product(range(seeds), ORDERS, FREQUENCIES, range(8), DIRECTIONS, range(4))
        for seed, order, frequency, n, asked, template in cells:
            p = known(order, frequency, asked)
            yield {
                "model": "m", "seed": seed, "branch": 0, "step": 9, "epoch": 1, "final": True,
                "fact": f"{seed}-{order}-{frequency}-{n}", "order": order, "frequency": frequency,
                "partners": f"{seed}-{order}-{frequency}-{n // 2}", "direction": asked,
                "template": template, "exact_match": draw.random() < p, "chance": 0.1,
                "logprob": -8 + 8 * p + draw.gauss(0, 0.3), "logprob_control": -8 + draw.gauss(0, 0.3),
            }  # fmt: skip

    kinds = schema(LEADING | dict(Parents.columns) | dict(Ask.columns))
    return pl.DataFrame(list(rows()), schema=kinds)


def verdicts(known: Known) -> dict[str, str]:
    return {f.claim: f.verdict for f in evaluate(Parents().claims(), {"ask": observed(known)})}


def test_order_alone_makes_every_claim_hold() -> None:
    assert set(verdicts(by_order).values()) == {"holds"}


def test_frequency_alone_makes_those_fail_that_order_explains() -> None:
    found = verdicts(by_frequency)
    assert found["asymmetry/web"] == "holds"
    assert found["asymmetry/matched"] == "fails"
    assert found["asymmetry/turned"] == "fails"
    assert found["frequency"] == "fails"


def test_where_nothing_is_learnt_nothing_is_said() -> None:
    found = verdicts(by_nothing)
    assert found["known/child first"] == "fails"
    primary = set(found) - {c.id for c in Parents().claims() if c.role == "control"}
    assert {found[id] for id in primary} == {"undecided"}


def test_pairs_are_matched_by_fact_and_wording() -> None:
    rows = observed(by_order, seeds=1)
    of_pairs = paired(rows, "exact_match")
    assert len(of_pairs) == len(rows) // 2
    one = of_pairs.row(5, named=True)
    same = rows.filter(pl.col("fact") == one["fact"], pl.col("template") == one["template"])
    values = dict(same.select("direction", pl.col("exact_match").cast(pl.Float64)).rows())
    assert one["difference"] == values["parent"] - values["child"]
    lone = rows.filter((pl.col("direction") == "parent") | (pl.col("template") == 0))
    assert len(paired(lone, "exact_match")) == len(rows) // 8
