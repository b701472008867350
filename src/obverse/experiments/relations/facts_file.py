"""A user's own facts: a CSV or JSONL of statements, cut before their answers."""

from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.format import alike
from obverse.experiments.relations.facts import LEAST, Fact
from obverse.store.csv_file import read_csv
from obverse.store.files import read_jsonl, refuse_controls

COLUMNS = ("relation", "told", "answer", "right", "right_answer", "wrong", "wrong_answer")
STATEMENTS = ("told", "right", "wrong")
MAY_BE_EMPTY = ("wrong", "wrong_answer")


def read_facts(path: Path) -> list[Fact]:
    """Read facts from a CSV with a header, or from JSONL; COLUMNS says what a row has.

    Each pair of columns is a statement up to its answer, and the answer. `wrong` is empty for symmetric
    relations, in all rows of a relation alike.

    Raises:
        ObverseError: naming the line of an empty or one-sided statement, or of one that is told, right or
            wrong elsewhere, or a relation of fewer than four facts or of one answer.
    """
    facts: list[Fact] = []
    seen: dict[tuple[str, ...], str] = {}
    is_csv = path.suffix.lower() == ".csv"
    for line, row in read_csv(path, COLUMNS)[1] if is_csv else read_jsonl(path, COLUMNS):
        cells = {key: row[key].strip() for key in COLUMNS}
        for key in COLUMNS:
            refuse_controls(cells[key], f"{path}, line {line}")
            if not cells[key] and key not in MAY_BE_EMPTY:
                raise ObverseError(f"{path}, line {line}: {key!r} is empty")
        if bool(cells["wrong"]) != bool(cells["wrong_answer"]):
            raise ObverseError(f"{path}, line {line}: expected both or neither of wrong and wrong_answer")
        given = [key for key in STATEMENTS if cells[key]]
        if len({cells[key] for key in given}) < len(given):
            raise ObverseError(
                f"{path}, line {line}: two of {', '.join(given)} are alike up to their answers"
            )
        for key in given:
            # A chain may go on from what is wrong; what is told or right has one answer alone.
            answer = cells[f"{key}_answer".removeprefix("told_")]
            whole, start = (alike(cells[key]), alike(answer)), (key, alike(cells[key]))
            for known in (whole, start) if key != "wrong" else (whole,):
                if known in seen:
                    raise ObverseError(
                        f"{path}, line {line}: {cells[key]!r} ({key}) is {seen[known]} already"
                    )
                seen[known] = f"{key} in line {line}"
        wrong = ((cells["wrong"], f" {cells['wrong_answer']}"),) if cells["wrong"] else ()
        facts.append(
            Fact(
                id=f"line {line}", relation=cells["relation"], told=(cells["told"], f" "
                f"{cells['answer']}"),
                right=((cells["right"], f" {cells['right_answer']}"),), wrong=wrong,
            )
        )  # fmt: skip
    _check(facts, path)
    return facts


def _check(facts: list[Fact], path: Path) -> None:
    relations: dict[str, list[Fact]] = {}
    for fact in facts:
        relations.setdefault(fact.relation, []).append(fact)
    for relation, group in relations.items():
        if len(group) < LEAST:
            raise ObverseError(
                f"{path}: the relation {relation!r} has {len(group)} facts; expected at least {LEAST}"
            )
        for name in STATEMENTS:
            asked = [
                one for fact in group for one in ((fact.told,) if name == "told" else getattr(fact, name))
            ]
            if len(asked) > 1 and len({answer for _, answer in asked}) == 1:
                raise ObverseError(
                    f"{path}: the relation {relation!r} has one answer alone, {asked[0][1].strip()!r}, "
                    f"to all that is {name}; expected several, among which the right one is told"
                )
        if len({bool(fact.wrong) for fact in group}) > 1:
            raise ObverseError(
                f"{path}: the relation {relation!r} has a wrong inference in some rows and none in others"
            )
