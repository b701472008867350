"""The claims, on observations whose truth is known."""

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Finding
from obverse.experiments.reversal.claims import claims
from obverse.stats.verdict import evaluate


def observed(
    same: float, reverse: float, gap_same: float, gap_reverse: float, facts: int = 30, seeds: int = 3
) -> pl.DataFrame:
    """Draw observations with these accuracies and log-probability differences."""
    draw = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for subset in ("NameToDescription", "DescriptionToName"):
            for direction, accuracy, gap in (
                ("same", same, gap_same),
                ("reverse", reverse, gap_reverse),
            ):
                for fact in range(facts):
                    for _ in range(4):
                        control = draw.normal(-10, 1)
                        rows.append(
                            {
                                "model": "m", "family": None, "final": True, "seed": seed,
                                "fact": f"{seed}-{fact}", "pair": f"{seed}-{fact // 2}",
                                "subset": subset, "direction": direction, "chance": 1 / 30,
                                "exact_match": bool(draw.random() < accuracy),
                                "logprob": control + gap + draw.normal(0, 1),
                                "logprob_control": control,
                            }
                        )  # fmt: skip
    return pl.DataFrame(rows)


def findings(observations: pl.DataFrame) -> list[Finding]:
    return evaluate(claims(0.05, 1.0), {"ask": observations})


def verdicts(observations: pl.DataFrame) -> dict[str, str]:
    return {f.claim: f.verdict for f in findings(observations)}


def test_curse_is_found_where_it_is() -> None:
    assert set(verdicts(observed(0.6, 0.0, 5.0, 0.0)).values()) == {"holds"}


def test_curse_is_denied_where_it_is_not() -> None:
    found = verdicts(observed(0.6, 0.6, 5.0, 5.0))
    for claim, verdict in found.items():
        assert verdict == ("holds" if claim.endswith("same") else "fails")


def test_untrained_model_fails_the_control() -> None:
    found = verdicts(observed(0.0, 0.0, 0.0, 0.0))
    assert found["likelihood/NameToDescription/same"] == "undecided"
    assert found["accuracy/NameToDescription/same"] == "fails"
    # Nothing was learnt, so that nothing is known of the reverse either.
    assert found["likelihood/NameToDescription/reverse"] == "undecided"
    assert found["accuracy/NameToDescription/reverse"] == "undecided"


def test_finding_says_which_control_is_lacking() -> None:
    notes = {f.claim: f.note for f in findings(observed(0.0, 0.0, 0.0, 0.0))}
    assert "accuracy/NameToDescription/same" in notes["accuracy/NameToDescription/reverse"]
    assert notes["accuracy/NameToDescription/same"] == ""


def test_too_little_data_is_undecided_not_a_curse() -> None:
    found = verdicts(observed(0.6, 0.0, 1.2, 0.5, facts=3, seeds=1))
    assert found["accuracy/NameToDescription/reverse"] == "undecided"
    assert found["likelihood/NameToDescription/reverse"] == "undecided"


def test_what_was_not_measured_is_missing() -> None:
    only_same = observed(0.6, 0.0, 5.0, 0.0).filter(pl.col("direction") == "same")
    for finding in findings(only_same):
        if finding.claim.endswith("reverse"):
            assert finding.measured is None
            assert finding.verdict == "undecided"
        else:
            assert finding.verdict == "holds"


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
    said = {f.claim: f.criterion for f in findings(rows)}
    assert said["accuracy/NameToDescription/same"] == "> 0.150"
    assert said["accuracy/NameToDescription/reverse"] == "< 0.150"


def test_pairs_are_the_unit_of_likelihoods() -> None:
    counts = {f.claim: f.n_facts for f in findings(observed(0.6, 0.0, 5.0, 0.0, facts=30, seeds=3))}
    assert counts["accuracy/NameToDescription/reverse"] == 90
    assert counts["likelihood/NameToDescription/reverse"] == 45
