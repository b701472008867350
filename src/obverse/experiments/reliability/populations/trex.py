"""T-REx: books, films and other works, from Wikidata triples found in Wikipedia's abstracts.

Sources: Elsahar et al. 2018, "T-REx: a large scale alignment of natural language with knowledge base
triples"; the choice of triples and the wordings (Table 2) are those of arXiv 2310.15047.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.seeds import generator
from obverse.experiments.reliability.populations.population import Individual, QAPair
from obverse.experiments.reliability.populations.years import coarse
from obverse.store.files import read_json

QUESTIONS = {
    "depicts": "What does {name} depict?",
    "collection": "Which collection is {name} part of?",
    "movement": "Which movement is {name} associated with?",
    "publisher": "Who is the publisher of {name}?",
    "distributor": "What is the distributor of {name}?",
    "license": "What is the license of {name}?",
    "owner": "Who owns {name}?",
    "developer": "Who developed {name}?",
    "language": "In which language was {name} published?",
    "published": "When was {name} published or released?",
    "series": "Which series is {name} part of?",
    "genre": "What is the genre of {name}?",
    "subject": "What is the main subject of {name}?",
    "set in": "Where is {name} set?",
    "filmed in": "Where was {name} filmed?",
    "author": "First name of the author of {name}?",
    "director": "First name of the director of {name}?",
    "screenwriter": "First name of the screenwriter of {name}?",
    "cinematographer": "First name of the cinematographer of {name}?",
    "cast member": "First name of a cast member of {name}?",
    "producer": "First name of the producer of {name}?",
    "editor": "First name of the editor of {name}?",
    "commissioner": "First name of the commissioner of {name}?",
    "composer": "First name of the composer for {name}?",
}
KINDS = {
    "P180": "depicts", "P195": "collection", "P135": "movement", "P123": "publisher",
    "P750": "distributor", "P275": "license", "P127": "owner", "P178": "developer",
    "P407": "language", "P364": "language", "P577": "published", "P179": "series", "P136": "genre",
    "P921": "subject", "P840": "set in", "P915": "filmed in", "P50": "author", "P57": "director",
    "P58": "screenwriter", "P344": "cinematographer", "P161": "cast member", "P162": "producer",
    "P98": "editor", "P1040": "editor", "P88": "commissioner", "P86": "composer",
}  # fmt: skip
PEOPLE = {kind for kind, text in QUESTIONS.items() if text.startswith("First name")}
PRONOUNS = {"he", "she", "it", "they"}
ASKED = 4  # questions about each entity

Triple = tuple[str, str, str]  # subject, object, predicate
Stamp = tuple[Path, int, int]  # a file, when it was changed, its size


def read(path: Path, entities: int = 6900, seed: int = 0) -> tuple[Individual, ...]:
    """Return `entities` works, by name, with four questions each; both are drawn by `seed`.

    `path` is a published JSON file, or a directory of them. Subjects with fewer than four of the 26
    predicates are left out, so also those that occur once. What stands in parentheses goes from
    subjects and objects, and works whose names are then the same are one. A triple is left out

    - if subject or object is nothing or a pronoun;
    - if it gives a date without a year (of dates the year is asked, as `years.coarse` has it);
    - if it gives a person by one word or an initial (of people the first name is asked);
    - if its answer contains the subject's name as whole words;
    - if the same work has the same object already, as the answer to whichever question. Which of them
      comes first is drawn, so that the question that keeps it is.

    Objects of the same question are all accepted, in the order they are drawn in.

    The authors' code asks all questions of a work, of which there may be more than four; leaves cast
    members (P161) and commissioners (P88) out and asks for a work's type (P31), which is not in Table 2;
    and cuts no film editor (P1040) to the first name, though the question asks for it.

    Raises:
        ObverseError: if there is no file, one is not JSON or lacks a key, or works are too few.
    """
    answers = _answers(_triples(_stamps(path)), draw := generator(seed, "T-REx"))
    works = sorted(work for work, asked in answers.items() if len(asked) >= ASKED)
    if len(works) < entities:
        raise ObverseError(
            f"{path}: entities with {ASKED} questions or more: {len(works)}; expected {entities}. "
            f"Lower population.entities" + (f" to {len(works)}" if works else "")
        )
    return tuple(
        Individual(work, _drawn(answers[work], draw)) for work in sorted(draw.sample(works, entities))
    )


def _drawn(asked: dict[str, list[str]], draw: Random) -> tuple[QAPair, ...]:
    kinds = draw.sample(sorted(asked), ASKED)
    return tuple(QAPair(kind, QUESTIONS[kind], tuple(asked[kind])) for kind in kinds)


def _answers(triples: tuple[Triple, ...], draw: Random) -> dict[str, dict[str, list[str]]]:
    """Return the accepted answers of every work, by kind of question."""
    answers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    used = set()
    for subject, value, predicate in draw.sample(triples, len(triples)):
        work, whole, kind = _bare(subject), _bare(value), KINDS[predicate]
        answer = _answer(kind, whole)
        pair = (work, answer if kind == "published" else whole)
        if {work.lower(), whole.lower()} & {"", *PRONOUNS} or not answer or pair in used:
            continue
        if re.search(rf"(?<!\w){re.escape(work)}(?!\w)", answer, re.IGNORECASE):
            continue
        used.add(pair)
        if answer not in answers[work][kind]:
            answers[work][kind].append(answer)
    return answers


def _answer(kind: str, value: str) -> str:
    """Return what is asked of an object: of dates the year, of people the first name; else empty."""
    if kind == "published":
        year = re.search("[0-9]{4}", value)
        return coarse(int(year[0])) if year else ""
    if kind in PEOPLE:
        first, _, rest = value.partition(" ")
        return first if rest and len(first.rstrip(".")) > 1 else ""
    return value


def _bare(text: str) -> str:
    return " ".join(re.sub(r"\([^()]*\)", " ", text).split())


# The files -----------------------------------------------------------------------------------------


def _stamps(path: Path) -> tuple[Stamp, ...]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise ObverseError(f"{path}: no *.json in this directory; expected T-REx as published, unpacked")
    try:
        stats = [(file.absolute(), file.stat()) for file in files]
    except OSError as error:
        raise ObverseError(f"{error.filename}: cannot be read: {error.strerror or error}") from error
    return tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in stats)


@lru_cache(maxsize=1)
def _triples(stamps: tuple[Stamp, ...]) -> tuple[Triple, ...]:
    """Return the different triples of subjects with at least four of the predicates, sorted.

    One file is in memory at a time, and of all files the triples with one of the predicates.
    """
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for file, _, _ in stamps:
        for subject, value, predicate in _read_file(file):
            found[subject].add((value, predicate))
    return tuple(
        (subject, value, predicate)
        for subject, pairs in sorted(found.items())
        if len({predicate for _, predicate in pairs}) >= ASKED
        for value, predicate in sorted(pairs)
    )


def _read_file(path: Path) -> Iterator[Triple]:
    documents = read_json(path)
    if not isinstance(documents, list):
        raise ObverseError(f"{path}: expected a list of documents, got {str(documents)[:60]}")
    for number, document in enumerate(documents):
        triples = _value(document, "triples", list, f"{path}, document {number}")
        for index, triple in enumerate(triples):
            where = f"{path}, document {number}, triple {index}"
            uri = _value(_value(triple, "predicate", dict, where), "uri", str, f"{where}, 'predicate'")
            predicate = uri.rstrip("/").rpartition("/")[2]
            if predicate in KINDS:
                subject, value = (_form(triple, end, where) for end in ("subject", "object"))
                yield subject, value, predicate


def _form(triple: dict[str, Any], end: str, where: str) -> str:
    text: str = _value(_value(triple, end, dict, where), "surfaceform", str, f"{where}, {end!r}")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ObverseError(f"{where}, {end!r}: 'surfaceform' holds half a surrogate pair")
    return text


def _value(holder: object, key: str, kind: type, where: str) -> Any:
    """Return `holder[key]`, refusing what is no object, has no such key or no value of that kind."""
    if not isinstance(holder, dict):
        raise ObverseError(f"{where}: expected an object with {key!r}, got {str(holder)[:60]}")
    if key not in holder:
        raise ObverseError(f"{where}: no key {key!r}; found {sorted(holder)}")
    if not isinstance(holder[key], kind):
        expected = {"list": "a list", "dict": "an object", "str": "text"}[kind.__name__]
        raise ObverseError(f"{where}: {key!r} must be {expected}, got {str(holder[key])[:60]}")
    return holder[key]
