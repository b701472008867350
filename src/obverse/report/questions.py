"""The answers that a page has in it, for its browser of all questions (questions.js)."""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import polars as pl

from obverse.core.format import whole
from obverse.core.page import Finished
from obverse.core.rows import distinct, source_of
from obverse.report.groups import MOST_VALUES, ends_run, labels_of
from obverse.report.reading import those_of

MOST_ROWS = 50_000  # on a page
MOST_LETTERS = 8_000_000  # of all prompts and answers together
QUESTION = ("run", "branch", "fact", "probe")  # what one question to one training is known by
WHO = ("model", "variant", "seed")
TEXTS = {"prompt": "prompt", "target": "right answer", "generation": "answer given"}
MADE = ("question", "moment", "verdict", "last", "placed")  # columns that the browser has beside
JUDGED = {"right": "right", "wrong": "wrong", "first": "ranked first", "later": "not ranked first"}


def section(finished: Finished) -> dict[str, str] | None:
    """Return the data of the browser, packed, and what is said above it; None if nothing was asked.

    Of too many rows these are those of some questions, with all their moments.
    """
    table = finished.tables.get("ask")
    if table is None or table.is_empty():
        return None
    declared = [n for n in finished.study["experiment"]["columns"] if n in table.columns]
    shown, _ = labels_of(finished, table)
    kept = _drawn(table, [*WHO, *shown])
    labels = [n for n in declared if table.schema[n] != pl.Float64]
    titles = {n: n for n in (*WHO, *finished.study["grid"], *labels) if _varies(kept, n)}
    # A label may be called like a column that is made here.
    names = {n: f"{n} (label)" for n in declared if n in MADE}
    kept = kept.rename(names)
    choices = {names.get(n, n): title for n, title in titles.items()}
    numbered = kept.select(QUESTION).unique(maintain_order=True).with_row_index("question")
    ranked = pl.when(pl.col("rank").is_not_null()).then(pl.format("{} of {}", "rank", "n_candidates"))
    rows = kept.join(
        numbered, on=QUESTION, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(
        _moment(kept).alias("moment"), _judged().alias("verdict"), ends_run().alias("last"),
        ranked.alias("placed"),
    )  # fmt: skip
    columns = [
        *(_coded(rows, name, title, "choice") for name, title in choices.items()),
        _coded(rows, "moment", "moment", "choice"),
        _coded(rows, "verdict", "judged", "choice"),
        *(_coded(rows, name, title, "text") for name, title in TEXTS.items() if rows[name].count()),
        {
            "name": "logprob",
            "title": "log-prob of the right answer, nats",
            "kind": "number",
            "places": 2,
            "values": rows["logprob"].fill_nan(None).round(2).to_list(),
        },
        _coded(rows, "placed", "rank of the right answer", "number"),
        {"name": "last", "kind": "hidden", "values": rows["last"].cast(pl.Int8).to_list()},
        {"name": "question", "kind": "hidden", "values": rows["question"].to_list()},
    ]
    packed = {
        "rows": rows.height,
        "shown": [n for n, title in choices.items() if title in (*WHO, *shown)],
        "columns": columns,
    }
    return {"data": _packed(packed), "note": _note(table, kept)}


def _note(table: pl.DataFrame, kept: pl.DataFrame) -> str:
    unwritten = 0 < table["generation"].count() < table.height
    some = " The text of an answer was kept for some of them only." if unwritten else ""
    if kept.height == table.height:
        during = "" if table["final"].all() else ", those during training among them"
        return f"All {whole(table.height)} answers are here{during}.{some}"
    numbers = (distinct(source_of(rows), QUESTION).height for rows in (kept, table))
    there, all_ = map(whole, numbers)
    return (
        f"Here are {whole(kept.height)} of {whole(table.height)} answers: {there} of {all_} questions, "
        "drawn evenly in the order of models and labels, each with its answers at all moments. All are "
        f"in observations/ask.parquet.{some}"
    )


def _drawn(table: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the rows that the page has room for: all, or those of evenly drawn questions."""
    texts = [pl.col(name).unique().str.len_chars().sum() for name in TEXTS]
    letters = sum(
        int(source_of(table).select(one).collect(engine="streaming").item() or 0) for one in texts
    )
    share = min(1.0, MOST_ROWS / table.height, MOST_LETTERS / max(letters, 1))
    if share == 1:
        return table
    labels = [name for name in by if name not in QUESTION]
    each = source_of(table).select(*QUESTION, *labels).unique(QUESTION, maintain_order=True)
    asked = each.sort(by, maintain_order=True).select(QUESTION).collect(engine="streaming")
    while True:
        many = max(1, int(share * asked.height))
        some = asked[[n * asked.height // many for n in range(many)]]
        kept = those_of(table, some)
        if kept.height <= MOST_ROWS or many == 1:
            return kept
        share *= 0.98  # these were asked more often than others


def _varies(rows: pl.DataFrame, name: str) -> bool:
    return 1 < rows[name].n_unique() <= MOST_VALUES


def _moment(rows: pl.DataFrame) -> pl.Expr:
    """Return what each moment is called, by the first of epoch, step and tokens that tells them apart."""
    runs = ["run", "branch", "stage"]
    moments = rows.select(*runs, "epoch", "step", "tokens").unique()
    for name in ("epoch", "step", "tokens"):
        if moments.select(*runs, name).n_unique() == moments.height:
            break
    several = moments.height > moments.select(runs).n_unique()
    stage = pl.col("stage")
    return pl.format("{}, {} {}", stage, pl.lit(name), pl.col(name)) if several else stage


def _judged() -> pl.Expr:
    """Return whether an answer was right, or, where the model wrote none, the likeliest."""
    first = pl.when(pl.col("n_candidates") > 1).then(pl.col("rank") == 1)
    return (
        pl.when(pl.col("exact_match")).then(pl.lit(JUDGED["right"]))
        .when(~pl.col("exact_match")).then(pl.lit(JUDGED["wrong"]))
        .when(first).then(pl.lit(JUDGED["first"])).when(~first).then(pl.lit(JUDGED["later"]))
    )  # fmt: skip


def _coded(rows: pl.DataFrame, name: str, title: str, kind: str) -> dict[str, Any]:
    """Return a column as its different values, and for each row the place of its own among them."""
    values = rows[name]
    known = values.unique(maintain_order=True)
    places = pl.DataFrame({"value": known, "place": range(len(known))})
    index = pl.DataFrame({"value": values}).join(
        places, on="value", how="left", nulls_equal=True, maintain_order="left"
    )
    return {
        "name": name, "title": title, "kind": kind, "known": known.to_list(),
        "values": index["place"].to_list(),
    }  # fmt: skip


def _packed(value: object) -> str:
    """Return JSON, compressed, as letters that HTML has no other meaning for."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return b64encode(gzip.compress(data.encode("utf-8", "replace"), mtime=0)).decode("ascii")
