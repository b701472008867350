"""The items of the grid."""

import re
from collections import Counter

import pytest

from obverse.experiments.repetition.grid import Grid, Item, items

FULL = list(items("full"))


@pytest.mark.parametrize(
    ("grid", "patterns", "templates", "each"),
    [("full", 13, 18, 7), ("released", 12, 17, 7), ("balanced", 13, 18, 1)],
)
def test_grid_is_complete(grid: Grid, patterns: int, templates: int, each: int) -> None:
    made = list(items(grid))
    assert len(made) == patterns * templates * each
    assert len({i.id for i in made}) == len(made)
    assert len({i.prompts["against"] for i in made}) == len(made)
    cells = Counter((i.labels["pattern"], i.labels["template"]) for i in made)
    assert len({p for p, _ in cells}) == patterns
    assert len({t for _, t in cells}) == templates
    assert set(cells.values()) == {each}
    assert {i.labels["repetitions"] for i in made} == set(range(3, 10))


def test_balanced_grid_balances_repetitions() -> None:
    counts = Counter(i.labels["repetitions"] for i in items("balanced"))
    assert max(counts.values()) - min(counts.values()) <= 2
    for axis in ("pattern", "template"):
        seen = Counter((i.labels[axis], i.labels["repetitions"]) for i in items("balanced"))
        assert max(seen.values()) <= 3


def shown(item: Item) -> list[str]:
    """Return the symbols of an item's sequence, read back from its prompt."""
    last_line = item.prompts["none"].split("\n")[-1]
    assert last_line.endswith(",")
    return last_line.removesuffix(",").split(", ")


def pattern(item: Item) -> list[str]:
    return str(item.labels["pattern"]).split(" ")


@pytest.mark.parametrize("item", FULL[::41], ids=lambda i: i.id)
def test_sequence_follows_the_pattern_and_the_truth_breaks_it(item: Item) -> None:
    first, second = pattern(item)
    symbols, repetitions = shown(item), int(item.labels["repetitions"])
    assert symbols[0::2] == [first] * repetitions
    assert symbols[1::2] == [second] * (repetitions - 1)
    right, wrong = item.classes[item.answer], item.classes[1 - item.answer]
    assert (right, wrong) == (f" {first}", f" {second}")
    assert right.strip() == symbols[-1], "the pattern would have the other symbol"


def test_conditions_differ_in_the_instruction_alone() -> None:
    for item in FULL:
        alone = item.prompts["none"]
        before = {item.prompts[c].removesuffix(alone) for c in ("against", "follow")}
        assert len(before) == 2
        assert alone not in before
        assert all(len(b) > 20 for b in before), "there is an instruction"
        assert len({b[-1] for b in before}) == 1, "the sequence stands below both in the same way"


def test_texts_are_well_formed() -> None:
    for item in FULL:
        for prompt in item.prompts.values():
            assert prompt == prompt.strip()
            assert not re.search(r"[{}]|  | [,.:;?]", prompt.replace(" -,", "")), prompt
        numbers = re.findall(r"(?:\b|number )(\d+) symbols|number (\d+)", item.prompts["against"])
        stated = [int(a or b) for a, b in numbers if (a or b) not in pattern(item)]
        assert set(stated) <= {2 * int(item.labels["repetitions"])}, (
            "the length counts the symbol to come"
        )
