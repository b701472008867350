"""The claims of repetition suppression, on observations whose truth is known."""

from itertools import product

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Finding
from obverse.core.measure import LEADING
from obverse.experiments.repetition import questions
from obverse.experiments.repetition.claims import claims
from obverse.measures.ask import Ask
from obverse.stats.verdict import evaluate

COLUMNS = LEADING | questions.COLUMNS | dict(Ask.columns)
CELLS = list(product(range(6), range(6), range(4)))
ALL = ("follow", "none")


def observed(
    size: int, tokens: int | None, model: str = "m", grid: bool = True, **accuracy: float
) -> pl.DataFrame:
    """Draw answers of a model with these accuracies in each condition."""
    draw = np.random.default_rng(size)
    luck = draw.random(len(CELLS))  # the same in every condition, as a model that does not read has it
    rows = [
        {
            "subset": "suppression", "model": model, "family": "f", "parameters": size, "tokens": tokens,
            "seed": 0, "shots": 0, "final": True, "fact": f"{p}/{t}/{n}", "condition": condition,
            "rank": 1 + int(luck[i] >= share), "loss": 1.0, "chance": 0.5, "sequence": f"{p}/{t}/{n}",
        } | ({"pattern": f"p{p}", "template": f"t{t}"} if grid else {})
        for condition, share in accuracy.items()
        for i, (p, t, n) in enumerate(CELLS)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def found(
    *tables: pl.DataFrame, controls: tuple[str, ...] = ALL, own: bool = False
) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(claims(0.1, controls, own), {"ask": pl.concat(tables)})}


def test_blind_model_below_chance() -> None:
    claim = found(observed(10, None, against=0.2, follow=0.2, none=0.2))
    assert claim["accuracy/chance"].verdict == "holds"
    assert claim["accuracy/chance"].criterion == "< 0.500"
    assert claim["sensitivity/follow"].verdict == "holds"
    assert claim["sensitivity/none"].verdict == "holds"


def test_model_that_heeds_one_control_alone() -> None:
    claim = found(observed(10, None, against=0.9, follow=0.9, none=0.2))
    assert claim["accuracy/chance"].verdict == "fails"
    assert claim["sensitivity/follow"].verdict == "holds"
    assert claim["sensitivity/none"].verdict == "fails"
    assert claim["sensitivity/none"].measured == pytest.approx(0.7, abs=0.1)


def test_at_chance_nothing_is_shown() -> None:
    claim = found(observed(10, None, against=0.5, follow=0.5))
    assert claim["accuracy/chance"].verdict == "undecided"
    assert claim["sensitivity/none"].measured is None, "it was not asked"


@pytest.mark.parametrize("step", ["before", "after"])
def test_finished_model_and_not_its_steps_is_the_largest(step: str) -> None:
    """A model asked without a revision has no tokens; it used to count as its first moment."""
    tables = [
        observed(20, None, against=0.1, follow=0.9, none=0.1),
        observed(20, 1000, "m@step1", against=0.9, follow=0.9, none=0.9),
    ]
    claim = found(*(tables if step == "after" else tables[::-1]), observed(10, None, "s", against=0.9))
    assert claim["accuracy/chance"].measured == pytest.approx(0.1, abs=0.1)
    assert claim["sensitivity/follow"].measured == pytest.approx(-0.8, abs=0.1)
    assert claim["accuracy/parameters"].measured == pytest.approx(-0.8, abs=0.1)
    assert claim["accuracy/parameters"].verdict == "undecided", "two models of one run each"


def test_own_data_has_no_pattern_and_no_controls() -> None:
    own = observed(10, None, grid=False, against=0.2)
    thirds = own.with_columns(pl.lit(1 / 3).alias("chance"))
    claim = found(thirds, controls=(), own=True)
    assert not [c for c in claim if c.startswith("sensitivity")]
    assert claim["accuracy/chance"].criterion == "< 0.333"
    assert claim["accuracy/chance"].n_facts == len(CELLS)
    for finding in claim.values():
        assert "pattern" not in finding.text
        assert "Prize" not in finding.source
    on_grid = found(observed(10, None, against=0.2))["accuracy/chance"]
    alone = claim["accuracy/chance"]
    assert (on_grid.low, on_grid.high) != (alone.low, alone.high), "clustered by pattern and template"


def test_each_seeds_own_value_stands_beside() -> None:
    """Of a family with a model asked once and one grown from two seeds."""
    once = observed(10, None, "s", against=0.9, follow=0.9, none=0.9)
    grown = observed(20, None, against=0.3, follow=0.3, none=0.3)
    again = observed(20, None, against=0.3, follow=0.3, none=0.3).with_columns(
        pl.lit(1, pl.Int64).alias("seed")
    )
    claim = found(once, grown, again)
    assert list(claim["accuracy/chance"].by_seed) == ["0", "1"]
    assert list(claim["accuracy/parameters"].by_seed) == ["0"], "seed 1 has one size"
    assert claim["sensitivity/none"].by_seed == {"0": 0.0, "1": 0.0}
