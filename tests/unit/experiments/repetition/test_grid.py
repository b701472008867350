"""The items of the grid."""

import re
from collections import Counter
from itertools import combinations

import pytest

from obverse.experiments.repetition.grid import Grid, Item, items
from obverse.experiments.repetition.templates import TEMPLATES, Template

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


@pytest.mark.parametrize("grid", ["full", "released", "balanced"])
def test_both_orders_of_each_pair_are_balanced(grid: Grid) -> None:
    """Along each axis, and each two of them, the orders differ by one item at most."""
    made = list(items(grid))
    axes = ("pattern", "template", "repetitions")
    for some in [(axis,) for axis in axes] + list(combinations(axes, 2)):
        first: Counter[tuple[object, ...]] = Counter()
        for item in made:
            first[tuple(item.labels[axis] for axis in some)] += 1 if item.answer else -1
        assert len(first) > 1
        assert max(map(abs, first.values())) <= 1, some
    symbols = Counter(i.labels["first"] for i in made if i.labels["pattern"] == "A B")
    assert set(symbols) == {"A", "B"}


def test_classes_stand_in_the_same_order_whichever_symbol_is_right() -> None:
    of_pair = {
        i.labels["pattern"]: {j.classes for j in FULL if j.labels["pattern"] == i.labels["pattern"]}
        for i in FULL
    }
    assert of_pair["A B"] == {(" A", " B")}
    assert all(len(classes) == 1 for classes in of_pair.values())


def test_a_sequence_is_the_same_text_behind_all_templates() -> None:
    texts: dict[object, set[str]] = {}
    for item in FULL:
        texts.setdefault(item.labels["sequence"], set()).add(item.prompts["none"])
    assert len(texts) == 13 * 2 * 7
    assert all(len(t) == 1 for t in texts.values())
    assert len(set.union(*texts.values())) == len(texts)


PLACE = re.compile(r"\{n\}|the next symbol|as the next symbol|the symbol after the final comma")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.name)
def test_every_instruction_says_where_the_pattern_breaks(template: Template) -> None:
    """With neither the length nor the place told, to continue would be no disobedience."""
    places = {said: PLACE.findall(said) for said in (template.against, template.follow)}
    assert [len(p) for p in places.values()] == [1, 1]
    assert len({p[0] for p in places.values()}) == 1, "both twins speak of the same place"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.name)
def test_what_must_not_come_is_named_where_the_label_says_so(template: Template) -> None:
    forbids = re.search(
        r"(anything except|not be|not to end with|avoid|is not|any symbol but) \{b\}", template.against
    )
    assert bool(forbids) == template.names
    demands = re.search(
        r"(nothing except|must be|to end with|choose|is|no symbol but) \{b\}", template.follow
    )
    assert not template.names or demands
    # Elsewhere the symbols stand as the alphabet, or as what has to come.
    elsewhere = re.sub(r"\{a\} and (now )?\{b\}", "", template.against)
    assert ("{b}" in elsewhere) == template.names


def test_a_third_of_the_templates_name_what_must_not_come() -> None:
    for templates in (TEMPLATES, TEMPLATES[:-1]):
        assert sum(t.names for t in templates) == 6


def shown(item: Item) -> list[str]:
    """Return the symbols of an item's sequence, read back from its prompt."""
    last_line = item.prompts["none"].split("\n")[-1]
    assert last_line.endswith(",")
    return last_line.removesuffix(",").split(", ")


def pattern(item: Item) -> list[str]:
    return str(item.labels["pattern"]).split(" ")


@pytest.mark.parametrize("item", FULL[::41], ids=lambda i: i.id)
def test_sequence_follows_the_pattern_and_the_truth_breaks_it(item: Item) -> None:
    first = item.labels["first"]
    (second,) = set(pattern(item)) - {first}
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


def test_the_length_that_is_told_counts_the_symbol_to_come() -> None:
    for item in FULL:
        length = len(shown(item)) + 1
        assert length == 2 * int(item.labels["repetitions"])
        for condition in ("against", "follow"):
            told = item.prompts[condition].removesuffix(item.prompts["none"])
            numbers = set(re.findall(r"\d+", told)) - set(pattern(item))
            assert numbers <= {str(length)}, told
            assert numbers or PLACE.search(told), told
