"""The claims, on observations whose truth is known."""

from typing import Any

import polars as pl
import pytest

from obverse.core.claim import Finding
from obverse.experiments.instructions.baseline import with_baseline
from obverse.experiments.instructions.claims import change
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.sweep import Sweep
from obverse.experiments.instructions.wordings import ORDERS
from obverse.stats.verdict import evaluate
from tests.unit.experiments.instructions.observations import ANSWERS, observed

TESTED = {
    "accuracy/same", "accuracy/examples", "accuracy/reverse", "accuracy/order", "likelihood/told",
    "likelihood/same", "likelihood/reverse", "trend/reverse",
}  # fmt: skip


def findings(rows: pl.DataFrame) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(Instructions().claims(), {"ask": rows})}


def verdicts(rows: pl.DataFrame) -> dict[str, str]:
    return {id: f.verdict for id, f in findings(rows).items() if f.role != "explored"}


def test_curse_is_found_where_it_is() -> None:
    found = verdicts(observed())
    assert set(found) == TESTED
    assert set(found.values()) == {"holds"}


def test_curse_is_denied_where_it_is_not() -> None:
    found = verdicts(observed(reverse=0.9, gap_reverse=5.0))
    assert found["accuracy/reverse"] == found["likelihood/reverse"] == "fails"
    assert found["accuracy/order"] != "holds"


@pytest.mark.parametrize(
    ("weak", "control"),
    [
        ({"same": 0.05}, "accuracy/same"),
        ({"example": 0.05}, "accuracy/examples"),
        ({"gap_told": 0.0}, "likelihood/told"),
    ],
)
def test_reverse_says_nothing_without_its_controls(weak: dict[str, Any], control: str) -> None:
    found = findings(observed(**weak))
    assert found[control].verdict == "fails"
    for claim in ("accuracy/reverse", "accuracy/order", "likelihood/reverse", "trend/reverse"):
        assert found[claim].verdict == "undecided", claim
        assert control in found[claim].note


def test_a_sweep_has_the_same_controls() -> None:
    found = {f.claim: f for f in evaluate(Sweep().claims(), {"ask": observed(gap_told=0.5)})}
    assert found["likelihood/told"].verdict == "fails"
    assert found["accuracy/reverse"].verdict == found["accuracy/order"].verdict == "undecided"
    known = {f.claim: f.verdict for f in evaluate(Sweep().claims(), {"ask": observed()})}
    assert set(known.values()) == {"holds"}


def test_reverse_that_is_learnt_with_time_is_a_trend() -> None:
    found = findings(observed(rises=(0.0, 0.0, 0.2, 0.4)))
    assert found["trend/reverse"].verdict == "fails"
    assert found["trend/reverse"].measured == pytest.approx(0.4, abs=0.05)


def test_fluctuation_is_no_trend() -> None:
    assert verdicts(observed(rises=(0.0, 0.0, 0.05, 0.0)))["trend/reverse"] == "holds"


def test_change_is_that_of_the_line_over_all_epochs_but_the_untrained_one() -> None:
    rows = observed(seeds=2, questions=1, orders=ORDERS[1:]).filter(pl.col("asked") == "question")
    right = [True, False, True, True] * 2  # epochs 0 to 3 of both seeds: y = 0, 1, 1 has slope 1/2
    found = change(rows.with_columns(pl.Series("exact_match", right)))
    assert found is not None
    assert found.value == pytest.approx(1.0)
    assert change(rows.filter(pl.col("epoch") <= 1)) is None


def test_baseline_is_how_often_an_answer_is_right_elsewhere() -> None:
    rows = observed(seeds=1, questions=5, orders=ORDERS[:1]).filter("final")
    asked = rows.filter(pl.col("asked") == "question").with_columns(
        kind=pl.Series(["k", "k", "k", "k", "alone"]),
        target=pl.Series([" oak", " oak", " ash", " elm", " oak"]),
        generation=pl.Series([" oak.", " ash", " Oak", " birch", " oak"]),
    )
    # Questions of one kind are compared, none with itself; case counts, punctuation does not.
    assert with_baseline(asked)["baseline"].to_list() == [1 / 3, 1 / 3, 0.0, 0.0, None]
    # What is demonstrated does not count.
    shown = asked.with_columns(asked=pl.lit("example"), fact=pl.lit("other"))
    assert with_baseline(pl.concat([asked, shown]))["baseline"].sum() == pytest.approx(2 / 3)


def test_plausible_guessing_has_its_chance_and_no_excess() -> None:
    found = with_baseline(observed(reverse=1 / ANSWERS, orders=ORDERS[1:]))
    assert found["baseline"].mean() == pytest.approx(1 / ANSWERS, abs=0.01)
    assert found["excess"].mean() == pytest.approx(0.0, abs=0.03)


def test_answers_that_were_not_kept_have_no_baseline() -> None:
    rows = observed(seeds=2, questions=10).with_columns(generation=pl.lit(None, pl.String))
    assert with_baseline(rows)["baseline"].null_count() == len(with_baseline(rows))
    assert findings(rows)["accuracy/reverse"].measured is None


def test_one_dataset_alone_decides_nothing_about_the_reverse() -> None:
    found = findings(observed(orders=ORDERS[1:]))
    assert found["accuracy/same"].measured is None
    assert found["accuracy/reverse"].verdict == "undecided"
    assert "accuracy/same is not measured" in found["accuracy/reverse"].note
