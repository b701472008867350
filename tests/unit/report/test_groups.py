import random
from math import inf

import polars as pl

from obverse.report import groups


def test_whole_numbers_are_metrics_only_where_there_is_nothing_else() -> None:
    """They may be the names of places, such as the cell of a grid."""
    table = pl.DataFrame({"cell": [0, 1], "share": [0.5, 0.25], "right": [True, False]})
    assert [metric.column for metric in groups._own_metrics(table, ())] == ["share", "right"]
    assert [m.column for m in groups._own_metrics(table.select("cell"), ())] == ["cell"]


def test_last_moment_is_told_by_moments_as_by_rows() -> None:
    draw = random.Random(0)
    sizes: list[int] = []
    for _ in range(60):
        rows = [
            {
                "run": draw.choice("ab"), "model": draw.choice("mn"),
                "family": draw.choice(["f", None]), "parameters": draw.choice([1, None]),
                "branch": draw.randrange(2), "stage": draw.choice("xy"), "epoch": draw.randrange(2),
                "step": draw.randrange(2), "tokens": draw.choice([5, 6, None]),
                "final": draw.random() < 0.1, "n": n,
            }
            for n in range(40)
        ]  # fmt: skip
        table = pl.DataFrame(rows, infer_schema_length=None)
        place = pl.struct("stage", "step", "epoch", "tokens")
        measured_last = place == place.last().over("run", "branch")
        wanted = table.filter(pl.col("final") | (~pl.col("final").any().over("run") & measured_last))
        of_model = pl.col("tokens").cast(pl.Float64).fill_null(inf).max().over("model")
        newest = of_model == of_model.max().over("family", "parameters")
        wanted = wanted.filter(pl.col("family").is_null() | newest)
        assert groups.last(table).equals(wanted)
        sizes.append(len(wanted))
    assert 0 < min(sizes) < max(sizes)
