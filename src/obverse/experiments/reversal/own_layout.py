"""obverse's own layout: documents.jsonl, probes.jsonl, facts.csv and dataset.json."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from obverse.core.content import file_hash
from obverse.core.errors import ObverseError
from obverse.experiments.reversal.agreement import Asked, Told
from obverse.experiments.reversal.dataset import ORDERS, SUBSETS, Dataset, HeldOutPrompt, document
from obverse.experiments.reversal.rows import read_rows
from obverse.store.files import read_json, write_json, write_jsonl, write_text

DOCUMENTS, PROBES, FACTS, ABOUT = "documents.jsonl", "probes.jsonl", "facts.csv", "dataset.json"
READ = (DOCUMENTS, PROBES)
MOST_TEMPLATES = 1_000_000


def write(data: Dataset, folder: Path, about: dict[str, object]) -> None:
    """Write `data`, and `about` with the files' SHA-256 as dataset.json.

    Raises:
        ObverseError: if a file of one of these names is there that obverse did not write.
    """
    files = (DOCUMENTS, PROBES, FACTS)
    taken = [name for name in files if (folder / name).exists()]
    if taken and not (folder / ABOUT).is_file():
        raise ObverseError(f"{folder / taken[0]}: is there already; name an empty directory")
    write_jsonl(
        folder / DOCUMENTS,
        (
            {"prompt": d.prompt, "completion": d.completion, "fact": d.fact, **d.labels}
            for d in data.documents
        ),
    )
    write_jsonl(
        folder / PROBES,
        (
            {"prompt": h.prompt, "completion": h.answer, "fact": h.fact, "subset": h.subset,
             "order": h.order, "direction": h.direction, "template": h.template}
            | ({} if h.distance is None else {"distance": h.distance})
            for h in data.held_out
        ),
    )  # fmt: skip
    table = StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["fact", "subset", "name", "description"])
    rows.writerows([fact.id, subset, fact.name, fact.description] for subset, fact in data.facts)
    write_text(folder / FACTS, table.getvalue())
    write_json(folder / ABOUT, about | {"sha256": {name: file_hash(folder / name) for name in files}})


def read_own(folder: Path) -> Dataset:
    """Read what `write` wrote, by obverse or by a user.

    Raises:
        ObverseError: naming the line at fault, or a file that has changed since it was written.
    """
    told = Told(folder / DOCUMENTS)
    documents, held_out = [], []
    for line, row in _labelled_rows(folder / DOCUMENTS):
        told.add(line, row)
        documents.append(
            document(row["prompt"], row["completion"], row["fact"], row["subset"], row["order"])
        )
    asked = Asked(folder / PROBES, told)
    for line, row in _labelled_rows(folder / PROBES):
        template = row.get("template")
        if type(template) is not int or not 0 <= template < MOST_TEMPLATES:
            raise ObverseError(
                f"{folder / PROBES}, line {line}: 'template' must be a whole number from 0 to "
                f"{MOST_TEMPLATES - 1}"
            )
        far = row.get("distance")
        if far is not None and (type(far) not in (int, float) or not 0 <= far <= 1):
            raise ObverseError(f"{folder / PROBES}, line {line}: 'distance' must be a number from 0 to 1")
        asked.add(line, row)
        held_out.append(
            HeldOutPrompt(
                prompt=row["prompt"], answer=row["completion"], fact=row["fact"],
                subset=row["subset"], order=row["order"], template=template,
                distance=None if far is None else float(far),
            )
        )  # fmt: skip
    _refuse_changed(folder)
    return Dataset(documents=tuple(documents), held_out=tuple(held_out))


def _refuse_changed(folder: Path) -> None:
    """Refuse files of which dataset.json, where there is one, has other hashes.

    Raises:
        ObverseError: naming the file, and what to do if the change is meant.
    """
    if not (folder / ABOUT).is_file():
        return
    about = read_json(folder / ABOUT)
    hashes = about.get("sha256", {}) if isinstance(about, dict) else None
    if not isinstance(hashes, dict):
        raise ObverseError(f"{folder / ABOUT}: 'sha256' must be an object of file names and hashes")
    for name in READ:
        if name in hashes and file_hash(folder / name) != hashes[name]:
            raise ObverseError(
                f"{folder / name}: changed since {ABOUT} was written beside it; if that is meant, remove "
                f"{ABOUT}"
            )


def _labelled_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, row in read_rows(path, "fact", "subset", "order"):
        for key, allowed in (("subset", SUBSETS), ("order", ORDERS)):
            if row[key] not in allowed:
                raise ObverseError(
                    f"{path}, line {line}: {key!r} is {row[key]!r}; expected {' or '.join(allowed)}"
                )
        yield line, row
