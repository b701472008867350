"""The first paragraph says in plain words what was asked and what came out."""

from typing import Any

import pytest

from obverse.core.page import Page
from obverse.report.read import read
from obverse.report.words import counted, first, left_out, meta, repeated, shortened
from tests.left_behind import Leave, asked, claim


def paragraph(leave: Leave, claims: list[dict[str, Any]], **changes: Any) -> str:
    return " ".join(first(read(leave(None, claims, **changes)), Page()).values())


def test_the_surest_claims_are_told_with_their_numbers(leave: Leave) -> None:
    claims = [
        claim("a", text="a is so.", p=0.02),
        claim(
            "b",
            text="b is so",
            p=0.001,
            paper=None,
            measured=-0.25,
            unit="nats",
            low=None,
            high=None,
            meets=None,
        ),
        claim("c", text="c is so", p=0.01),
        claim("d", text="d is so", p=0.015),
        claim("e", text="e is so", p=0.9, verdict="fails"),
        claim("f", text="f is so", p=0.4, verdict="undecided"),
    ]
    said = paragraph(leave, claims)
    assert "Of 6 claims 4 hold, 1 fails and 1 is undecided." in said
    assert (
        "What holds: b is so (−0.250 nats); c is so (0.750 exact match, 95 % interval "
        "[0.500, 0.875]; the paper's number: 0.500; met in 2 of 2 trainings; up to 84 % may "
        "not); d is so (" in said
    )
    assert "a is so" not in said, "the least sure of four is not told"
    assert "What fails: e is so (" in said
    assert "f is so" not in said


@pytest.mark.parametrize("verdict", ["holds", "undecided"])
def test_controls_that_hold_are_not_told_beside_what_was_asked(leave: Leave, verdict: str) -> None:
    controls = [claim(n, text=f"control {n}", p=0.0001, role="control") for n in "abc"]
    said = paragraph(leave, [*controls, claim("d", text="d is so", p=0.02, verdict=verdict)])
    assert "control a" not in said
    assert {"holds": "What holds: d is so (", "undecided": "Undecided: d is so ("}[verdict] in said


def test_controls_are_told_where_there_is_nothing_else(leave: Leave) -> None:
    controls = [claim(n, text=f"control {n}", p=0.0001, role="control") for n in "abc"]
    assert "What holds: control a (" in paragraph(leave, controls)


def test_controls_that_fail_are_told(leave: Leave) -> None:
    control = claim("a", text="control a", p=0.0001, role="control", verdict="fails")
    assert "What fails: control a (" in paragraph(leave, [control, claim("d", text="d is so", p=0.02)])


def test_failed_control_does_not_hide_what_was_asked(leave: Leave) -> None:
    control = claim("a", text="control a", p=0.0001, role="control", verdict="fails")
    asked = claim("d", text="d is so", p=0.02, verdict="undecided")
    said = paragraph(leave, [control, asked])
    assert "The one claim is undecided. The one control fails. What fails: control a (" in said
    assert "Undecided: d is so (" in said


def test_the_surest_failure_is_told(leave: Leave) -> None:
    ps = {"a": 0.02, "b": 0.001, "c": 0.002}
    said = paragraph(leave, [claim(n, text=f"{n} is so", p=p, verdict="fails") for n, p in ps.items()])
    assert "a is so" not in said
    assert "b is so (" in said


def test_undecided_claims_are_told_where_nothing_was_decided(leave: Leave) -> None:
    claims = [claim(n, text=f"{n} is so", p=p, verdict="undecided") for n, p in (("a", 0.2), ("b", 0.1))]
    said = paragraph(leave, claims)
    assert "All 2 claims are undecided. Undecided: b is so (" in said
    assert "a is so" not in said


def test_a_model_is_named_where_there_are_several(leave: Leave) -> None:
    claims = [claim(model=model) for model in ("m", "n")]
    assert "(0.750 exact match, m, 95 % interval" in paragraph(leave, claims)


@pytest.mark.parametrize(
    ("about", "begins"),
    [("", "Here: 1 model"), ("Is it so", "Is it so. Here"), ("Is it so? ", "Is it so? Here")],
)
def test_the_question_comes_first(leave: Leave, about: str, begins: str) -> None:
    assert paragraph(leave, [claim()], about=about).startswith(begins)


