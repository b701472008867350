"""How far held-out prompts are from trained ones, and that they are graded."""

from itertools import pairwise

import pytest

from obverse.experiments.reversal.dataset import ORDERS
from obverse.experiments.reversal.distance import distance, words
from obverse.experiments.reversal.identities import Identities
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, StatementOrder, blank
from tests.built import asked

PROMPTS = {order: [blank(t, order) for t in HELD_OUT[order]] for order in ORDERS}


def test_words() -> None:
    assert words('Who is {}? "Bell-ringer", it\'s') == [
        "who", "is", "{}", "?", '"', "bell-ringer", '"', ",", "it's",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "trained", "expected"),
    [
        ("{} is", ["{} is"], 0.0),
        ("{} remains", ["{} is"], 1.0),
        ("{} was found to be", ["{} was seen to be"], 1 - (2 + 3) / 8),
        ("we know that {} is", ["they say that {} is"], 1 - (2 + 2) / 8),
        ("is it {} or", ["it is {} and"], 1 - (0 + 2) / 6),
        ("well, {} is", ["never", "well, {} was", "ah, {} is"], 1 - (2 + 2) / 6),
    ],
)
def test_distance(prompt: str, trained: list[str], expected: float) -> None:
    assert distance(prompt, trained) == pytest.approx(expected, abs=0.0051)


def faults(prompts: dict[StatementOrder, list[str]]) -> list[str]:
    """Return what is wrong with held-out prompts as a set graded alike in both orders."""
    found = []
    far: list[list[float]] = []
    for order in ORDERS:
        trained = [blank(t, order) for t in TRAINED[order]]
        grades = [distance(prompt, trained) for prompt in prompts[order]]
        far.append(grades)
        found += [f"{order}: {a} before {b}" for a, b in pairwise(grades) if a > b]
        found += [f"{order}: a gap from {a} to {b}" for a, b in pairwise(grades) if b - a > 0.15]
        if grades[0] > 0.45 or grades[-1] < 0.95:
            found.append(f"{order}: from {grades[0]} to {grades[-1]}")
        for prompt in prompts[order]:
            shared = max((ending(prompt, t) for t in trained), key=len)
            if len(shared) > 4 or "that" in shared or len(shared) == len(words(prompt)):
                found.append(f"{prompt!r} ends as a trained prompt does: {' '.join(shared)}")
    found += [f"{a} and {b} at one place" for a, b in zip(*far, strict=True) if abs(a - b) > 0.05]
    return found


def ending(one: str, other: str) -> list[str]:
    """Return the longest ending that two prompts have in common, the slot included."""
    a, b = words(one), words(other)
    length = 0
    while length < min(len(a), len(b)) and a[-1 - length] == b[-1 - length]:
        length += 1
    return a[len(a) - length :]


def test_held_out_prompts_are_graded_alike_in_both_orders() -> None:
    assert faults(PROMPTS) == []


@pytest.mark.parametrize(
    ("number", "prompt", "said"),
    [
        (4, "Everyone agrees that {} is", "ends as a trained prompt does: that {} is"),
        (0, "{} is", "ends as a trained prompt does"),
        (1, "{} remains", "a gap from 0.4 to 1.0"),
        (0, "{} remains", "1.0 and 0.4 at one place"),
        (9, "{} was found to be", "before"),
        (9, "{} was found to be", "from 0.4 to 0.38"),
    ],
)
def test_prompt_that_breaks_the_grades_is_found(number: int, prompt: str, said: str) -> None:
    broken = {order: list(prompts) for order, prompts in PROMPTS.items()}
    broken["NameToDescription"][number] = prompt
    assert any(said in fault for fault in faults(broken)), faults(broken)


def test_distance_is_a_label_of_every_question() -> None:
    for probe in asked(Identities(facts_per_subset=2)):
        order, number = probe.labels["order"], probe.labels["template"]
        trained = [blank(t, order) for t in TRAINED[order]]  # type: ignore[index, arg-type]
        assert probe.labels["distance"] == distance(PROMPTS[order][number], trained)  # type: ignore[index]


def test_distance_is_to_what_is_trained() -> None:
    """With fewer paraphrases a prompt can only be farther from the nearest."""

    def grades(paraphrases: int) -> list[object]:
        return [
            p.labels["distance"] for p in asked(Identities(facts_per_subset=2, paraphrases=paraphrases))
        ]

    few, all_of_them = grades(2), grades(30)
    assert all(a >= b for a, b in zip(few, all_of_them, strict=True))  # type: ignore[operator]
    assert few != all_of_them
