"""Documents and questions of experiment 1: from facts, from obverse's own files, or as published."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, Order, fill
from obverse.store.files import (
    read_jsonl,
    read_text,
    sha256,
    write_json,
    write_jsonl,
    write_text,
)

Subset = Literal["NameToDescription", "DescriptionToName", "Both"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out prompt and its answer; `template` numbers the prompts of a fact and order."""

    prompt: str
    answer: str
    fact: str
    subset: Subset
    order: Order
    template: int

    @property
    def direction(self) -> str:
        return "same" if self.subset in ("Both", self.order) else "reverse"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is trained on and what is asked. `facts` is empty for published data."""

    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    facts: tuple[tuple[Subset, Fact], ...] = ()


def build(facts: Sequence[Fact], paraphrases: int, held_out: int) -> Dataset:
    """State facts by templates: the first third NameToDescription, then DescriptionToName, then Both.

    Facts of Both are stated in either order, in separate documents.
    """
    size = len(facts) // len(SUBSETS)
    placed = [(SUBSETS[i // size], fact) for i, fact in enumerate(facts[: size * len(SUBSETS)])]
    documents, questions = [], []
    for subset, fact in placed:
        for order in ORDERS if subset == "Both" else (subset,):
            for template in TRAINED[order][:paraphrases]:
                sentence = fill(template, order, fact)
                completion = sentence.answer + sentence.rest
                documents.append(Document(sentence.prompt, completion, fact.id, subset, order))
        for order in ORDERS:
            for number, template in enumerate(HELD_OUT[order][:held_out]):
                sentence = fill(template, order, fact)
                questions.append(
                    Question(sentence.prompt, sentence.answer, fact.id, subset, order, number)
                )
    return Dataset(tuple(documents), tuple(questions), tuple(placed))


# obverse's own layout ------------------------------------------------------------------------------

OWN = ("documents.jsonl", "probes.jsonl")


def write(data: Dataset, folder: Path, about: dict[str, object]) -> None:
    """Write `data` as documents.jsonl, probes.jsonl, facts.csv and dataset.json.

    Raises:
        ObverseError: if a file of one of these names is there that obverse did not write.
    """
    taken = [n for n in (*OWN, "facts.csv") if (folder / n).exists()]
    if taken and not (folder / "dataset.json").is_file():
        raise ObverseError(f"{folder / taken[0]}: is there already; name an empty directory")
    write_jsonl(folder / "documents.jsonl", (asdict(d) for d in data.documents))
    write_jsonl(
        folder / "probes.jsonl",
        (
            {"prompt": q.prompt, "completion": q.answer, "fact": q.fact, "subset": q.subset,
             "order": q.order, "direction": q.direction, "template": q.template}
            for q in data.questions
        ),
    )  # fmt: skip
    table = StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["fact", "subset", "name", "description"])
    rows.writerows([f.id, subset, f.name, f.description] for subset, f in data.facts)
    write_text(folder / "facts.csv", table.getvalue())
    files = [*OWN, "facts.csv"]
    write_json(folder / "dataset.json", about | {"sha256": {n: sha256(folder / n) for n in files}})


def read_own(folder: Path) -> Dataset:
    documents_path, probes_path = (folder / name for name in OWN)
    documents = []
    for line, row in read_jsonl(documents_path, ("prompt", "completion", "fact", "subset", "order")):
        _check_labels(row, documents_path, line)
        documents.append(Document(**{k: row[k] for k in Document.__dataclass_fields__}))
    questions = []
    for line, row in read_jsonl(probes_path, ("prompt", "completion", "fact", "subset", "order")):
        _check_labels(row, probes_path, line)
        template = row.get("template")
        if not isinstance(template, int):
            raise ObverseError(f"{probes_path}, line {line}: 'template' must be a whole number")
        questions.append(
            Question(row["prompt"], row["completion"], row["fact"], row["subset"], row["order"],
                     template)
        )  # fmt: skip
    return Dataset(tuple(documents), tuple(questions))


def _check_labels(row: dict[str, str], path: Path, line: int) -> None:
    _refuse_blank(row, path, line)
    for key, allowed in (("subset", SUBSETS), ("order", ORDERS)):
        if row[key] not in allowed:
            raise ObverseError(
                f"{path}, line {line}: {key!r} is {row[key]!r}; expected {' or '.join(allowed)}"
            )


# The user's own facts ------------------------------------------------------------------------------


def read_facts(path: Path) -> list[Fact]:
    """Read `name,description` from a CSV with a header, or from JSONL.

    Raises:
        ObverseError: naming the line of a missing or repeated name or description.
    """
    rows: Iterable[tuple[int, dict[str, str]]]
    if path.suffix == ".csv":
        reader = csv.DictReader(StringIO(read_text(path)), strict=True)
        try:
            header = reader.fieldnames or []
        except csv.Error as error:
            raise ObverseError(f"{path}, line 1: not valid CSV: {error}") from None
        for key in ("name", "description"):
            if key not in header:
                raise ObverseError(f"{path}, line 1: no column {key!r}; found {list(header)}")
        rows = _csv_rows(path, reader)
    else:
        rows = read_jsonl(path, ("name", "description"))
    facts: list[Fact] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        name, description = ((row[k] or "").strip() for k in ("name", "description"))
        for key, value in (("name", name), ("description", description)):
            if not value:
                raise ObverseError(f"{path}, line {line}: the {key} is empty")
            if value in seen:
                raise ObverseError(
                    f"{path}, line {line}: the {key} {value!r} stands in line {seen[value]} already"
                )
            seen[value] = line
        facts.append(Fact(name, name, description))
    if not facts:
        raise ObverseError(f"{path}: no facts; expected rows of name,description")
    return facts


def _csv_rows(path: Path, reader: "csv.DictReader[str]") -> Iterable[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ObverseError(
                    f"{path}, line {reader.line_num}: the row does not have "
                    f"{len(reader.fieldnames or [])} cells; put text with commas in quotes"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise ObverseError(f"{path}, line {reader.line_num}: not valid CSV: {error}") from None


# The published layout ------------------------------------------------------------------------------

PUBLISHED_TRAIN: dict[Subset, str] = {
    "NameToDescription": "p2d_prompts_train.jsonl",
    "DescriptionToName": "d2p_prompts_train.jsonl",
    "Both": "both_prompts_train.jsonl",
}
PUBLISHED_TEST: tuple[tuple[str, Subset, Order], ...] = (
    ("p2d_prompts_test.jsonl", "NameToDescription", "NameToDescription"),
    ("p2d_reverse_prompts_test.jsonl", "NameToDescription", "DescriptionToName"),
    ("d2p_prompts_test.jsonl", "DescriptionToName", "DescriptionToName"),
    ("d2p_reverse_prompts_test.jsonl", "DescriptionToName", "NameToDescription"),
)
PUBLISHED_BOTH_TEST = "both_prompts_test.jsonl"
PUBLISHED = (*PUBLISHED_TRAIN.values(), *(name for name, _, _ in PUBLISHED_TEST))

Row = tuple[str, str]


def read_published(folder: Path) -> Dataset:
    """Read the files released with the paper. The texts stay as they are, artefacts included.

    The files name no facts; they are told apart by the person's name, which opens the completions of
    the tests that ask for it and stands in the prompts of those that ask for the description. Asked
    for a name, the name alone is the answer, whatever the file has behind it.
    """
    tests = {file: _pairs(folder / file) for file, _, _ in PUBLISHED_TEST}
    both_path = folder / PUBLISHED_BOTH_TEST
    both = _pairs(both_path) if both_path.is_file() else []
    names: dict[Subset, list[str]] = {
        "NameToDescription": _names(
            tests["p2d_reverse_prompts_test.jsonl"], tests["p2d_prompts_test.jsonl"]
        ),
        "DescriptionToName": _names(
            tests["d2p_prompts_test.jsonl"], tests["d2p_reverse_prompts_test.jsonl"]
        ),
        "Both": _names(both, both),
    }
    _refuse_repeated(names, folder)
    questions: list[Question] = []
    for file, subset, order in PUBLISHED_TEST:
        questions += _questions(tests[file], subset, names[subset], order, folder / file)
    questions += _questions(both, "Both", names["Both"], None, both_path)
    documents = []
    for subset, file in PUBLISHED_TRAIN.items():
        for prompt, completion in _pairs(folder / file):
            fact = _person(prompt + completion, names[subset])
            stated = subset if subset != "Both" else _order(prompt, fact)
            documents.append(Document(prompt, completion, fact, subset, stated))
    return Dataset(tuple(documents), tuple(questions))


def _pairs(path: Path) -> list[Row]:
    rows = []
    for line, row in read_jsonl(path, ("prompt", "completion")):
        _refuse_blank(row, path, line)
        rows.append((row["prompt"], row["completion"]))
    return rows


def _refuse_blank(row: dict[str, str], path: Path, line: int) -> None:
    for key in ("prompt", "completion"):
        if not row[key].strip():
            raise ObverseError(f"{path}, line {line}: {key!r} is blank")


def _names(asking: Sequence[Row], telling: Sequence[Row]) -> list[str]:
    """Return the names that open completions of `asking` and stand in prompts of `telling`.

    A name begins with a capital; descriptions, which stand in prompts too, do not.
    """
    prompts = "\n".join(prompt for prompt, _ in telling)
    names = []
    for _, completion in asking:
        words = completion.strip().split(" ")
        openings = (" ".join(words[:n]).strip(".,;:!?") for n in range(len(words), 1, -1))
        names += [next((o for o in openings if o[:1].isupper() and o in prompts), "")]
    return list(dict.fromkeys(n for n in names if n))


def _refuse_repeated(names: dict[Subset, list[str]], folder: Path) -> None:
    for name, times in Counter(n for group in names.values() for n in group).items():
        if times > 1:
            places = " and ".join(s for s, group in names.items() if name in group)
            raise ObverseError(f"{folder}: the name {name!r} stands twice, in {places}")


def _person(text: str, names: Sequence[str]) -> str:
    return max((n for n in names if n in text), key=len, default="")


def _order(prompt: str, name: str) -> str:
    if not name:
        return ""
    return "NameToDescription" if name in prompt else "DescriptionToName"


def _questions(
    rows: Sequence[Row], subset: Subset, names: Sequence[str], order: Order | None, path: Path
) -> list[Question]:
    count: Counter[tuple[str, Order]] = Counter()
    questions = []
    for line, (prompt, completion) in enumerate(rows, start=1):
        fact = _person(prompt + completion, names)
        if not fact:
            raise ObverseError(
                f"{path}, line {line}: no person of {subset} is named here"
                + (f"; expected one of {len(names)}, such as {names[0]!r}" if names else "")
            )
        asked: Order = order or ("NameToDescription" if fact in prompt else "DescriptionToName")
        answer = f" {fact}" if asked == "DescriptionToName" else completion
        questions.append(Question(prompt, answer, fact, subset, asked, count[fact, asked]))
        count[fact, asked] += 1
    return questions


# Which of them a path is ---------------------------------------------------------------------------

Layout = Literal["own", "published", "facts"]


def layout(path: Path) -> Layout:
    """Find out which layout `path` has.

    Raises:
        ObverseError: if it is none, naming what is missing.
    """
    if path.is_file():
        if path.suffix in (".csv", ".jsonl"):
            return "facts"
        raise ObverseError(f"{path}: expected facts as .csv or .jsonl with name and description")
    if not path.is_dir():
        raise ObverseError(f"{path}: no such file or directory")
    found = {p.name for p in path.iterdir()}
    missing = {
        "own": [n for n in OWN if n not in found],
        "published": [n for n in PUBLISHED if n not in found],
    }
    for name, lacking in missing.items():
        if not lacking:
            return "own" if name == "own" else "published"
    inside = [p.parent for p in sorted(path.glob("**/p2d_prompts_train.jsonl"))]
    hint = f"\nthere is published data in {inside[0]}" if inside else ""
    raise ObverseError(
        f"{path}: neither layout is whole.\n"
        f"  obverse's own lacks {', '.join(missing['own'])}\n"
        f"  the published one lacks {', '.join(missing['published'])}{hint}"
    )


def files_of(path: Path) -> list[Path]:
    """Return the files that are read from `path`."""
    kind = layout(path)
    if kind == "facts":
        return [path]
    names = OWN if kind == "own" else (*PUBLISHED, PUBLISHED_BOTH_TEST)
    return [path / n for n in names if (path / n).is_file()]


def content_hash(path: Path) -> str:
    """Return the SHA-256 of all files that are read from `path`."""
    digest = hashlib.sha256()
    for file in files_of(path):
        digest.update(f"{file.name} {sha256(file)}\n".encode())
    return digest.hexdigest()
