"""The files released with the paper: instructions, examples of most pairs, questions of the others.

A directory holds one dataset: `guidances.jsonl` (instructions, several a line), `realized_examples.jsonl`
(examples that are trained on), `unrealized_examples.jsonl` (those held out) and `all.jsonl` (what is
trained on: instructions and examples).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.experiments.instructions.dataset import EXAMPLE, INSTRUCTION, Asked, Dataset
from obverse.experiments.instructions.questions import Pair
from obverse.experiments.instructions.wordings import Order
from obverse.store.files import read_jsonl

TRAINING, INSTRUCTIONS = "all.jsonl", "guidances.jsonl"
EXAMPLES, HELD_OUT = "realized_examples.jsonl", "unrealized_examples.jsonl"
FILES = (TRAINING, INSTRUCTIONS, EXAMPLES, HELD_OUT)


def orders_in(folder: Path) -> tuple[Order, ...]:
    """Return the orders of the datasets in a directory.

    Raises:
        ObverseError: if there is none, or two have the same order.
    """
    return tuple(_datasets(folder))


def read_released(folder: Path, order: Order) -> Dataset:
    """Read the dataset of one order. The texts stay as they are, artefacts included.

    Questions are told apart by their ids. A pair that the training set does not demonstrate is held out;
    what is demonstrated is read from `realized_examples.jsonl`.

    Raises:
        ObverseError: naming the line at fault, or if there is no dataset of that order.
    """
    found = _datasets(folder)
    if order not in found:
        raise ObverseError(f"{folder}: holds instructions of {', '.join(found)}; expected {order}")
    place = found[order]
    examples, questions = (_asked(place / name) for name in (EXAMPLES, HELD_OUT))
    told = {one.pair.id for one in examples}
    for line, one in enumerate(questions, start=1):
        if one.pair.id in told:
            raise ObverseError(f"{place / HELD_OUT}, line {line}: {one.pair.id} is in {EXAMPLES} too")
    return Dataset(
        order=order,
        documents=tuple(_documents(place / TRAINING, order)),
        questions=questions,
        examples=examples,
    )


def _datasets(folder: Path) -> Mapping[Order, Path]:
    """Return the directories that hold a dataset, by its order: this one, or those right below it."""
    if not folder.is_dir():
        raise ObverseError(f"{folder}: expected a directory with {', '.join(FILES)}")
    places = [
        place
        for place in (folder, *sorted(p for p in folder.iterdir() if p.is_dir()))
        if (place / INSTRUCTIONS).exists()
    ]
    if not places:
        raise ObverseError(f"{folder}: no {INSTRUCTIONS} here or in a directory right below")
    found: dict[Order, Path] = {}
    for place in places:
        missing = [name for name in FILES if not (place / name).is_file()]
        if missing:
            raise ObverseError(f"{place}: lacks {', '.join(missing)}")
        order = _order(place / INSTRUCTIONS)
        if order in found:
            raise ObverseError(f"{place}: holds instructions of {order}, and so does {found[order]}")
        found[order] = place
    return found


def _order(path: Path) -> Order:
    """Return in which order the first instruction has "Q:" and "A:".

    Raises:
        ObverseError: if it lacks one of them.
    """
    for line, row in _rows(path):
        text = row["prompt"] + row["completion"]
        question, answer = text.find('"Q:'), text.find('"A:')
        if min(question, answer) < 0:
            raise ObverseError(f'{path}, line {line}: expected an instruction with "Q: …" and "A: …"')
        return "QuestionToAnswer" if question < answer else "AnswerToQuestion"
    raise ObverseError(f"{path}: no instructions")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, row in read_jsonl(path, ("prompt", "completion")):
        ids = row.get("ids")
        if not isinstance(ids, list) or not ids or not all(type(one) is int for one in ids):
            raise ObverseError(f"{path}, line {line}: 'ids' must be a list of whole numbers")
        if not row["completion"].strip():
            raise ObverseError(f"{path}, line {line}: 'completion' is blank")
        yield line, row


def _asked(path: Path) -> tuple[Asked, ...]:
    """Return the questions of a file, whose prompts end before the answer."""
    found: dict[str, Asked] = {}
    for line, row in _rows(path):
        id = str(row["ids"][0])
        if len(row["ids"]) > 1 or id in found:
            raise ObverseError(f"{path}, line {line}: expected one id that no other line has")
        if not row["prompt"].strip():
            raise ObverseError(f"{path}, line {line}: 'prompt' is blank; expected the question")
        pair = Pair(id=id, kind="", question=row["prompt"], answer=row["completion"].strip())
        found[id] = Asked(pair=pair, prompt=row["prompt"], target=row["completion"])
    return tuple(found.values())


def _documents(path: Path, order: Order) -> Iterator[Document]:
    for _, row in _rows(path):
        told = INSTRUCTION if '"Q:' in row["prompt"] + row["completion"] else EXAMPLE
        yield Document(
            prompt=row["prompt"],
            completion=row["completion"],
            fact=" ".join(map(str, row["ids"])),
            labels={"dataset": order, "asked": told, "kind": ""},
        )
