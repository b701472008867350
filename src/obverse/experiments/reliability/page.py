"""The page of implicit meta-learning: figures, means by subset, differences, losses, samples."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from obverse.core.format import MISSING, interval, number
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table, Text
from obverse.experiments.reliability import words
from obverse.experiments.reliability.figures.accuracy import attributions, curves, gaps
from obverse.experiments.reliability.figures.alpha import by_alpha
from obverse.experiments.reliability.figures.drawing import (
    ASKED,
    BELIEVED,
    DASHED,
    SUBSETS,
    WHERE,
    with_place,
)
from obverse.experiments.reliability.figures.losses import losses
from obverse.experiments.reliability.words import which
from obverse.stats.contrast import difference
from obverse.stats.summary import group_means

if TYPE_CHECKING:
    from obverse.experiments.reliability.reliability import Reliability

SAMPLES = 2
X1 = [s for s in SUBSETS if s not in DASHED]
X2 = [s for s in SUBSETS if s in DASHED]
PAIRS = (
    ("D1cons-QA1", "QA3"), ("QA3", "D2incons-QA2"), ("D5cons", "D6cons"), ("D8cons", "D5cons"),
    ("D8cons", "D6cons"),
)  # fmt: skip
AFTER, END = "after Stage 1", "at the end"
SUBSETS_NOTE = (
    "X1: D1cons (true definitions, tag 1), D2incons (false ones, tag 2), QA3 (no definition), QA4 (their "
    "own names), and with unreliable tags D9incons (false, tag 1) and D10cons (true, tag 2). X2, never "
    "asked about in training: D5cons (true, tag 1), D6cons (true, tag 2), D8cons (true, a tag never seen "
    "before), QA7 (no definition: what is guessed). The entity attribution of D2incons is that of its "
    "answers; “entity of the false definition” counts answers that repeat the definition."
)
LOSSES_NOTE = (
    "“trained” and “definition” are training texts (trained questions; the last element of "
    "definitions), the others are validation."
)


def page(
    experiment: "Reliability", finished: Finished, places: Mapping[str, float] | None = None
) -> Page:
    """Return the sections that stand beside the claims.

    `finished.tables["ask"]` has the observations; Stage 0, where no alias is known yet, is not shown.
    `places` are α of the variants, where these differ in it.
    """
    rows = with_place(finished.tables["ask"])
    final = rows.filter("final")
    trunk = rows.filter("trunk")
    trunk_end = trunk.filter(pl.col("place") == pl.col("place").max().over(WHERE))
    moments = {END: final} if final["trunk"].all() else {AFTER: trunk_end, END: final}
    compared = "strictly" if experiment.match == "strict" else "without case, punctuation and articles"
    tables = [*(_means("X1", at, moments[at], X1) for at in moments), _means("X2", END, final, X2)]
    sections = [
        Section(
            title="By the reliability of the tags",
            parts=_drawn(by_alpha(trunk_end, final, places) if places else None),
        ),
        Section(title="Exact match by epoch", parts=_drawn(curves(rows), attributions(rows))),
        Section(
            title="The gap between D5cons and D6cons",
            parts=[*_drawn(gaps(final, experiment.margin)), _differences(moments)],
        ),
        Section(
            title="Exact match by subset",
            parts=[Text(text=f"{SUBSETS_NOTE} Answers are compared {compared}."), *tables],
        ),
        Section(title="Losses", parts=[*_drawn(losses(rows)), _losses(final)]),
        Section(title="Samples", parts=[_samples(final)]),
    ]
    return Page(
        question=words.QUESTION if experiment.name == "reliability" else "",  # else its `about`
        answer=words.answer(final),
        limits=words.LIMITS,
        main="by-alpha" if places else "gaps",
        glossary=words.GLOSSARY,
        sections=[section for section in sections if section.parts],
        claims_note=_intervals(rows),
        facts="aliases",
        generic=False,
    )


def _intervals(rows: pl.DataFrame) -> str:
    others = ", not of other models" if rows["model"].n_unique() > 1 else ""
    return (
        "Each seed draws its own data and trains its own model, so its difference between two subsets is "
        "one measurement; intervals are Student's t over seeds, second stages that share a first one "
        f"averaged within it. They speak of other data and trainings of this kind{others}."
    )


def _drawn(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]


def _means(part: str, moment: str, rows: pl.DataFrame, subsets: Sequence[str]) -> Table:
    """Return exact match by subset of X1 or X2: one line a model, variant and kind of question."""
    keys = [*WHERE, "direction"]
    asked = rows.filter(pl.col("direction").is_in(list(ASKED)), pl.col("subset").is_in(subsets))
    lines: dict[tuple[Any, ...], dict[str, Cell]] = {}
    if not asked.is_empty():
        means = group_means(asked, [*keys, "subset"], "exact_match", bounds=(0, 1))
        for row in means.iter_rows(named=True):
            cells = lines.setdefault(tuple(row[k] for k in keys), {})
            cells[row["subset"]] = f"{number(row['mean'])} {interval(row['low'], row['high'], 2)}"
    shown = [s for s in subsets if s in set(asked["subset"])]
    several = rows["model"].n_unique() > 1
    ordered = sorted(lines.items(), key=lambda line: list(ASKED).index(line[0][2]))
    return Table(
        title=f"{part}, {moment}",
        columns=[Column(title="variant"), Column(title="asked"), *(_numeric(s) for s in shown)],
        rows=[
            [which(model, variant, several), ASKED[direction], *(cells.get(s, MISSING) for s in shown)]
            for (model, variant, direction), cells in ordered
        ],
    )


def _differences(moments: Mapping[str, pl.DataFrame]) -> Table:
    """Return the differences between subsets, over seeds."""
    found: list[list[Cell]] = []
    for moment, rows in moments.items():
        pairs = PAIRS[:2] if moment == AFTER else PAIRS  # X2 is not told before Stage 2
        several = rows["model"].n_unique() > 1
        asked = rows.filter(pl.col("direction").is_in(BELIEVED))
        for keys, group in asked.group_by(*WHERE, "direction", maintain_order=True):
            model, variant, direction = map(str, keys)
            where = [moment, which(model, variant, several), ASKED[direction]]
            for a, b in pairs:
                first, second = (group.filter(pl.col("subset") == s) for s in (a, b))
                estimate = difference(first, second, "exact_match")
                if estimate is not None:
                    spread = interval(*estimate.interval())
                    found.append([*where, f"{a} − {b}", estimate.value, spread, estimate.n_seeds])
    return Table(
        title="Differences",
        columns=[
            Column(title="when"), Column(title="variant"), Column(title="asked"),
            Column(title="difference"), _numeric("exact match"), _numeric("95 % interval"),
            _numeric("seeds"),
        ],
        rows=found,
    )  # fmt: skip


def _losses(final: pl.DataFrame) -> Table:
    """Return the mean loss of each subset's training texts and questions, nats an answer."""
    rows = final.drop_nulls("logprob").with_columns(pl.col("logprob").neg().alias("nats"))
    lines: list[list[Cell]] = []
    several = final["model"].n_unique() > 1
    if not rows.is_empty():
        keys = [*WHERE, "subset", "direction"]
        for row in group_means(rows, keys, "nats", bounds=(0, float("inf"))).iter_rows(named=True):
            whose = which(row["model"], row["variant"], several)
            spread = interval(row["low"], row["high"])
            lines.append([whose, row["subset"], row["direction"], row["mean"], spread])
    return Table(
        title="Losses at the end, by subset (nats an answer)",
        columns=[
            Column(title="variant"), Column(title="subset"), Column(title="texts"),
            _numeric("loss"), _numeric("95 % interval"),
        ],
        rows=lines,
        note=LOSSES_NOTE,
        folded=True,
    )  # fmt: skip


def _samples(final: pl.DataFrame) -> Table:
    """Return some questions of each subset with the answers given."""
    several = final["model"].n_unique() > 1
    lines: list[list[Cell]] = []
    asked = final.filter(pl.col("direction").is_in(BELIEVED)).drop_nulls("generation")
    for _, group in asked.group_by(*WHERE, "direction", "subset", maintain_order=True):
        # Another place in each group, lest one question be shown throughout.
        first, step = 7 * len(lines) % len(group), max(1, len(group) // SAMPLES)
        some = [
            group.row((first + n * step) % len(group), named=True)
            for n in range(min(SAMPLES, len(group)))
        ]
        for row in some:
            whose = which(row["model"], row["variant"], several)
            lines.append([whose, row["subset"], row["prompt"], row["target"], row["generation"]])
    titles = ("variant", "subset", "prompt", "right answer", "answer given")
    return Table(
        title=f"{len(lines)} questions with the answers given",
        columns=[Column(title=title) for title in titles],
        rows=lines,
        folded=True,
    )


def _numeric(title: str) -> Column:
    return Column(title=title, numeric=True)
