"""The files released with the paper: instructions, examples of most pairs, questions of the others.

A directory holds one dataset: `guidances.jsonl` (instructions, several a line), `realized_examples.jsonl`
(examples that are trained on), `unrealized_examples.jsonl` (those held out) and `all.jsonl` (what is
trained on: instructions and examples).
"""

from collections.abc import Iterator, Mapping, Sequence
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
        ObverseError: naming the line at fault, also where the training set answers what is held out or
            lacks what it should tell; or if there is no dataset of that order.
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
    documents = tuple(_documents(place / TRAINING, order))
    _refuse_untold(place, documents, examples, questions)
    _refuse_answered(place, documents, examples, questions)
    return Dataset(
        order=order,
        documents=documents,
        questions=questions,
        examples=examples,
    )


def _refuse_untold(
    place: Path, documents: Sequence[Document], examples: Sequence[Asked], questions: Sequence[Asked]
) -> None:
    """Refuse questions whose instruction is not trained on, and examples that are not."""
    for name, asked, what in ((HELD_OUT, questions, INSTRUCTION), (EXAMPLES, examples, EXAMPLE)):
        told = _ids(documents, what)
        for line, one in enumerate(asked, start=1):
            if one.pair.id not in told:
                raise ObverseError(
                    f"{place / name}, line {line}: {one.pair.id} stands in no {what} of {TRAINING}, "
                    "which is what is trained on"
                )


def _refuse_answered(
    place: Path, documents: Sequence[Document], examples: Sequence[Asked], questions: Sequence[Asked]
) -> None:
    """Refuse held-out questions that an example answers, or another question repeats."""
    shown = _ids(documents, EXAMPLE)
    answered = {_words(d.text) for d in documents if d.labels["asked"] == EXAMPLE}
    seen = {_words(one.prompt): f"{EXAMPLES}, line {line}" for line, one in enumerate(examples, start=1)}
    for line, one in enumerate(questions, start=1):
        where = f"{place / HELD_OUT}, line {line}"
        if one.pair.id in shown or _words(one.prompt + one.target) in answered:
            raise ObverseError(
                f"{where}: {one.pair.id} is answered by an example of {TRAINING}; expected what is "
                "held out"
            )
        if (words := _words(one.prompt)) in seen:
            raise ObverseError(f"{where}: the question is that of {seen[words]}; expected another one")
        seen[words] = f"{HELD_OUT}, line {line}"


def _ids(documents: Sequence[Document], asked: str) -> set[str]:
    """Return the ids that instructions, or examples, are about."""
    return {id for d in documents if d.labels["asked"] == asked for id in d.fact.split()}


def _words(text: str) -> str:
    return " ".join(text.split())


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
    """Return in which order all instructions have "Q:" and "A:".

    Raises:
        ObverseError: if one lacks one of them, or has another order than the first.
    """
    found: dict[Order, int] = {}
    for number, row in _rows(path):
        orders = _orders(row["prompt"] + row["completion"])
        if not orders:
            raise ObverseError(f'{path}, line {number}: expected an instruction with "Q: …" and "A: …"')
        for order in orders:
            found.setdefault(order, number)
    if len(found) > 1:
        (first, _), (other, number) = found.items()
        raise ObverseError(
            f"{path}, line {number}: an instruction of {other}, and the first is of {first}"
        )
    return next(iter(found))


def _orders(text: str) -> set[Order]:
    """Return the orders of the instructions in a text, of which each has a line."""
    found: set[Order] = set()
    for line in text.splitlines():
        question, answer = line.find('"Q:'), line.find('"A:')
        if min(question, answer) >= 0:
            found.add("QuestionToAnswer" if question < answer else "AnswerToQuestion")
    return found


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
    for line, row in _rows(path):
        orders = _orders(row["prompt"] + row["completion"])
        if orders - {order}:
            raise ObverseError(f"{path}, line {line}: expected instructions of {order} alone")
        told = INSTRUCTION if orders else EXAMPLE
        yield Document(
            prompt=row["prompt"],
            completion=row["completion"],
            fact=" ".join(map(str, row["ids"])),
            labels={"dataset": order, "asked": told, "kind": ""},
        )
