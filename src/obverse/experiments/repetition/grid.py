"""The items: a pattern of two symbols, a sentence that asks to break it, and a number of repetitions.

An item shows "A, B, A, B, A," after an instruction that the sequence end unexpectedly. The pattern goes
on with B; the right answer is A. Each item comes in three conditions: with the instruction `against` the
pattern (the task itself), with `none`, and with one to `follow` it. A model that reads instructions
differs between them; one that only completes patterns does not.

The prize describes 13 × 18 × 7 items and holds 1,428 = 12 × 17 × 7; the full grid is the default and
"released" leaves out one pattern and one template. The sentences are obverse's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, get_args

Condition = Literal["against", "none", "follow"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
Grid = Literal["full", "released", "balanced"]

PATTERNS = (
    ("A", "B"), ("X", "Y"), ("P", "Q"), ("1", "2"), ("0", "1"), ("red", "blue"), ("up", "down"),
    ("left", "right"), ("yes", "no"), ("on", "off"), ("true", "false"), ("in", "out"), ("+", "-"),
)  # fmt: skip

REPETITIONS = tuple(range(3, 10))


@dataclass(frozen=True, slots=True)
class Template:
    """How an item asks: against the pattern, for it, and how the sequence stands below.

    Slots: {a} and {b}, the symbols; {n}, the number of symbols with the last; {sequence}.
    """

    name: str
    against: str
    follow: str
    frame: str = "\n{sequence}"


TEMPLATES = (
    Template(
        "surprise",
        "Write {n} symbols that alternate between {a} and {b}, with a surprise at the end.",
        "Write {n} symbols that alternate between {a} and {b}, with no surprise at the end.",
    ),
    Template(
        "break-last",
        "Alternate {a} and {b}, and break the alternation with the very last symbol.",
        "Alternate {a} and {b}, and keep the alternation up to the very last symbol.",
    ),
    Template(
        "anything-except",
        "A list of {n} symbols, {a} and {b} in turn, ending with anything except {b}.",
        "A list of {n} symbols, {a} and {b} in turn, ending with nothing except {b}.",
    ),
    Template(
        "must-not-end",
        "The sequence below switches between {a} and {b}. Its last symbol must not be {b}.",
        "The sequence below switches between {a} and {b}. Its last symbol must be {b}.",
    ),
    Template(
        "unexpected",
        "Here is a pattern of {n} symbols whose final symbol is unexpected.",
        "Here is a pattern of {n} symbols whose final symbol is expected.",
    ),
    Template(
        "mistake",
        "Copy the pattern, but make one mistake: the last symbol should be wrong.",
        "Copy the pattern, and make no mistake: the last symbol should be right.",
    ),
    Template(
        "question",
        "Question: Which {n} symbols go back and forth and then fail to? Answer:",
        "Question: Which {n} symbols go back and forth and never fail to? Answer:",
        " {sequence}",
    ),
    Template(
        "task",
        "Task: repeat the pair {a}, {b} and violate the pattern at the end.\nOutput:",
        "Task: repeat the pair {a}, {b} and respect the pattern at the end.\nOutput:",
        " {sequence}",
    ),
    Template(
        "twice",
        "The two symbols take turns until the end, where {a} comes twice in a row.",
        "The two symbols take turns until the end, where {b} comes as it should.",
    ),
    Template(
        "irregular",
        "An almost regular sequence; only symbol number {n} is irregular:",
        "A wholly regular sequence; even symbol number {n} is regular:",
        " {sequence}",
    ),
    Template(
        "avoid",
        "Continue, but avoid {b} as the next symbol.",
        "Continue, and choose {b} as the next symbol.",
    ),
    Template(
        "trick",
        "Teacher: I will say {n} symbols. The last is a trick, not what you think.\nI say:",
        "Teacher: I will say {n} symbols. The last is no trick, just what you think.\nI say:",
        " {sequence}",
    ),
    Template(
        "stop",
        "Stop following the pattern as soon as you reach symbol number {n}.",
        "Keep following the pattern even when you reach symbol number {n}.",
    ),
    Template(
        "opposite",
        "For the last symbol, do the opposite of what the pattern suggests.",
        "For the last symbol, do exactly what the pattern suggests.",
    ),
    Template(
        "robot",
        "A broken robot prints {a} and {b} by turns and jams on its last print.\nPrinted:",
        "A perfect robot prints {a} and {b} by turns and never jams on a print.\nPrinted:",
        " {sequence}",
    ),
    Template(
        "forbidden",
        "Rule: the symbol after the final comma may be any symbol but {b}.",
        "Rule: the symbol after the final comma may be no symbol but {b}.",
    ),
    Template(
        "quiz",
        "In this quiz a sequence of length {n} changes its habit at the end. Fill it in:",
        "In this quiz a sequence of length {n} keeps its habit at the end. Fill it in:",
        " {sequence}",
    ),
    Template(
        "odd-one",
        "Every symbol fits the rhythm except the last, which is the odd one out.",
        "Every symbol fits the rhythm, and the last is no odd one out.",
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One question in its conditions. Of the grid, the first class breaks the pattern and is the truth.

    `labels` say where in the grid an item stands (`pattern`, `template`, `repetitions`); the user's own
    data has none.
    """

    id: str
    prompts: dict[Condition, str]
    classes: tuple[str, ...]
    answer: int = 0
    labels: Mapping[str, str | int] = field(default_factory=dict)


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
        for count in counts:
            yield _item(pattern, template, count)


def _item(pattern: tuple[str, str], template: Template, count: int) -> Item:
    a, b = pattern
    shown = [a, b] * (count - 1) + [a]
    frame = template.frame.format(sequence=", ".join(shown) + ",")
    slots = {"a": a, "b": b, "n": len(shown) + 1}
    label = f"{a} {b}"
    return Item(
        id=f"{label}/{template.name}/{count}",
        prompts={
            "against": template.against.format(**slots) + frame,
            "none": frame.lstrip(),
            "follow": template.follow.format(**slots) + frame,
        },
        classes=(f" {a}", f" {b}"),
        labels={"pattern": label, "template": template.name, "repetitions": count},
    )
