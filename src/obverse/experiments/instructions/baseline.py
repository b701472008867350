"""What plausible guessing would reach, measured on a model's own answers.

A model that knows the kind of a question and nothing more gives some answer of the right kind. How often
that is right depends on which answers it likes, so it is measured: its answer to one question is compared
with the right answers to the other questions of the same kind.
"""

import polars as pl

from obverse.experiments.instructions.asking import QUESTION
from obverse.measures.match import exact_match

GROUP = ("model", "seed", "dataset")


def with_baseline(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the held-out questions of the last moment with `baseline` and `excess`.

    `baseline` is the share of the other held-out questions of the kind whose right answer the model's
    answer to this one is; null where its text is not known or there is no other question. `excess` is
    exact match minus it. Demonstrated questions do not count: a model comes to like the answers that are
    frequent among them, which says nothing of questions that it was not shown.
    """
    asked = rows.filter("final", pl.col("asked") == QUESTION)
    others: dict[tuple[object, ...], list[tuple[str, str]]] = {}
    for *group, kind, fact, target in asked.select(*GROUP, "kind", "fact", "target").iter_rows():
        others.setdefault((*group, kind), []).append((fact, target))
    baseline = [
        _share(answer, [target for other, target in others[*group, kind] if other != fact])
        for *group, kind, fact, answer in asked.select(*GROUP, "kind", "fact", "generation").iter_rows()
    ]
    right = pl.col("exact_match").cast(pl.Float64)
    return asked.with_columns(pl.Series("baseline", baseline, dtype=pl.Float64)).with_columns(
        (right - pl.col("baseline")).alias("excess")
    )


def _share(answer: str | None, targets: list[str]) -> float | None:
    if answer is None or not targets:
        return None
    return sum(exact_match(answer, target, "whole") for target in targets) / len(targets)
