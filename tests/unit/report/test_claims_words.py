"""What a page says of its claims beside the numbers."""

from typing import Any

import pytest

from obverse.report.claims_words import ends, how, in_order, trainings, under
from obverse.report.words import counted
from tests.left_behind import claim

NONE: dict[str, Any] = {"passes_at": None, "meets": None, "open_share": None}


def test_page_says_how_verdicts_were_reached() -> None:
    claims = [
        claim("a", family=2), claim("b", family=2), claim("c", role="control", family=0),
        claim("e", role="explored", family=0, verdict="explored"),
    ]  # fmt: skip
    said = how(claims, 1)
    assert "Tested: 1 control first, each at the one-sided level 0.025; then 2 primary claims" in said
    assert "sharing the level 0.025 by Holm\u2019s method" in said
    assert "1 claim only explored" in said
    assert "looked at" not in said
    assert "looked at 2 times" in how(claims, 2)
    assert "level 0.013" in how(claims, 2)
    assert how([claim(family=1)], 1).startswith("Tested: 1 primary claim at the level 0.025. A claim")
    assert "1 more is only explored." in counted(claims)
    untested = claim(role="control", family=0, p=None, tested_at=None, verdict="undecided")
    assert "Tested" not in how([untested], 1), "one training: measured, and not tested"


def test_each_seeds_value_and_what_it_leaves_open() -> None:
    by_seed = {"0": 0.0, "1": 0.0, "2": 0.0}
    said = under(claim(by_seed=by_seed, meets=3, open_share=0.708, n_seeds=3, passes_at=0.0272,
                       criterion="< 0.083", counted="pairs"), "facts")  # fmt: skip
    assert said == (
        "exact match · Table 1 · 4 pairs, 3 seeds · each seed: 0.000, 0.000, 0.000 · met in 3 of 3 "
        "trainings; up to 71 % may not · would hold even with < 0.028"
    )
    assert trainings(claim(by_seed=by_seed, meets=0, open_share=1.0)) == "met in none of 3 trainings"
    many = {str(n): n / 100 for n in range(20)}
    assert "seeds from 0.000 to 0.190" in under(claim(by_seed=many), "facts")
    assert "would hold even within \u00b10.030" in under(
        claim(criterion="within \u00b10.1", passes_at=0.03), "x"
    )


@pytest.mark.parametrize(
    ("criterion", "passes_at", "said"),
    [
        ("> 0.100", 0.0428, "with > 0.042"), ("> 0.100", -0.0004, "with > \u22120.001"),
        ("< 0.000", 0.0004, "with < 0.001"), ("< 0.100", 0.07, "with < 0.070"),
        ("within \u00b10.1", 0.1301, "within \u00b10.131"),
    ],
)  # fmt: skip
def test_bound_is_rounded_to_one_that_would_do(criterion: str, passes_at: float, said: str) -> None:
    assert under(claim(criterion=criterion, passes_at=passes_at), "x").endswith(f"would hold even {said}")


def test_what_holds_a_claim_back_is_named_by_its_text() -> None:
    control = claim("told", text="the fact is known", role="control")
    longer = claim("told/again", text="it is known again", role="control")
    note = "it is held back, since told/again is undecided and told fails"
    first, *_ = in_order([control, longer, claim("reverse", note=note)])
    assert first["note"] == (
        "it is held back, since “it is known again” is undecided and “the fact is known” fails"
    )


def test_model_that_is_no_training_is_said_to_be_none() -> None:
    alone: dict[str, Any] = {"by_seed": {"0": 0.75}, "n_seeds": 1} | NONE
    assert under(claim(trained=False, **alone), "items").endswith("4 items, asked as it is")
    assert under(claim(**alone), "items").endswith("4 items, one training")
    assert "control" in under(claim(role="control"), "items")
    assert under(claim(measured=None, by_seed={}, **NONE), "items").endswith("not measured")


def test_holds_is_not_agreement_with_the_paper() -> None:
    assert ends(claim(paper=0.96, paper_outside=True)) == (
        ", 95 % interval [0.500, 0.875]; the paper\u2019s number: 0.960, outside the interval"
    ).replace("\u2019", "'")
    assert "outside" not in ends(claim())
    assert "7 or more seeds would show it" in under(claim(seeds_needed=(7, None)), "facts")
