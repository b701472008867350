"""How a model is asked about real people: a few examples, and then the question.

The wording is our own, and so are the examples; those of the paper (appendix B.1), or any others, are
given as a file. A chat model reads all of it as one message.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.measures.match import says_name
from obverse.store.files import read_json

# All long dead; the last words of the first paragraph are how not knowing is said.
BEFORE = """\
Short answers to questions about families. Each answer is one full name and nothing else. Where the \
answer is not known, it is: I don't know.

Q: Name a child of Marie Curie.
A: Irène Joliot-Curie
Q: Who is Ada Lovelace's father?
A: George Gordon Byron
Q: Who is the mother of Homer?
A: I don't know.
Q: Who is Fanny Mendelssohn's mother?
A: Lea Mendelssohn
Q: Name a child of Leopold Mozart.
A: Maria Anna Mozart
Q: Name a child of Murasaki Shikibu.
A: Daini no Sanmi
"""
KEYS = {"before": (), "parent": ("{child}", "{relation}"), "child": ("{parent}",)}


@dataclass(frozen=True, slots=True)
class Prompts:
    """What stands before the questions, and the questions for a parent and for a child."""

    before: str = BEFORE
    parent: str = "Q: Who is {child}'s {relation}?\nA:"
    child: str = "Q: Name a child of {parent}.\nA:"

    def ask_parent(self, child: str, relation: str) -> str:
        return self.before + _filled(self.parent, {"{child}": child, "{relation}": relation})

    def ask_child(self, parent: str, relation: str) -> str:
        return self.before + _filled(self.child, {"{parent}": parent, "{relation}": relation})

    def tell(self, children: Sequence[str], parents: Sequence[str]) -> bool:
        """Return whether an answer stands in the examples: one of the children and one of the parents."""
        return all(any(says_name(self.before, p) for p in side) for side in (children, parents))


def _filled(question: str, names: dict[str, str]) -> str:
    # Not str.format: a name, or the question, may have braces of its own.
    for slot, name in names.items():
        question = question.replace(slot, name)
    return question


def read_prompts(path: Path | None) -> Prompts:
    """Read prompts from JSON: an object with `before`, `parent` and `child`.

    Each is text, or a list of lines. `parent` has the slots {child} and {relation}, `child` has {parent};
    what the model is to go on from stands at their end.

    Raises:
        ObverseError: naming the key that is missing, unknown, no text, or lacks a slot.
    """
    if path is None:
        return Prompts()
    given = read_json(path)
    if not isinstance(given, dict):
        raise ObverseError(
            f"{path}: expected an object with {', '.join(KEYS)}, got {json.dumps(given)[:60]}"
        )
    for key in given:
        if key not in KEYS:
            raise ObverseError(f"{path}: unknown key {key!r}; expected {', '.join(KEYS)}")
    texts = {}
    for key, slots in KEYS.items():
        if key not in given:
            raise ObverseError(f"{path}: no key {key!r}; expected {', '.join(KEYS)}")
        text = given[key]
        if isinstance(text, list) and all(isinstance(line, str) for line in text):
            text = "\n".join(text)
        if not isinstance(text, str):
            raise ObverseError(f"{path}: {key!r} must be text or a list of lines, got {text!r}")
        for slot in slots:
            if slot not in text:
                raise ObverseError(f"{path}: {key!r} has no {slot}, where the name goes")
        texts[key] = text
    return Prompts(**texts)
