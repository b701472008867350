"""The tables on the page of experiment 1."""

from collections.abc import Sequence

import polars as pl

from obverse.core.format import count, interval, number, p_value, percent
from obverse.core.page import Cell, Column, Table
from obverse.experiments.reversal.dataset import DIRECTIONS, SUBSETS
from obverse.experiments.reversal.likelihood import likelihood_tests
from obverse.experiments.reversal.probes import Control
from obverse.experiments.reversal.published import TABLE_1, TABLE_1_MODEL, TABLE_3
from obverse.stats.share import open_share
from obverse.stats.summary import group_means

CELL = ["model", "subset", "direction"]
WORDINGS = ("template",)
CELL_COLUMNS = [Column(title=name) for name in CELL]
SAMPLES = 3  # right and wrong ones of each model and cell


def _numeric(*titles: str) -> list[Column]:
    return [Column(title=title, numeric=True, places=2) for title in titles]


def accuracy(final: pl.DataFrame, margin: float) -> Table:
    """Return the paper's Table 1: exact match in each cell, beside chance and GPT-3."""
    strict = group_means(final, CELL, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    prefix = group_means(final, CELL, "prefix_match", bounds=(0, 1))
    chance = final.group_by(CELL).agg(pl.col("chance").mean())
    table = strict.join(prefix.select(*CELL, pl.col("mean").alias("prefix")), on=CELL).join(
        chance, on=CELL
    )
    rows: list[list[Cell]] = []
    for r in table.to_dicts():
        paper = TABLE_1.get((r["subset"], r["direction"]))
        rows.append(
            [
                *(r[key] for key in CELL),
                _with_spread(r["mean"], r["sd"]),
                f"[{percent(r['low'])}, {percent(r['high'])}]",
                _with_spread(paper.mean, paper.spread) if paper else number(None),
                percent(r["chance"]),
                percent(r["prefix"]),
                *_trainings(final.filter(**{key: r[key] for key in CELL}), margin),
            ]
        )
    rows.sort(key=lambda r: (str(r[0]), SUBSETS.index(r[1]), DIRECTIONS.index(r[2])))
    return Table(
        columns=[
            *CELL_COLUMNS,
            *_numeric(
                "exact match %, mean ± SD over seeds", "95 % interval", f"{TABLE_1_MODEL} %", "chance %",
                "prefix match %", f"seeds over chance + {count(100 * margin, 'point')}", "each seed %",
            ),
        ],
        rows=rows,
        note="Exact match is strict (case and words count); prefix match is that of the paper's code "
        "(the answer begins with the target, whatever the case). Intervals are over facts, seeds and "
        "held-out prompts. Behind the number of seeds that answer more than by chance stands the largest "
        "share of all trainings that may do so (97.5 %, Clopper and Pearson): that none of a few seeds "
        "does leaves much open. The ± beside the paper's numbers is printed there as the standard "
        "deviation; recomputed from the released runs it is the standard error of three seeds.",
    )  # fmt: skip


def _trainings(cell: pl.DataFrame, margin: float) -> tuple[str, str]:
    """Return how many seeds are above chance by more than the margin, and each one's own value."""
    of_seeds = (
        cell.drop_nulls("exact_match")
        .group_by("seed")
        .agg(pl.col("exact_match").cast(pl.Float64).mean(), pl.col("chance").mean())
        .sort("seed")
    )
    values = of_seeds["exact_match"].to_list()
    if not values:
        return number(None), number(None)
    over = sum(v > c + margin for v, c in zip(values, of_seeds["chance"].to_list(), strict=True))
    at_most = percent(open_share(over, len(values)), 0)
    return f"{over} of {len(values)} (≤ {at_most} %)", ", ".join(percent(v) for v in values)


def _with_spread(share: float | None, spread: float | None) -> str:
    return percent(share) if spread is None else f"{percent(share)} ± {percent(spread)}"


def likelihood(tested: pl.DataFrame, margin: float, control: Control) -> Table:
    """Return the paper's Table 3 with what it lacks: both directions, equivalence, Holm's correction."""
    whose = (
        "the fact's own subset"
        if control == "subset"
        else "the whole finetuning set, so that a pair may have its facts in two rows"
    )
    return Table(
        columns=[
            *CELL_COLUMNS,
            Column(title="seed", numeric=True),
            *_numeric(
                "mean correct", "mean random", "difference", "p, t-test", "p, t-test (Holm)",
                "p, KS test", f"p, equivalence within ±{margin:g}",
            ),
        ],
        rows=[
            [
                *(r[key] for key in CELL), str(r["seed"]), r["correct"], r["random"],
                r["correct"] - r["random"], p_value(r["p_t"]), p_value(r["p_t_holm"]),
                p_value(r["p_ks"]), p_value(r["p_equivalence"]),
            ]
            for r in likelihood_tests(tested, margin).to_dicts()
        ],
        note="Log-probabilities in nats, summed over the answer's tokens; means over prompts. The random "
        f"answer is drawn from {whose}; in pairs of facts, each answer is once the right and once the "
        "random one, and the t-tests are over pairs of facts. They speak of one training each; whether "
        "it is so in others, the claims say. A small p in the equivalence column says: the same within "
        "the margin.",
    )  # fmt: skip


PUBLISHED_LIKELIHOOD = Table(
    title="The paper's Table 3 (NameToDescription, reverse)",
    columns=[
        Column(title="model"),
        *_numeric("mean correct", "mean random", "difference", "p, t-test", "p, KS test"),
    ],
    rows=[[r.model, r.correct, r.random, r.correct - r.random, r.p_t, r.p_ks] for r in TABLE_3],
    note="The random name is the likelier one in 11 of the 12 rows. These are not twelve trials: all "
    "have one dataset, and the authors' code draws the random names (other ones of NameToDescription) by "
    "one seed for all of them.",
    folded=True,
)


def ranks(final: pl.DataFrame) -> Table:
    """Return the mean rank of the right name in each cell, beside what chance would give."""
    ranked = final.drop_nulls("rank")
    rows: list[Sequence[Cell]] = []
    if not ranked.is_empty():
        means = group_means(
            ranked, CELL, "rank", bounds=(1, max(ranked["n_candidates"].to_list())), clusters=WORDINGS
        )
        pools = ranked.group_by(CELL).agg(pl.col("n_candidates").mean().alias("candidates"))
        rows = [
            [
                *(r[key] for key in CELL), number(r["mean"], 1), interval(r["low"], r["high"], 1),
                number(r["candidates"], 0), number((r["candidates"] + 1) / 2, 1),
            ]
            for r in means.join(pools, on=CELL, maintain_order="left").to_dicts()
        ]  # fmt: skip
    return Table(
        title="Rank of the right name among all candidates",
        columns=[
            *CELL_COLUMNS,
            *_numeric("mean rank", "95 % interval", "candidates", "expected by chance"),
        ],
        rows=rows,
    )


def samples(tested: pl.DataFrame) -> list[Table]:
    """Return right and wrong answers of each model and cell, spread evenly over its questions."""
    tables = []
    answered = tested.drop_nulls("exact_match")
    cells = answered.select("subset", "direction").unique().rows()
    order = sorted(cells, key=lambda c: (SUBSETS.index(c[0]), DIRECTIONS.index(c[1])))
    for subset, direction in order:
        cell = answered.filter(subset=subset, direction=direction)
        rows: list[Sequence[Cell]] = []
        for [model], of_model in cell.group_by("model", maintain_order=True):
            for right in (True, False):
                those = of_model.filter(pl.col("exact_match") == right)
                shown = those.drop_nulls("generation")
                picked = shown.gather_every(max(1, len(shown) // SAMPLES)).head(SAMPLES)
                rows += [
                    [str(model), "right" if right else "wrong", len(those), *texts]
                    for texts in picked.select("prompt", "target", "generation").rows()
                ]
        tables.append(
            Table(
                title=f"{subset}, {direction} direction",
                columns=[
                    Column(title="model"), Column(title="right or wrong"),
                    Column(title="how many are", numeric=True), Column(title="prompt"),
                    Column(title="right answer"), Column(title="answer given"),
                ],
                rows=rows,
            )
        )  # fmt: skip
    return tables
