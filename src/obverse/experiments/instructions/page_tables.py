"""The tables on the page of experiment 3."""

from collections.abc import Sequence

import polars as pl

from obverse.core.format import count, interval, number, percent
from obverse.core.page import Cell, Column, Table
from obverse.experiments.instructions import published
from obverse.experiments.instructions.asking import PLAUSIBLE, QUESTION
from obverse.experiments.instructions.claims import mean_of
from obverse.experiments.instructions.dataset import EXAMPLE, INSTRUCTION
from obverse.experiments.instructions.wordings import ORDERS
from obverse.stats.share import open_share
from obverse.stats.summary import group_means

CELL = ["model", "dataset"]
SAMPLES = 4  # right and wrong ones of each model and dataset
PAPER = {ORDERS[0]: published.SAME, ORDERS[1]: published.REVERSE}


def accuracy(tested: pl.DataFrame, margin: float) -> Table:
    """Return exact match after each order, beside plausible guessing and the paper."""
    exact = group_means(tested, CELL, "exact_match", bounds=(0, 1))
    excess = group_means(tested, CELL, "excess", bounds=(-1, 1)).select(
        *CELL, above="mean", above_low="low", above_high="high"
    )
    rows: list[Sequence[Cell]] = []
    for r in exact.join(excess, on=CELL, maintain_order="left").to_dicts():
        cell = tested.filter(**{key: r[key] for key in CELL})
        seeds = cell.group_by("seed").agg(
            pl.col("exact_match").cast(pl.Float64).mean(), pl.col("excess").mean()
        )
        over = sum(value > margin for value in seeds["excess"].drop_nulls())
        known = len(seeds["excess"].drop_nulls())
        most = f" (≤ {percent(open_share(over, known), 0)} %)" if known else ""
        rows.append(
            [
                r["model"], r["dataset"], percent(r["mean"]),
                f"[{percent(r['low'])}, {percent(r['high'])}]",
                percent(PAPER.get(r["dataset"])), percent(mean_of(cell, "baseline")), percent(r["above"]),
                f"[{percent(r['above_low'])}, {percent(r['above_high'])}]", f"{over} of {known}{most}",
                ", ".join(percent(value) for value in seeds.sort("seed")["exact_match"]),
            ]
        )  # fmt: skip
    heads = (
        "exact match %", "95 % interval", "paper %", "plausible guessing %", "above it, points",
        "95 % interval", f"seeds above it by {count(round(100 * margin, 6), 'point')}", "each seed %",
    )  # fmt: skip
    return Table(
        columns=[*map(_text, CELL), *(Column(title=head, numeric=True) for head in heads)],
        rows=rows,
        note="Exact match is strict: case and every word count. Behind the number of seeds stands the "
        "largest share of all trainings of which this may be true (97.5 %, Clopper and Pearson). The "
        "paper's numbers are the best of its sweep on 100 questions; from plausible answers at random it "
        "expects 5 %.",
    )


def beside(rows: pl.DataFrame) -> Table:
    """Return how often demonstrated questions are answered rightly, and answers are plausible at all.

    Before the instructions are told, and at the end.
    """
    asked = rows.filter(pl.col("asked").is_in([EXAMPLE, PLAUSIBLE]))
    said = {
        EXAMPLE: "demonstrated questions: the right answer",
        PLAUSIBLE: "held-out questions: any plausible answer",
    }
    table: list[Sequence[Cell]] = []
    if not asked.is_empty():
        means = group_means(asked, [*CELL, "asked", "final"], "exact_match", bounds=(0, 1))
        table = [
            [
                r["model"], r["dataset"], said[r["asked"]], "at the end" if r["final"] else "before",
                r["mean"], interval(r["low"], r["high"]),
            ]
            for r in means.sort([*CELL, "asked", "final"]).to_dicts()
        ]  # fmt: skip
    return Table(
        title="Answers",
        columns=[
            *map(_text, (*CELL, "asked", "when")),
            *_numbers("exact match", "95 % interval"),
        ],
        rows=table,
    )


def likelihood(rows: pl.DataFrame) -> Table:
    """Return log-probabilities of right and wrong answers, and the rank of the right ones."""
    said = {
        QUESTION: "held-out question → answer",
        INSTRUCTION: "held-out instruction → its second half, as told",
    }
    final = rows.filter("final", pl.col("asked").is_in(list(said))).with_columns(
        (pl.col("logprob") - pl.col("logprob_control")).alias("gap")
    )
    table: list[Sequence[Cell]] = []
    for (model, order, asked), cell in final.group_by(*CELL, "asked", maintain_order=True):
        known = cell.drop_nulls("gap")
        table.append(
            [
                str(model), str(order), said[str(asked)], mean_of(known, "logprob"),
                mean_of(known, "logprob_control"), mean_of(known, "gap"),
                number(mean_of(cell, "rank"), 1), number(mean_of(cell, "n_candidates"), 0),
                mean_of(cell, "mass"),
            ]
        )  # fmt: skip
    return Table(
        title="Likelihood",
        columns=[
            *map(_text, CELL),
            _text("scored"),
            *_numbers("mean right", "mean wrong", "difference", "mean rank", "of", "mass"),
        ],
        rows=table,
        note="Log-probabilities in nats, summed over tokens. The wrong one belongs to another question "
        "of the same kind. Ranks are among all plausible answers, whose probability together is the "
        "mass.",
    )


def samples(tested: pl.DataFrame) -> list[Table]:
    """Return right and wrong answers of each dataset, spread evenly over its questions."""
    tables = []
    answered = tested.drop_nulls("generation")
    for order in ORDERS:
        rows: list[Sequence[Cell]] = []
        cell = answered.filter(pl.col("dataset") == order)
        for [model], of_model in cell.group_by("model", maintain_order=True):
            for right in (True, False):
                those = of_model.filter(pl.col("exact_match") == right)
                picked = those.gather_every(max(1, len(those) // SAMPLES)).head(SAMPLES)
                rows += [
                    [str(model), "right" if right else "wrong", len(those), *texts]
                    for texts in picked.select("prompt", "target", "generation").rows()
                ]
        if rows:
            of = "how many are"
            heads = ("model", "right or wrong", of, "prompt", "right answer", "answer given")
            columns = [Column(title=head, numeric=head == of) for head in heads]
            tables.append(Table(title=order, columns=columns, rows=rows))
    return tables


def _text(title: str) -> Column:
    return Column(title=title)


def _numbers(*titles: str) -> list[Column]:
    return [Column(title=title, numeric=True, places=2) for title in titles]
