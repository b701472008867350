"""The claims, on observations whose truth is known."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Finding
from obverse.experiments.reversal.claims import claims
from obverse.stats.verdict import evaluate

CELLS = [(s, d) for s in ("NameToDescription", "DescriptionToName") for d in ("same", "reverse")]


def observed(
    same: float, reverse: float, gap_same: float, gap_reverse: float, facts: int = 30, seeds: int = 6,
    accuracy_of: Mapping[tuple[str, str, int], float] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Draw observations with these accuracies and log-probability differences.

    `accuracy_of` gives other accuracies by subset, direction and template.
    """
    draw = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for subset, direction in CELLS:
            accuracy, gap = (same, gap_same) if direction == "same" else (reverse, gap_reverse)
            for fact in range(facts):
                for template in range(10):
                    control = draw.normal(-10, 1)
                    right = (accuracy_of or {}).get((subset, direction, template), accuracy)
                    rows.append(
                        {
                            "model": "m", "family": None, "final": True, "seed": seed, "step": 9,
                            "fact": f"{seed}-{fact}", "pair": f"{seed}-{fact // 2}",
                            "template": template,
                            "subset": subset, "direction": direction, "chance": 1 / 30,
                            "exact_match": bool(draw.random() < right),
                            "logprob": control + gap + draw.normal(0, 1),
                            "logprob_control": control,
                        }
                    )  # fmt: skip
    return pl.DataFrame(rows)


def findings(observations: pl.DataFrame) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(claims(0.05, 1.0), {"ask": observations})}


def verdicts(observations: pl.DataFrame) -> dict[str, str]:
    return {claim: f.verdict for claim, f in findings(observations).items()}


def test_curse_is_found_where_it_is() -> None:
    assert set(verdicts(observed(0.6, 0.0, 5.0, 0.0)).values()) == {"holds"}


def test_curse_is_denied_where_it_is_not() -> None:
    found = verdicts(observed(0.6, 0.6, 5.0, 5.0))
    for claim, verdict in found.items():
        assert verdict == ("holds" if claim.endswith("same") else "fails"), claim


def test_where_nothing_was_learnt_nothing_is_said_of_the_reverse() -> None:
    found = verdicts(observed(0.0, 0.0, 0.0, 0.0))
    for claim, verdict in found.items():
        assert verdict == ("fails" if claim.endswith("same") else "undecided"), claim


def test_weak_control_does_not_let_absence_hold() -> None:
    """With 1 % right in the same direction and 0.3 nats, "within 1 nat" is true of anything."""
    found = verdicts(observed(0.01, 0.0, 0.3, 0.0))
    assert found["likelihood/NameToDescription/same"] == "fails"
    for claim in ("accuracy/{}/reverse", "likelihood/{}/reverse"):
        for subset in ("NameToDescription", "DescriptionToName"):
            assert found[claim.format(subset)] == "undecided"


@pytest.mark.parametrize(("same", "gap"), [(0.0, 5.0), (0.6, 0.3)])
def test_likelihoods_need_both_controls(same: float, gap: float) -> None:
    assert verdicts(observed(same, 0.0, gap, 0.0))["likelihood/NameToDescription/reverse"] == "undecided"


def test_finding_says_which_control_is_lacking() -> None:
    found = findings(observed(0.0, 0.0, 0.0, 0.0))
    assert "accuracy/NameToDescription/same" in found["accuracy/NameToDescription/reverse"].note
    assert found["accuracy/NameToDescription/same"].note == ""


def test_too_little_data_is_undecided_not_a_curse() -> None:
    found = verdicts(observed(0.6, 0.0, 1.2, 0.5, facts=3, seeds=1))
    assert found["accuracy/NameToDescription/reverse"] == "undecided"
    assert found["likelihood/NameToDescription/reverse"] == "undecided"


