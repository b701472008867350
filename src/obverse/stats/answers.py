"""What items of repetition suppression were answered, and how much that depends on the instruction."""

import polars as pl

UNITS = ["fact", "seed", "pattern", "template"]
MOMENT = ["family", "model", "parameters", "tokens"]
DIFFERENCES = {"correct": (-1.0, 1.0), "loss": None, "changed": (0.0, 1.0)}


def correct() -> pl.Expr:
    """Return whether the right class won: by likelihood, or in the answer where that is all there is."""
    return pl.coalesce(pl.col("rank") == 1, pl.col("exact_match")).cast(pl.Float64)


def zero_shot(observations: pl.DataFrame, condition: str = "against") -> pl.DataFrame:
    """Return the items asked in a condition without examples, with `correct` (0.0 or 1.0)."""
    return observations.filter(
        pl.col("subset") == "suppression",
        pl.col("condition") == condition,
        pl.col("shots") == 0,
    ).with_columns(correct().alias("correct"))


def differences(observations: pl.DataFrame, control: str) -> pl.DataFrame:
    """Return one row an item, seed and moment asked both against the pattern and in the `control`.

    Columns: MOMENT, UNITS; `correct` and `loss` (nats), each the task's minus the control's; `changed`,
    whether the class chosen is another one (1.0 or 0.0; of two classes, so that right turns to wrong or
    back). Of models that give answers alone, `loss` is missing and `changed` is known of right and wrong.
    """
    keys, scores = [*MOMENT, *UNITS], ["correct", "loss"]
    task, other = (zero_shot(observations, c).select(*keys, *scores) for c in ("against", control))
    both = task.join(other, on=keys, suffix="_control", nulls_equal=True, maintain_order="left")
    apart = [(pl.col(s) - pl.col(f"{s}_control")).alias(s) for s in scores]
    return both.select(*keys, *apart).with_columns(pl.col("correct").abs().alias("changed"))


def induction_gains(observations: pl.DataFrame) -> pl.DataFrame:
    """Return one row a random sequence and moment: `gain`, how much likelier its second copy is.

    In nats a word, with the columns MOMENT and UNITS.
    """
    keys = [*MOMENT, *UNITS]
    halves = observations.filter(pl.col("subset") == "induction").with_columns(
        (pl.col("logprob") / pl.col("target").str.split(" ").list.len().sub(1)).alias("per_word")
    )
    first, second = (
        halves.filter(pl.col("direction") == d).select(*keys, pl.col("per_word").alias(d))
        for d in ("first", "second")
    )
    return first.join(second, on=keys, nulls_equal=True).with_columns(
        (pl.col("second") - pl.col("first")).alias("gain")
    )
