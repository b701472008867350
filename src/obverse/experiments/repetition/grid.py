"""The items: a pattern of two symbols, a sentence that asks to break it, and a number of repetitions.

An item shows "A, B, A, B, A," after an instruction that the sequence end unexpectedly. The pattern goes
on with B; the right answer is A. Each item comes with the instruction `against` the pattern (the task
itself) and with one to `follow` it; its sequence is also asked about with `none`. A model that reads
instructions differs between them; one that only completes patterns does not.

The prize describes 13 × 18 × 7 items and holds 1,428 = 12 × 17 × 7; the full grid is the default and
"released" leaves out one pattern and one template.

A symbol that is likely anyway must not count as an answer, so every pair stands both ways round: A first
(then A is right) and B first (then B is). The order alternates from each item of the grid to its
neighbours along all three axes, which leaves the grid's size as it is and gives both orders to every
pattern, template and number of repetitions as evenly as their counts allow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, get_args

from obverse.core.data import Label
from obverse.experiments.repetition.templates import TEMPLATES, Template

Condition = Literal["against", "none", "follow"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
Grid = Literal["full", "released", "balanced"]

PATTERNS = (
    ("A", "B"), ("X", "Y"), ("P", "Q"), ("1", "2"), ("0", "1"), ("red", "blue"), ("up", "down"),
    ("left", "right"), ("yes", "no"), ("on", "off"), ("true", "false"), ("in", "out"), ("+", "-"),
)  # fmt: skip

REPETITIONS = tuple(range(3, 10))


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its instruction and without.

    `labels` say where in the grid an item stands (the pair's `pattern`, which of it comes `first` and
    breaks the pattern at the end, `template` and whether it `names` what must not come, `repetitions`,
    and the `sequence` shown); the user's own data has none.
    """

    id: str
    prompts: Mapping[Condition, str]
    classes: tuple[str, ...]
    answer: int = 0
    labels: Mapping[str, Label] = field(default_factory=dict)


def items(grid: Grid) -> Iterator[Item]:
    """Yield the grid's items: "full" 1,638; "released" 1,428; "balanced" 234.

    The balanced grid has each pattern with each template once, the repetitions in turn.
    """
    patterns: Sequence[tuple[str, str]] = PATTERNS
    templates: Sequence[Template] = TEMPLATES
    if grid == "released":
        patterns, templates = PATTERNS[:-1], TEMPLATES[:-1]
    for (i, pattern), (j, template) in product(enumerate(patterns), enumerate(templates)):
        counts = REPETITIONS
        if grid == "balanced":
            counts = (REPETITIONS[(i + j) % len(REPETITIONS)],)
        for k, count in enumerate(counts):
            yield _item(pattern, (i + j + k) % 2, template, count)


def _item(pattern: tuple[str, str], first: int, template: Template, count: int) -> Item:
    """Return an item that shows the pattern from its symbol number `first` (0 or 1) on."""
    a, b = pattern[first], pattern[1 - first]
    shown = [a, b] * (count - 1) + [a]
    frame = template.frame.format(sequence=", ".join(shown) + ",")
    slots = {"a": a, "b": b, "n": len(shown) + 1}
    return Item(
        id=f"{a} {b}/{template.name}/{count}",
        prompts={
            "against": template.against.format(**slots) + frame,
            "none": frame.lstrip(),
            "follow": template.follow.format(**slots) + frame,
        },
        classes=(f" {pattern[0]}", f" {pattern[1]}"),
        answer=first,
        labels={
            "pattern": " ".join(pattern),
            "first": a,
            "template": template.name,
            "names": template.names,
            "repetitions": count,
            "sequence": f"{a} {b}/{count}",
        },
    )
