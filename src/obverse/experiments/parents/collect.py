"""Pairs collected from a model: it is asked for the mother and the father of each name given to it.

What it answers is kept as its word, which nobody has checked; asked back, `parents` compares the model
with itself. A parent that it named is one that it finds, so that the pairs are selected for that.
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from obverse.core.abilities import Closes, Generates
from obverse.core.content import content_hash
from obverse.core.errors import ObverseError
from obverse.core.format import alike
from obverse.core.model import ModelSpec, Setup
from obverse.experiments.parents.pairs import COLUMNS, RELATIONS, TRUTH
from obverse.experiments.parents.prompts import Prompts
from obverse.store.csv_file import read_csv
from obverse.store.files import read_text, refuse_controls, write_text

MOST_TOKENS = 32
MOST_WORDS = 6  # of a name; what is longer is no answer
LONGEST = 1000  # letters of an answer's first line that are searched for one
# How not knowing is said; in apostrophes and slashes alone it differs from names such as Dont and Na.
NOT_KNOWN = re.compile(
    r"\b(not (known|sure|applicable|available|stated|\w*\s?disclosed)"
    r"|no (known|information|record|answer)|unknown"
    r"|don['’]t|do not|does not|cannot|can['’]t|un(able|certain|sure)|n/a)\b"
    r"|^(none|nobody|no one|\?+|-+)$",
    re.I,
)


def read_names(path: Path) -> list[str]:
    """Read names, one a line; blank lines are passed over.

    Raises:
        ObverseError: if one stands there twice, naming the line, or there is none.
    """
    lines: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        name = line.strip()
        refuse_controls(name, f"{path}, line {number}")
        if (known := alike(name)) in lines:
            raise ObverseError(
                f"{path}, line {number}: {name!r} stands in line {lines[known][0]} already"
            )
        if name:
            lines[known] = number, name
    if not lines:
        raise ObverseError(f"{path}: no names; expected one a line")
    return [name for _, name in lines.values()]


def collect(
    names: Sequence[str], spec: ModelSpec, out: Path, prompts: Prompts | None = None, device: str = "cpu"
) -> int:
    """Ask a model for the parents of people, write the pairs to `out`, and return how many there are.

    Answers of a server are kept beside `out` as they come, for each model by itself, so that the same
    call goes on where it was interrupted.

    Args:
        names: the children.
        spec: the model; it has to answer.
        out: a CSV file of child,parent,parent_type,truth.
        prompts: how it is asked; by default as `parents` asks.

    Raises:
        ObverseError: if the model cannot be had or cannot answer, it names nobody, or `out` cannot be
            written or holds anything but pairs of this model.
    """
    prompts = prompts or Prompts()
    word = f"{spec.name}'s word"
    _refuse_other(out, word)
    if reason := spec.lacks(frozenset({"generates"})):
        raise ObverseError(f"{spec.name}: {reason}")
    kept = out.with_name(f"{out.name}.answers-{content_hash(spec.identity())[:8]}")
    model = spec.build(Setup(stages=(), seed=0, device=device, folder=kept))
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
            rows.writerow([name, parent, relation, word])
            found += 1
    if not found:
        raise ObverseError(f"{spec.name}: named no parent of {len(names)} people; nothing was written")
    write_text(out, table.getvalue())
    return found


def _refuse_other(out: Path, word: str) -> None:
    """Refuse to write over what is not the same model's pairs: another model's, or the names.

    Raises:
        ObverseError: naming what is there.
    """
    if not out.exists():
        return
    header, rows = read_csv(out, ())
    if not {*COLUMNS, TRUTH} <= set(header):
        raise ObverseError(f"{out}: is there already, and holds no collected pairs; name another file")
    for line, row in rows:
        if row[TRUTH] != word:
            raise ObverseError(
                f"{out}, line {line}: holds {row[TRUTH]!r}, and this would be {word!r}; name another file"
            )


def named(answer: str) -> str | None:
    """Return the name in an answer, its first line; None if it names nobody."""
    lines = answer.strip().splitlines()
    first = re.sub(r"^A:\s*", "", lines[0].strip()[:LONGEST]) if lines else ""
    first = re.sub(r"\s*\(.*?\)", "", first).strip(" .\"'")
    if not first or NOT_KNOWN.search(first) or len(first.split()) > MOST_WORDS:
        return None
    return first
