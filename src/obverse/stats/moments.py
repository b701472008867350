"""Which of a model's moments (training checkpoints asked) is the last."""

import polars as pl


def is_last() -> pl.Expr:
    """Return whether a row is of the last moment of its model.

    Moments are ordered by `tokens`. A model whose tokens are not known is a finished one, asked without
    a revision, and comes after all of its own training steps. Rows of one family and size are moments of
    one model, although its revisions have names and runs of their own; without a family, rows of one
    name are.
    """
    seen = pl.col("tokens").cast(pl.Float64).fill_null(float("inf"))
    return seen == seen.max().over(pl.coalesce("family", "model"), "parameters")
