import polars as pl

from obverse.report import groups


def test_whole_numbers_are_metrics_only_where_there_is_nothing_else() -> None:
    """They may be the names of places, such as the cell of a grid."""
    table = pl.DataFrame({"cell": [0, 1], "share": [0.5, 0.25], "right": [True, False]})
    assert [metric.column for metric in groups._own_metrics(table, ())] == ["share", "right"]
    assert [m.column for m in groups._own_metrics(table.select("cell"), ())] == ["cell"]