def test_experiment_given_with_its_settings_has_no_preset(leave: Leave) -> None:
    finished = read(leave(preset=""))
    assert "Here: 1 model (m) trained with 2 seeds." in first(finished, Page())["Asked"]
    assert (
        meta(finished) == "Nobody 2026 · 1 model · seeds 0, 1 · 2026\u201111\u201121\u00a012:00\u00a0UTC"
    )


def test_claim_without_a_number_is_not_told(leave: Leave) -> None:
    none = claim(measured=None, low=None, high=None, p=None, verdict="undecided", by_seed={})
    assert "The one claim was not measured." in paragraph(leave, [none])


def test_own_words_stand_before_what_is_counted(leave: Leave) -> None:
    page = Page(question="Is it?", answer="It is, by 3.", limits="Not of cats.")
    said = first(read(leave()), page)
    assert said["Asked"].startswith("Is it? Here: 1 model (m)")
    assert said["Found"] == "It is, by 3. The one claim holds."
    assert said["Not shown"].startswith("Not of cats. This is of one model with about 12,000 parameters")


def test_what_is_left_open_is_told(leave: Leave) -> None:
    claims = [
        claim("a"),
        claim("b", verdict="undecided", meets=1, note="it is held back, since c fails"),
        claim("c", role="control", verdict="fails", meets=1),
    ]
    said = first(read(leave(None, claims)), Page())["Not shown"]
    assert "Even where both trainings agree, up to 84 % of others may not." in said
    assert (
        "1 claim is undecided, which is no evidence against it; of 2 seeds little can be decided." in said
    )
    assert "1 control does not hold: claims that need it are held back." in said


def test_controls_that_hold_nothing_back_are_not_said_to(leave: Leave) -> None:
    claims = [
        claim("a", verdict="undecided", n_seeds=4),
        claim("b", role="control", verdict="fails", n_seeds=4),
    ]
    said = first(read(leave(None, claims)), Page())["Not shown"]
    assert "1 claim is undecided, which is no evidence against it. 1 control does not hold." in said


def test_where_nothing_was_decided_the_reason_that_all_share_is_told() -> None:
    lost = [claim(id, verdict="undecided", reason="the model has learnt nothing") for id in "ab"]
    assert counted(lost) == "All 2 claims are undecided: the model has learnt nothing."
    others = [lost[0], lost[1] | {"reason": "too few seeds"}]
    assert counted(others) == "All 2 claims are undecided."
    assert counted([lost[0], claim("b")]) == "Of 2 claims 1 holds and 1 is undecided."


def test_one_training_says_nothing_of_others(leave: Leave) -> None:
    said = first(read(leave(None, [claim(n_seeds=1, meets=None)])), Page())["Not shown"]
    assert "Where there is one training of a model, nothing is said of others." in said


def test_many_models_are_not_all_named(leave: Leave) -> None:
    rows = [row | {"model": f"m{n}", "run": f"m{n}-{row['seed']}"} for row in asked() for n in range(9)]
    said = first(read(leave(rows)), Page())["Asked"]
    assert "9 models (m0, m1, m2, …, m8) trained with 2 seeds" in said


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([("m", 0, True), ("m", 1, True)], "seeds 0, 1"),
        ([("m", 3, True)], "seed 3"),
        ([("m", 0, False)], "asked as it is, once"),
        ([("m", 0, False), ("n", 0, False)], "each asked as it is, once"),
        ([("m", 0, True), ("n", 0, False)], "seed 0; 1 asked as it is, once"),
    ],
)
def test_seeds_are_told(runs: list[tuple[str, int, bool]], said: str) -> None:
    keys = ("model", "seed", "trained")
    assert repeated([dict(zip(keys, run, strict=True)) for run in runs]) == said


def test_what_was_left_out_is_told_once_a_model() -> None:
    runs = [{"model": "m", "left_out": {"too long": 3, "flawed": 0}}] * 2
    assert left_out(runs) == [("m", "too long", 3)]


def test_a_text_is_shortened_to_whole_sentences() -> None:
    text = f"It is 0.5 here. {'x' * 90}? {'y' * 90}!"
    assert shortened(text, 120) == f"It is 0.5 here. {'x' * 90}?"
    assert shortened(text, 5) == "It is 0.5 here."
    assert shortened(text) == text
    assert shortened("What holds: a; b (1; 2); c (3).", 25) == "What holds: a; b (1; 2)."
