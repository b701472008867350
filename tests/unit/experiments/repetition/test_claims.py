"""The claims of repetition suppression, on observations whose truth is known."""

from collections.abc import Callable
from itertools import product

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Finding
from obverse.core.measure import LEADING
from obverse.experiments.repetition import questions
from obverse.experiments.repetition.claims import Margins, claims
from obverse.measures.ask import Ask
from obverse.stats.verdict import evaluate

COLUMNS = LEADING | questions.COLUMNS | dict(Ask.columns)
CELLS = list(product(range(6), range(6), range(4)))
ALL = ("follow", "none")
MARGINS = Margins(accuracy=0.1, loss=0.1)


def observed(
    size: int,
    tokens: int | None,
    model: str = "m",
    grid: bool = True,
    gain: float = 3.0,
    **accuracy: float,
) -> pl.DataFrame:
    """Draw answers of a model with these accuracies in each condition, and a gain (nats a word)."""
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
    about = {
        "model": model,
        "family": "f",
        "parameters": size,
        "tokens": tokens,
        "seed": 0,
        "final": True,
    }
    words = [
        about | {"subset": "induction", "fact": f"s{i}", "copy": copy, "target": " a b", "logprob": value}
        for i in range(8)
        for copy, value in (("first", -9.0), ("second", -9.0 + 2 * gain + 0.1 * i))
    ]
    return pl.DataFrame(rows + words, schema=COLUMNS)


def found(
    *tables: pl.DataFrame, controls: tuple[str, ...] = ALL, own: bool = False
) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(claims(MARGINS, controls, own), {"ask": pl.concat(tables)})}


def test_blind_model_below_chance() -> None:
    claim = found(observed(10, None, against=0.2, follow=0.2, none=0.2))
    assert claim["accuracy/chance"].verdict == "holds"
    assert claim["accuracy/chance"].criterion == "< 0.500"
    assert claim["sensitivity/follow"].verdict == "holds"
    assert claim["sensitivity/none"].verdict == "holds"


def test_model_that_learnt_nothing_is_not_said_to_disobey() -> None:
    claim = found(observed(10, None, gain=0.1, against=0.2, follow=0.2, none=0.2))
    assert claim["induction"].verdict == "fails"
    for control in ALL:
        assert claim[f"sensitivity/{control}"].verdict == "undecided"
        assert "induction" in claim[f"sensitivity/{control}"].note


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


def trained(
    change: Callable[[int, int, int], float], sizes: tuple[int, ...] = (10, 100, 1000), seeds: int = 6
) -> pl.DataFrame:
    """Observe families trained with several seeds, whose items' loss changes so over the whole scale.

    Templates 0 and 1 of six name what must not come.
    """
    draw = np.random.default_rng(1)
    rows = [
        {
            "subset": "suppression", "condition": "against", "shots": 0, "model": f"m{size}",
            "family": "f", "parameters": size, "tokens": 5, "step": 5, "seed": seed,
            "fact": f"{p}/{t}/{n}",
            "pattern": f"p{p}", "template": f"t{t}", "names": t < 2, "repetitions": n, "chance": 0.5,
            "loss": 1 + change(p, t, n) * place / 2 + draw.normal(0, 0.1),
            "rank": 1 + int(draw.random() < 0.2 + 0.3 * place * (change(p, t, n) > 0)),
        }
        for seed, (place, size), (p, t, n) in product(range(seeds), enumerate(sizes), CELLS)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def test_loss_and_accuracy_over_the_whole_scale() -> None:
    claim = found(trained(lambda p, t, n: 0.8))
    assert claim["loss/parameters"].measured == pytest.approx(0.8, abs=0.05)
    assert claim["loss/parameters"].criterion == "> 0.100"
    assert "more than 0.1 nats" in claim["loss/parameters"].text
    assert claim["accuracy/parameters"].measured == pytest.approx(-0.6, abs=0.05)
    assert claim["accuracy/parameters"].criterion == "< −0.100"
    for name in ("loss/parameters", "accuracy/parameters"):
        assert claim[name].verdict == "holds"
        assert (claim[name].n_facts, claim[name].n_seeds) == (len(CELLS), 6)


def test_change_within_the_margin_is_no_inverse_scaling() -> None:
    claim = found(trained(lambda p, t, n: 0.05))
    assert claim["loss/parameters"].verdict == "fails"
    assert claim["loss/every pattern"].measured is not None


def test_templates_that_name_what_must_not_come_are_claimed_by_themselves() -> None:
    claim = found(trained(lambda p, t, n: 0.8 if t < 2 else 0.0))
    assert claim["loss/parameters/named"].measured == pytest.approx(0.8, abs=0.05)
    assert claim["loss/parameters/named"].n_facts == len(CELLS) // 3
    assert claim["accuracy/parameters/named"].verdict == "holds"
    assert claim["loss/parameters"].measured == pytest.approx(0.8 / 3, abs=0.05)
    apart = claim["loss/named - not named"]
    assert apart.verdict == "explored"
    assert apart.measured == pytest.approx(0.8, abs=0.05)
    assert claim["accuracy/named - not named"].measured == pytest.approx(-0.6, abs=0.1)
    turned = found(trained(lambda p, t, n: 0.8 if t >= 2 else 0.0))
    assert turned["loss/parameters/named"].measured == pytest.approx(0.0, abs=0.05)
    assert turned["loss/parameters/named"].note.startswith("by itself it would fail")


def test_a_rise_has_to_be_there_in_every_slice() -> None:
    claim = found(trained(lambda p, t, n: 0.8))
    for axis in ("pattern", "template", "repetitions"):
        assert claim[f"loss/every {axis}"].verdict == "holds"
    one_falls = found(trained(lambda p, t, n: -0.5 if t == 3 else 0.8))
    assert one_falls["loss/parameters"].measured == pytest.approx((5 * 0.8 - 0.5) / 6, abs=0.05)
    assert one_falls["loss/every template"].verdict == "fails"
    assert one_falls["loss/every template"].measured == pytest.approx(-0.5, abs=0.05)
    assert one_falls["loss/every pattern"].measured == pytest.approx((5 * 0.8 - 0.5) / 6, abs=0.1)


def test_roles() -> None:
    roles = {c.id: c.role for c in claims(MARGINS, ALL, own_data=False)}
    assert {id for id, role in roles.items() if role == "control"} == {
        "induction", "sensitivity/follow", "sensitivity/none",
    }  # fmt: skip
    assert {id for id, role in roles.items() if role == "explored"} == {
        "induction/parameters", "accuracy/named - not named", "loss/named - not named",
    }  # fmt: skip
    assert len(roles) == 16
    texts = {c.id: c.text for c in claims(MARGINS, ALL, own_data=False)}
    assert "told to follow the pattern instead, it breaks it as often" in texts["sensitivity/follow"]
    assert "with the instruction removed, it breaks the pattern as often" in texts["sensitivity/none"]
    counted = {c.id: c.counted for c in claims(MARGINS, ALL, own_data=False)}
    assert counted["induction"] == counted["sensitivity/none"] == "sequences"
    assert counted["loss/parameters"] == counted["sensitivity/follow"] == "items"
