"""What was answered, how much that depends on the instruction, and how it changes with size.

All functions take rows of the table "ask" with the labels of `questions.COLUMNS`.
"""

import polars as pl

from obverse.stats.clustered import ClusteredMean
from obverse.stats.summary import Bounds, mean
from obverse.stats.trend import points

CLUSTERS = ("pattern", "template")  # what items of the grid have in common
UNITS = ("fact", "seed", *CLUSTERS)  # tell one item of one seed from another
MOMENT = ("family", "model", "parameters", "tokens")
DIFFERENCES = {"correct": (-1.0, 1.0), "loss": None, "changed": (0.0, 1.0)}
AXES = ("pattern", "template", "repetitions")
NAMED = 0.9  # of a model's answers have to name a class; of fewer, nothing is said of its choices


def correct() -> pl.Expr:
    """Return whether the right class won: by likelihood, or in the answer where that is all there is.

    An answer that names no class is no choice of the wrong one, and a model that gives many of them
    is not counted at all.
    """
    won = pl.coalesce(pl.col("rank") == 1, pl.col("exact_match")).cast(pl.Float64)
    share = pl.col("named").cast(pl.Float64).mean().over("model", "tokens").fill_null(1.0)
    return pl.when(share >= NAMED, pl.col("named").fill_null(True)).then(won)


def items(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of items, in all conditions and with any examples, with `correct` (0.0 or 1.0)."""
    return rows.filter(pl.col("subset") == "suppression").with_columns(correct().alias("correct"))


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """Return for each model that gives answers alone how many it gave (`answers`), the share of them that
    names a class (`share`), and the accuracy of these (`accuracy`)."""
    asked = rows.filter(pl.col("subset") == "suppression", pl.col("named").is_not_null())
    return asked.group_by("model", maintain_order=True).agg(
        pl.len().alias("answers"),
        pl.col("named").mean().alias("share"),
        pl.col("exact_match").filter("named").mean().alias("accuracy"),
    )


def zero_shot(rows: pl.DataFrame, condition: str = "against") -> pl.DataFrame:
    """Return the items asked in a condition without examples, with `correct` (0.0 or 1.0)."""
    return items(rows).filter(pl.col("condition") == condition, pl.col("shots") == 0)


def differences(rows: pl.DataFrame, control: str) -> pl.DataFrame:
    """Return one row for each item, seed and moment asked both against the pattern and in the `control`.

    Columns: MOMENT, UNITS; `correct` and `loss` (nats), each the task's minus the control's; `changed`,
    whether another class was chosen (1.0 or 0.0; of two classes, so that right turned to wrong or
    back). Of models that give answers alone, `loss` is missing and `changed` is known of right and wrong.

    A sequence without an instruction is asked about once, and all items that show it are held against
    that one answer. Such rows are not independent: their `fact` is the sequence.
    """
    scores = ["correct", "loss"]
    fact = "sequence" if control == "none" else "fact"
    keys = [*MOMENT, "seed", fact]
    task, other = (zero_shot(rows, c).drop_nulls(fact) for c in ("against", control))
    both = task.join(
        other.select(*keys, *scores),
        on=keys, suffix="_control", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    apart = [(pl.col(s) - pl.col(f"{s}_control")).alias(s) for s in scores]
    return both.select(*MOMENT, pl.col(fact).alias("fact"), "seed", *CLUSTERS, *apart).with_columns(
        pl.col("correct").abs().alias("changed")
    )


def apart(
    rows: pl.DataFrame, label: str, value: str, bounds: Bounds | None = None
) -> ClusteredMean | None:
    """Return the mean of `value` where `label` is true minus where it is false; None without either.

    With m_g the mean of a row's own side, n_g the side's number of rows, n that of all, and d the
    difference, each row stands for

        z = d ± (n / n_g) (value − m_g)

    whose mean is d. A template lies on one side alone, so that its rows move one mean, and clustering the
    z by template counts it so (to first order). The `bounds` are those of d.
    """
    known = rows.drop_nulls([label, value]).with_columns(pl.col(value).cast(pl.Float64))
    if known[label].n_unique() < 2:
        return None
    sides = dict(known.group_by(label).agg(pl.col(value).mean()).iter_rows())
    sign = pl.when(label).then(1.0).otherwise(-1.0)
    distance = pl.col(value) - pl.col(value).mean().over(label)
    z = sides[True] - sides[False] + sign * distance * pl.len() / pl.len().over(label)
    return mean(known.with_columns(z.alias("z")), "z", bounds=bounds, clusters=CLUSTERS)


def induction_gains(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each random sequence and moment: `gain`, how much likelier its second copy is.

    In nats a word, with the columns MOMENT, `step` and UNITS.
    """
    keys = [*MOMENT, "step", *UNITS]
    halves = rows.filter(pl.col("subset") == "induction").with_columns(
        (pl.col("logprob") / pl.col("target").str.split(" ").list.len().sub(1)).alias("per_word")
    )
    first, second = (
        halves.filter(pl.col("copy") == copy).select(*keys, pl.col("per_word").alias(copy))
        for copy in ("first", "second")
    )
    return first.join(second, on=keys, nulls_equal=True).with_columns(
        (pl.col("second") - pl.col("first")).alias("gain")
    )


def item_changes(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `fact`, `seed`, AXES and `change`: loss of the largest minus that of the smallest model.

    In nats; positive means that the largest model does worse. Empty without two sizes.
    """
    asked = zero_shot(rows)
    table = points(asked, "parameters", "loss", UNITS)
    if table is None:
        axes = dict.fromkeys(AXES, pl.String)
        return pl.DataFrame(schema={"fact": pl.String, "seed": pl.Int64, **axes, "change": pl.Float64})
    smallest, largest = (
        table.filter(pl.col("x") == end).drop("x") for end in (table["x"].min(), table["x"].max())
    )
    labels = asked.select("fact", "repetitions").unique("fact", maintain_order=True)
    return (
        smallest.join(largest, on=UNITS, suffix="_largest", nulls_equal=True, maintain_order="left")
        .with_columns((pl.col("y_largest") - pl.col("y")).alias("change"))
        .join(labels, on="fact", how="left", maintain_order="left")
        .select("fact", "seed", *AXES, "change")
    )
