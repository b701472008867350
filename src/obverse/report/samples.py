"""Some right and some wrong answers, so that a reader sees what was asked."""

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from obverse.core.format import MISSING, count, number, whole
from obverse.core.page import Cell, Column, Finished, Section, Table
from obverse.core.rows import source_of
from obverse.report import groups
from obverse.report.reading import n_unique

MOST_GROUPS = 12
MOST_TRIED = 5_000  # rows of a group among which one is looked for
LONG = 400  # letters of a prompt or an answer
OPEN_ROWS = 8
OF_THE_RIGHT = ("log-prob of the right answer, nats", "rank of the right answer")
PAIRS = ", one right and one wrong answer of each where there are both"


def section(finished: Finished) -> Section | None:
    """Return answers of the last moment, spread over models and labels; None if nothing was asked."""
    table = finished.tables.get("ask")
    if table is None or table.is_empty():
        return None
    rows = groups.last(table)
    if rows.select(pl.col("generation").count()).item():  # of some answers the text is kept
        rows = rows.filter(pl.col("generation").is_not_null() | pl.col("exact_match").is_null())
    labels, _ = groups.labels_of(finished, rows)
    who = [name for name in ("model", "variant") if n_unique(rows, name) > 1]
    by = [*who, *labels]
    # Intervals are over wordings where an experiment declares them.
    worded = [
        n for n in finished.study["experiment"]["clusters"] if n in rows.columns and n not in labels
    ]
    light = _without_texts(rows, list(dict.fromkeys([*by, *worded, "fact"])))
    chosen = _with_texts(rows, _chosen(light, who, labels, worded))
    judged = chosen["_right"].null_count() < chosen.height
    heads = [
        *by,
        "prompt",
        "right answer",
        *(["answer given", "right or wrong"] if judged else []),
        *OF_THE_RIGHT,
    ]
    table_ = Table(
        columns=[Column(title=head, numeric=head in OF_THE_RIGHT) for head in heads],
        rows=[_cells(row, by, judged) for row in chosen.iter_rows(named=True)],
        folded=chosen.height > OPEN_ROWS,
        title=f"{count(chosen.height, 'answer')} of {whole(rows.height)}",
        note=(
            f"Drawn evenly over the labels{PAIRS if judged else ''}; of long texts the end is shown. "
            "Log-probabilities are sums over the tokens of the right answer."
        ),
    )
    return Section(title="Samples", parts=[table_])


def _without_texts(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return what rows are chosen by, with their places."""
    answered = pl.col("generation").is_not_null()
    return rows.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("_place"),
        *by,
        pl.when(answered).then(pl.col("exact_match")).alias("_right"),
        ((pl.col("rank") == 1) & (pl.col("n_candidates") > 1)).alias("_first"),
    )


def _with_texts(rows: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return the chosen rows, in their order, with all columns."""
    places = chosen.select("_place", "_right")
    full = (
        source_of(rows)
        .with_row_index("_place")
        .filter(pl.col("_place").is_in(places["_place"].to_list()))
    )
    return places.join(full.collect(engine="streaming"), on="_place", how="left", maintain_order="left")


def _chosen(
    rows: pl.DataFrame, who: Sequence[str], labels: Sequence[str], worded: Sequence[str]
) -> pl.DataFrame:
    of_labels = _thinned(_groups(rows, labels), MOST_GROUPS)
    each = -(-MOST_GROUPS // len(of_labels))
    picked = [
        group
        for n, some in enumerate(of_labels)
        for group in _thinned(_rotated(_groups(some, who), n), each)  # lest one model be shown throughout
    ]
    # Another wording and another fact in each group, lest the same be shown throughout.
    seen: Counter[tuple[str, Cell]] = Counter()
    taken = []
    for n, group in enumerate(picked):
        for kind in _kinds(group):
            taken.append(_least_seen(kind, 7 * n, [*worded, "fact"], seen))
    return pl.concat(taken)


def _least_seen(
    kind: pl.DataFrame, start: int, by: Sequence[str], seen: Counter[tuple[str, Cell]]
) -> pl.DataFrame:
    """Return a row whose values of `by` have been shown least, the first of these from a place on."""
    start %= len(kind)
    some = pl.concat([kind[start:], kind[:start]]).head(MOST_TRIED)
    values = {name: some[name].to_list() for name in by}
    best = min(range(len(some)), key=lambda place: [seen[name, values[name][place]] for name in by])
    seen.update((name, values[name][best]) for name in by)
    return some.slice(best, 1)


def _groups(rows: pl.DataFrame, by: Sequence[str]) -> list[pl.DataFrame]:
    return rows.partition_by(by, maintain_order=True) if by else [rows]


def _rotated(groups_: list[pl.DataFrame], n: int) -> list[pl.DataFrame]:
    start = n % len(groups_)
    return groups_[start:] + groups_[:start]


def _thinned(groups_: list[pl.DataFrame], most: int) -> list[pl.DataFrame]:
    """Return at most so many groups, evenly spaced."""
    step = max(1.0, len(groups_) / most)
    return [groups_[int(n * step)] for n in range(min(len(groups_), most))]


def _kinds(group: pl.DataFrame) -> list[pl.DataFrame]:
    """Return right and wrong answers apart; where none was given, the likeliest and the others."""
    for column in ("_right", "_first"):
        kinds = [group.filter(pl.col(column)), group.filter(~pl.col(column))]
        if found := [kind for kind in kinds if len(kind)]:
            return found
    return [group]


def _cells(row: dict[str, Cell], by: Sequence[str], judged: bool) -> list[Cell]:
    right = {True: "right", False: "wrong", None: ""}[row["_right"]]  # type: ignore[index]
    logprob, rank, among = (row[name] for name in ("logprob", "rank", "n_candidates"))
    cells: list[Cell] = [groups.shown(row[name]) for name in by]
    cells += [_cut(row["prompt"]), _cut(row["target"])]
    cells += [_cut(row["generation"]), right] if judged else []
    assert logprob is None or isinstance(logprob, float)
    return [*cells, number(logprob, 2), MISSING if rank is None else f"{rank} of {among}"]


def _cut(text: Cell) -> str:
    if text is None:
        return MISSING
    full = re.sub(r"\n\s*\n", "\n", str(text).strip())
    return full if len(full) <= LONG else "… " + full[-LONG:]
