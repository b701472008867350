"""Which of a model's moments (training checkpoints asked) is the last."""

import polars as pl


def is_last() -> pl.Expr:
    """Return whether a row is of the last moment of its model.

    Moments are ordered by `tokens`. Where these are not known the model is a finished one, asked without
    a revision, so that it comes after all of its own training steps. Revisions are models by name and
    runs of their own; moments of one model are those of one family and size (without a family, of one
    name).
    """
    seen = pl.col("tokens").cast(pl.Float64).fill_null(float("inf"))
    return seen == seen.max().over(pl.coalesce("family", "model"), "parameters")
