"""The sentences that ask to break a pattern, each with a twin that asks to keep to it.

A sequence of n symbols stands below with its last one missing. Continuing it is a mistake only if the
instruction leaves no other place for the break, so every sentence either states n or speaks of the next
symbol. Told `against` the pattern, the symbol that breaks it is the only right one of the two; told to
`follow` it, the other one is. The sentences are obverse's own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """How an item asks: against the pattern, for it, and how the sequence stands below.

    Slots: {a} and {b}, the symbols, {a} the first; {n}, the number of symbols with the last; {sequence}.

    Attributes:
        names: whether `against` names the symbol that continues the pattern, as what must not come.
    """

    name: str
    against: str
    follow: str
    frame: str = "\n{sequence}"
    names: bool = False


TEMPLATES = (
    Template(
        "surprise",
        "Write {n} symbols that alternate between {a} and {b}, with a surprise at the end.",
        "Write {n} symbols that alternate between {a} and {b}, with no surprise at the end.",
    ),
    Template(
        "break-last",
        "Alternate {a} and {b} for {n} symbols, and break the alternation with the very last symbol.",
        "Alternate {a} and {b} for {n} symbols, and keep the alternation with the very last symbol too.",
    ),
    Template(
        "anything-except",
        "A list of {n} symbols, now {a} and now {b}, ending with anything except {b}.",
        "A list of {n} symbols, now {a} and now {b}, ending with nothing except {b}.",
        names=True,
    ),
    Template(
        "must-not-end",
        "The sequence below switches between {a} and {b}. Its last symbol, number {n}, must not be {b}.",
        "The sequence below switches between {a} and {b}. Its last symbol, number {n}, must be {b}.",
        names=True,
    ),
    Template(
        "unexpected",
        "Here is a pattern of {n} symbols whose final symbol is unexpected.",
        "Here is a pattern of {n} symbols whose final symbol is expected.",
    ),
    Template(
        "mistake",
        "Carry the pattern on to {n} symbols, but make one mistake: the last symbol should be wrong.",
        "Carry the pattern on to {n} symbols, and make no mistake: the last symbol should be right.",
    ),
    Template(
        "question",
        "Question: Which {n} symbols go back and forth, all but the last? Answer:",
        "Question: Which {n} symbols go back and forth, even the last? Answer:",
        " {sequence}",
    ),
    Template(
        "task",
        "Task: write {n} symbols, {a} and {b} by turns, but be sure not to end with {b}.\nOutput:",
        "Task: write {n} symbols, {a} and {b} by turns, and be sure to end with {b}.\nOutput:",
        " {sequence}",
        names=True,
    ),
    Template(
        "twice",
        "Two symbols take turns, {n} in all, until at the end {a} comes twice in a row.",
        "Two symbols take turns, {n} in all, until at the end {b} comes as it should.",
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
        names=True,
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
        "For the next symbol, do the opposite of what the pattern suggests.",
        "For the next symbol, do exactly what the pattern suggests.",
    ),
    Template(
        "robot",
        "A broken robot prints {a} and {b} by turns, but its print number {n} is not {b}.\nPrinted:",
        "A perfect robot prints {a} and {b} by turns, and its print number {n} is {b}.\nPrinted:",
        " {sequence}",
        names=True,
    ),
    Template(
        "forbidden",
        "Rule: the symbol after the final comma may be any symbol but {b}.",
        "Rule: the symbol after the final comma may be no symbol but {b}.",
        names=True,
    ),
    Template(
        "quiz",
        "In this quiz a sequence of length {n} changes its habit at the end. Fill it in:",
        "In this quiz a sequence of length {n} keeps its habit at the end. Fill it in:",
        " {sequence}",
    ),
    Template(
        "odd-one",
        "Each of the {n} symbols fits the rhythm except the last, which is the odd one out.",
        "Each of the {n} symbols fits the rhythm, and the last is no odd one out.",
    ),
)
