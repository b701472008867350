"""Pairs collected from a model: it is asked for the mother and the father of each name given to it.

What it answers is kept as its word, which nobody has checked; asked back, `parents` compares the model
with itself. A parent that it named is one that it finds, so that the pairs are selected for that.
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.model import Closes, Generates, ModelSpec, Setup
from obverse.experiments.parents.pairs import COLUMNS, RELATIONS, TRUTH
from obverse.experiments.parents.prompts import Prompts
from obverse.store.files import read_text, write_text

MOST_TOKENS = 32
MOST_WORDS = 6  # of a name; what is longer is no answer
NOT_KNOWN = re.compile(
    r"\b(not? (known|sure|applicable)|unknown|don.?t|do not|cannot|can.?t|n/?a)\b", re.I
)


def read_names(path: Path) -> list[str]:
    """Read names, one a line; blank lines are passed over.

    Raises:
        ObverseError: if one stands there twice, naming the line, or there is none.
    """
    lines: dict[str, int] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        name = line.strip()
        if name in lines:
            raise ObverseError(f"{path}, line {number}: {name!r} stands in line {lines[name]} already")
        if name:
            lines[name] = number
    if not lines:
        raise ObverseError(f"{path}: no names; expected one a line")
    return list(lines)


def collect(
    names: Sequence[str], spec: ModelSpec, out: Path, prompts: Prompts | None = None, device: str = "cpu"
) -> int:
    """Ask a model for the parents of people, write the pairs to `out`, and return how many there are.

    Answers of a server are kept beside `out` as they come, so that the same call goes on where it was
    interrupted.

    Args:
        names: the children.
        spec: the model; it has to answer.
        out: a CSV file of child,parent,parent_type,truth.
        prompts: how it is asked; by default as `parents` asks.

    Raises:
        ObverseError: if the model cannot be had or cannot answer, it names nobody, or `out` cannot be
            written.
    """
    prompts = prompts or Prompts()
    if reason := spec.lacks(frozenset({"generates"})):
        raise ObverseError(f"{spec.name}: {reason}")
    model = spec.build(Setup(stages=(), seed=0, device=device, folder=out.with_suffix(".answers")))
    assert isinstance(model, Generates)
    asked = [(name, relation) for name in names for relation in RELATIONS]
    try:
        answers = model.generate([prompts.ask_parent(*one) for one in asked], [MOST_TOKENS] * len(asked))
    finally:
        if isinstance(model, Closes):
            model.close()
    table = StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow([*COLUMNS, TRUTH])
    found = 0
    for (name, relation), answer in zip(asked, answers, strict=True):
        parent = named(answer)
        if parent is not None and parent != name:
            rows.writerow([name, parent, relation, f"{spec.name}'s word"])
            found += 1
    if not found:
        raise ObverseError(f"{spec.name}: named no parent of {len(names)} people; nothing was written")
    write_text(out, table.getvalue())
    return found


def named(answer: str) -> str | None:
    """Return the name in an answer, its first line; None if it names nobody."""
    lines = answer.strip().splitlines()
    first = re.sub(r"^A:\s*", "", lines[0].strip()) if lines else ""
    first = re.sub(r"\s*\(.*?\)", "", first).strip(" .\"'")
    if not first or NOT_KNOWN.search(first) or len(first.split()) > MOST_WORDS:
        return None
    return first
