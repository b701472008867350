"""When measures are taken, and which stage goes on from which."""

from typing import Any

import pytest

from obverse.core.stage import Stage, Timetable, When, origins

# Four epochs of five steps, ten tokens a step.
TABLE = Timetable(steps=20, epoch_ends=(5, 10, 15, 20), tokens=tuple(range(0, 201, 10)))


@pytest.mark.parametrize(
    ("when", "steps"),
    [
        (When(), {20}),
        (When(start=True), {0, 20}),
        (When(epochs=1), {5, 10, 15, 20}),
        (When(epochs=3), {15, 20}),
        (When(epochs=9), {20}),
        (When(start=True, epochs=2, end=False), {0, 10}),
        (When(steps=6), {6, 12, 18, 20}),
        (When(steps=5, end=False), {5, 10, 15}),
        (When(steps=(1, 2, 50)), {1, 2, 20}),
        (When(tokens=4), {2, 5, 10, 20}),  # 200, 100, 50 and 25 tokens, the last at 20 or 30
        (When(tokens=1), {20}),
        (When(tokens=3, end=False), {5, 10}),
    ],
)
def test_moments(when: When, steps: set[int]) -> None:
    assert when.steps_of(TABLE) == steps


def test_log_spaced_moments_follow_tokens_and_not_steps() -> None:
    uneven = Timetable(steps=4, epoch_ends=(4,), tokens=(0, 70, 80, 90, 100))
    assert When(tokens=2).steps_of(uneven) == {1, 4}, "half of the tokens: after one step"


def test_epochs_over() -> None:
    assert [TABLE.epochs_at(step) for step in (0, 4, 5, 19, 20)] == [0, 0, 1, 3, 4]


@pytest.mark.parametrize(
    "rules", [{"epochs": 0}, {"steps": -1}, {"steps": (3, 0)}, {"tokens": 0}, {"end": False}]
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected 1 or more|is never"):
        When(**rules)


def stage(name: str, after: str | None = None, branch: int = 0) -> Stage:
    return Stage(name=name, measures=(), after=after, branch=branch)


def test_origins() -> None:
    stages = [stage("a"), stage("b"), stage("c", "b"), stage("c", "b", 1), stage("d"), stage("e", "a")]
    assert origins(stages) == [-1, 0, 1, 1, 3, 0]


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([stage("a"), stage("a")], "two stages are called 'a'"),
        ([stage("a", branch=1), stage("a", branch=1)], "two stages are called 'a, branch 1'"),
        ([stage("a", "b"), stage("b")], "after='b' is not an earlier stage"),
    ],
)
def test_stages_that_do_not_follow_are_refused(stages: list[Stage], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        origins(stages)
