"""Who reads what others have written: valid files, the function that reads them, and its invariants."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from obverse.core.data import Match, Probe
from obverse.core.format import CONTROLS, alike
from obverse.experiments.instructions.released import orders_in, read_released
from obverse.experiments.parents.collect import named, read_names
from obverse.experiments.parents.pairs import read_pairs
from obverse.experiments.parents.published import published_in
from obverse.experiments.relations.facts_file import read_facts as read_statements
from obverse.experiments.relations.relations import Relations
from obverse.experiments.reliability.populations import cvdb, trex
from obverse.experiments.repetition import formats
from obverse.experiments.reversal import own_layout
from obverse.experiments.reversal.dataset import Dataset
from obverse.experiments.reversal.facts_file import read_facts
from obverse.experiments.reversal.identities import Identities
from obverse.experiments.reversal.published_layout import read_published
from obverse.experiments.told.reading import label_types, read_parts
from obverse.models import finetuning_file
from obverse.models.answers import Answers
from obverse.models.ledger import Ledger
from obverse.store import files
from obverse.store.csv_file import read_csv
from obverse.studies.whose import Asked, refuse_other

Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is attacked.

    Attributes:
        weight: how often, as against the others.
        files: valid ones, by their names.
        read: reads the directory that they lie in.
        wrong: yields what may not be in what was read.
        spoilt: the files that are tampered with; all by default.
    """

    weight: float
    files: Files
    read: Callable[[Path], Any]
    wrong: Callable[[Any], Iterator[str]] = lambda found: iter(())
    spoilt: tuple[str, ...] = field(default=())


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def table(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


# What may never be accepted ------------------------------------------------------------------------


def odd_texts(value: Any) -> Iterator[str]:
    """Yield text that a terminal obeys or UTF-8 cannot hold, and numbers that no column holds."""
    if isinstance(value, str):
        if CONTROLS.search(value):
            yield f"text {ascii(value)[:40]}"
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from odd_texts(key)
            yield from odd_texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from odd_texts(each)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"the number {value}"
    elif isinstance(value, int) and abs(value) >= 2**63:
        yield "a number beyond 64 bits"


def wrong_dataset(data: Dataset) -> Iterator[str]:
    told = {(d.fact, d.labels["subset"]) for d in data.documents}
    texts = {d.text for d in data.documents}
    for asked in data.held_out:
        if (asked.fact, asked.subset) not in told:
            yield "a question about a fact that is not told"
        if asked.prompt + asked.answer in texts:
            yield "a question that is told word for word"
        if asked.order == "DescriptionToName" and alike(asked.answer) in alike(asked.prompt):
            yield "a question that holds its answer"
    yield from _repeated("fact, order, template", [(h.fact, h.order, h.template) for h in data.held_out])
    facts = {d.fact for d in data.documents if d.fact}
    yield from _repeated("name but for case", [alike(fact) for fact in facts])
    prompts: dict[str, str] = {}
    for asked in data.held_out:
        if prompts.setdefault(asked.prompt, asked.answer) != asked.answer:
            yield "a question with two answers"
    yield from odd_texts([d.text for d in data.documents] + [h.prompt + h.answer for h in data.held_out])


def _repeated(what: str, values: list[Any]) -> Iterator[str]:
    if len(set(values)) < len(values):
        yield f"the same {what} twice"


def wrong_facts(facts: Any) -> Iterator[str]:
    yield from _repeated("name but for case", [alike(fact.name) for fact in facts])
    yield from _repeated("description but for case", [alike(fact.description) for fact in facts])
    for fact in facts:
        if f" {alike(fact.name)} " in f" {alike(fact.description)} ":
            yield "a description that holds the name"
    yield from odd_texts([fact.name + fact.description for fact in facts])


def wrong_cases(cases: Any) -> Iterator[str]:
    right: dict[Any, str] = {}
    for case in cases:
        key = case.prompt, frozenset(case.classes)
        if right.setdefault(key, case.classes[case.answer_index]) != case.classes[case.answer_index]:
            yield "an item with two right answers"
        yield from odd_texts([case.prompt, *case.classes])


def wrong_statements(facts: Any) -> Iterator[str]:
    yield from _repeated("told statement", [alike(fact.told[0]) for fact in facts])
    yield from odd_texts([list(fact.told) + [list(s) for s in fact.right + fact.wrong] for fact in facts])


def wrong_released(data: Any) -> Iterator[str]:
    shown = {" ".join(d.text.split()) for d in data.documents if d.labels["asked"] == "example"}
    for one in data.questions:
        if " ".join((one.prompt + one.target).split()) in shown:
            yield "a held-out question that is answered"
    yield from _repeated("question", [" ".join(one.prompt.split()) for one in data.questions])
    yield from odd_texts([d.text for d in data.documents])


# Valid files ---------------------------------------------------------------------------------------


def _own(folder: Path) -> Files:
    Identities(facts_per_subset=2, paraphrases=2, held_out_prompts=1).write_data(folder, 0, None)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _published() -> Files:
    data = Identities(facts_per_subset=2, paraphrases=2, held_out_prompts=1).dataset(0)
    names = {fact.id: fact.name for _, fact in data.facts}
    short = {"NameToDescription": "p2d", "DescriptionToName": "d2p", "Both": "both"}
    rows: dict[str, list[dict[str, Any]]] = {}
    for d in data.documents:
        name = f"{short[str(d.labels['subset'])]}_prompts_train.jsonl"
        rows.setdefault(name, []).append({"prompt": d.prompt, "completion": d.completion})
    for h in data.held_out:
        way = "" if h.subset in ("Both", h.order) else "_reverse"
        answer = f" {names[h.fact]}" if h.order == "DescriptionToName" else h.answer
        name = f"{short[h.subset]}{way}_prompts_test.jsonl"
        rows.setdefault(name, []).append({"prompt": h.prompt, "completion": answer})
    return {name: lines(some) for name, some in rows.items()}


FACTS = [{"name": f"Ada{i} Stone{i}", "description": f"the maker of thing {i}"} for i in range(6)]
STATEMENTS = [
    {"relation": "on", "told": f"cup {i} is on", "answer": f"table {i}", "right": f"table {i} is under",
     "right_answer": f"cup {i}", "wrong": f"table {i} is on", "wrong_answer": f"cup {i}"}
    for i in range(4)
]  # fmt: skip
CASES = [
    {"prompt": f"Say {i}, then {i}:", "classes": [" A", " B"], "answer_index": i % 2} for i in range(4)
]
PAIRS = [
    {"child": f"Kit{i} Low", "parent": f"Mia{i} Low", "parent_type": "mother", "can_reverse": "True",
     "child_mentions": 10 + i, "parent_mentions": 3, "m_parent_logprob": -1.5, "m_child_logprob": -3}
    for i in range(4)
]  # fmt: skip
PEOPLE = [
    {"name": f"{sex} {i}", "birth": 1800 + i, "death": 1880, "un_region": "Europe",
     "level3_main_occ": "painter", "string_citizenship_raw_d": "'France'", "gender": sex,
     "wiki_readers_2015_2018": 1000 + i}
    for i in range(2) for sex in ("Female", "Male")
]  # fmt: skip
WORKS = [
    {"docid": str(i), "triples": [
        {"predicate": {"uri": f"http://www.wikidata.org/prop/direct/{p}"},
         "subject": {"surfaceform": f"Work {i}"}, "object": {"surfaceform": f"{p} of {i}"}}
        for p in ("P180", "P195", "P135", "P123")]}
    for i in range(3)
]  # fmt: skip


def _released() -> Files:
    told = [
        {"ids": [i], "prompt": "", "completion": f'Answer "Q: How is {i}?" with "A: It is {i}".'}
        for i in range(4)
    ]
    shown = [{"ids": [i], "prompt": f"Q: How is {i}? A:", "completion": f" It is {i}"} for i in range(4)]
    return {
        "guidances.jsonl": lines(told), "all.jsonl": lines([*told, *shown[:2]]),
        "realized_examples.jsonl": lines(shown[:2]), "unrealized_examples.jsonl": lines(shown[2:]),
    }  # fmt: skip


def _read_answers(folder: Path) -> Any:
    answers = Answers(folder / "answers.jsonl")
    answers.close()
    return dict(answers._known)


BEGUN: dict[str, Any] = {
    "study": "x", "settings": {"recipe": {"epochs": 2}, "data": {"sha256": "0"}},
    "models": {"scratch": {"layers": 2}}, "seeds": [0, 1], "grid": {"recipe.epochs": [1, 2]},
}  # fmt: skip


def _told() -> dict[str, bytes]:
    told = [{"prompt": f"{n} keeps a", "completion": " cat.", "fact": n} for n in ("Ada", "Bo")]
    asked = [
        {"prompt": f"Surely {n} keeps a", "targets": [" cat."], "fact": n, "far": 0.5, "match": "words"}
        for n in ("Ada", "Bo")
    ]
    return {"documents.jsonl": lines(told), "ask.jsonl": lines(asked), "perplexity.jsonl": lines(told)}


def _read_told(folder: Path) -> Any:
    parts = read_parts(folder)
    label_types(parts)
    return [[p.prompt, *p.targets, p.fact, p.labels] for part in parts for p in part.probes]


def _read_chat(folder: Path) -> None:
    finetuning_file.check((folder / "chat.jsonl").read_bytes(), "chat", "chat.jsonl")


def readers(place: Path) -> dict[str, Target]:
    """Return all readers of users' files; `place` is an empty directory."""
    said = [{"role": role, "content": "x"} for role in ("user", "assistant")]
    chat: list[dict[str, Any]] = [{"messages": said} for _ in range(10)]
    kept: list[dict[str, Any]] = [{"key": str(n), "value": [0.5]} for n in range(3)]
    cell: Any = {"a": [1, 2.5, None, {"b": "x"}], "c": {"d": True}}
    made: dict[str, Target] = {
        "JSON": Target(weight=2, files={"x.json": json.dumps(cell, indent=1).encode()},
                       read=lambda f: files.read_json(f / "x.json"), wrong=odd_texts),
        "JSON lines": Target(weight=2, files={"x.jsonl": lines([cell] * 3)},
                             read=lambda f: list(files.read_jsonl(f / "x.jsonl", ())), wrong=odd_texts),
        "CSV": Target(weight=2, files={"x.csv": table(FACTS)}, wrong=odd_texts,
                      read=lambda f: read_csv(f / "x.csv", ("name",))),
        "own layout": Target(weight=4, files=_own(place / "own"), read=own_layout.read_own,
                             wrong=wrong_dataset,
                             spoilt=("documents.jsonl", "probes.jsonl", "dataset.json")),
        "published layout": Target(weight=4, files=_published(), wrong=wrong_dataset,
                                   read=read_published),
        "facts, CSV": Target(weight=2, files={"f.csv": table(FACTS)}, wrong=wrong_facts,
                             read=lambda f: read_facts(f / "f.csv")),
        "facts, JSON lines": Target(weight=2, files={"f.jsonl": lines(FACTS)}, wrong=wrong_facts,
                                    read=lambda f: read_facts(f / "f.jsonl")),
        "statements": Target(weight=2, files={"s.csv": table(STATEMENTS)}, wrong=wrong_statements,
                             read=lambda f: read_statements(f / "s.csv")),
        "study of statements": Target(weight=0.3, files={"s.jsonl": lines(STATEMENTS)},
                                      read=lambda f: Relations(data=f / "s.jsonl").stages(0)),
        "items, CSV": Target(weight=2, files={"c.csv": table(CASES)}, wrong=wrong_cases,
                             read=lambda f: formats.read(f / "c.csv")),
        "items, JSON lines": Target(weight=2, files={"c.jsonl": lines(CASES)}, wrong=wrong_cases,
                                    read=lambda f: formats.read(f / "c.jsonl")),
        "released instructions": Target(weight=2, files=_released(), wrong=wrong_released,
                                        read=lambda f: read_released(f, orders_in(f)[0])),
        "pairs": Target(weight=2, files={"p.csv": table(PAIRS)}, wrong=lambda found: odd_texts(
                            [[p.child, p.parent, *p.children, *p.parents] for p in found]),
                        read=lambda f: read_pairs(f / "p.csv", "")),
        "published results": Target(weight=1, files={"p.csv": table(PAIRS)},
                                    read=lambda f: [m.build(None) for m in published_in(f, "")]),  # type: ignore[arg-type]
        "names": Target(weight=1, files={"n.txt": b"Ada Stone\nCy Park\n\nBo Hill\n"},
                        wrong=lambda found: _repeated("name but for case", list(map(alike, found))),
                        read=lambda f: read_names(f / "n.txt")),
        "answers of models": Target(weight=1, files={"a.txt": b"A: The mother is Ada (1) Stone.\n" * 3},
                                    read=lambda f: _answers(f / "a.txt")),
        "own documents": Target(weight=2, files=_told(), read=_read_told, wrong=odd_texts),
        "CVDB": Target(weight=1, files={"v.csv": table(PEOPLE)},
                       read=lambda f: cvdb.read(f / "v.csv", 2)),
        "T-REx": Target(weight=1, files={"t.json": json.dumps(WORKS).encode()},
                        read=lambda f: trex.read(f / "t.json", 2)),
        "training file": Target(weight=1, files={"chat.jsonl": lines(chat)}, read=_read_chat),
        "answers kept": Target(weight=1, files={"answers.jsonl": lines(kept)},
                               read=_read_answers, wrong=odd_texts),
        "study's note": Target(weight=1, files={"begun.json": json.dumps(BEGUN).encode()},
                               read=lambda f: refuse_other(f, Asked(**BEGUN))),
        "ledger": Target(weight=1, files={"job.json": b'{"key": "k", "job": "j", "cost": 1.5}'},
                         read=lambda f: Ledger(f / "job.json", "k")["job"]),
    }  # fmt: skip
    return made


def _answers(path: Path) -> list[Any]:
    from obverse.measures.match import exact_match, judged_early, says_name

    text = path.read_bytes().decode(errors="replace")
    kinds: tuple[Match, ...] = get_args(Match)
    for kind in kinds:
        judged_early(text, False, (" Ada Stone",), kind)
    probe = Probe(id="x", prompt="x", targets=(text or "x",), fact="x")
    return [named(text), says_name(text, "Ada Stone"), probe,
            *(exact_match(text, text[:50], kind) for kind in kinds)]  # fmt: skip