def test_reverse_that_some_trainings_learn_is_not_absent_in_most() -> None:
    rows = observed(0.6, 0.0, 5.0, 0.0)
    some = rows.with_columns(
        exact_match=pl.col("exact_match") | (pl.col("direction").eq("reverse") & pl.col("seed").lt(2))
    )
    found = findings(some)["accuracy/reverse/most"]
    assert found.measured == pytest.approx(4 / 6)
    assert found.verdict == "undecided"
    assert findings(rows)["accuracy/reverse/most"].measured == 1.0


@pytest.mark.parametrize(("seeds", "verdict"), [(5, "undecided"), (6, "holds")])
def test_six_trainings_show_that_most_learn_no_reverse(seeds: int, verdict: str) -> None:
    found = verdicts(observed(0.6, 0.0, 5.0, 0.0, seeds=seeds))
    assert found["accuracy/reverse/most"] == verdict


def test_either_subset_counts_against_a_training() -> None:
    learnt = {("DescriptionToName", "reverse", n): 1.0 for n in range(10)}
    found = findings(observed(0.6, 0.0, 5.0, 0.0, accuracy_of=learnt))
    assert found["accuracy/reverse/most"].measured == 0


def test_prompts_that_differ_widen_the_interval() -> None:
    """What is said of ten wordings is meant of others like them."""
    differing = {("NameToDescription", "same", n): n / 9 for n in range(10)}
    alike, apart = (
        findings(observed(0.5, 0.0, 5.0, 0.0, accuracy_of=of))["accuracy/NameToDescription/same"]
        for of in ({}, differing)
    )

    def width(finding: Finding) -> float:
        assert finding.low is not None
        assert finding.high is not None
        return finding.high - finding.low

    assert width(alike) < 0.2
    assert width(apart) > 2 * width(alike)


def test_what_was_not_measured_is_missing() -> None:
    only_same = observed(0.6, 0.0, 5.0, 0.0).filter(pl.col("direction") == "same")
    for finding in findings(only_same).values():
        if finding.claim.endswith("same"):
            assert finding.verdict == "holds"
        else:
            assert finding.measured is None
            assert finding.verdict == "undecided"


def test_papers_numbers_stand_beside() -> None:
    paper = {c.id: c.paper for c in claims(0.05, 1.0)}
    assert paper["accuracy/NameToDescription/same"] == 0.5
    assert paper["accuracy/DescriptionToName/same"] == 0.967
    assert paper["likelihood/NameToDescription/reverse"] == pytest.approx(-0.203, abs=0.001)
    assert paper["likelihood/NameToDescription/same"] is None


def test_threshold_is_chance_of_the_rows_that_were_answered() -> None:
    rows = observed(0.6, 0.0, 5.0, 0.0).with_columns(
        chance=pl.when(pl.col("seed") == 0).then(0.5).otherwise(0.1),
        exact_match=pl.when(pl.col("seed") > 0).then("exact_match"),
    )
    found = findings(rows)
    assert found["accuracy/NameToDescription/same"].criterion == "> 0.150"
    assert found["accuracy/NameToDescription/reverse"].criterion == "< 0.150"


def test_margins_stand_in_the_texts() -> None:
    texts = {c.id: c.text for c in claims(0.07, 1.5)}
    assert "more than 7 points above chance" in texts["accuracy/NameToDescription/same"]
    assert "less than 7 points above chance" in texts["accuracy/reverse/most"]
    assert "by more than 1.5 nats" in texts["likelihood/NameToDescription/same"]
    assert "within 1.5 nats" in texts["likelihood/NameToDescription/reverse"]
    of_one = {c.id: c.text for c in claims(0.01, 1.0)}
    assert "more than 1 point above chance" in of_one["accuracy/NameToDescription/same"]
    assert of_one["likelihood/NameToDescription/reverse"].endswith("within 1 nat")


def test_pairs_are_the_unit_of_likelihoods() -> None:
    found = findings(observed(0.6, 0.0, 5.0, 0.0, facts=30, seeds=3))
    accuracy, likelihood = (found[f"{m}/NameToDescription/reverse"] for m in ("accuracy", "likelihood"))
    assert (accuracy.n_facts, accuracy.counted) == (90, "facts")
    assert (likelihood.n_facts, likelihood.counted) == (45, "pairs of facts")
