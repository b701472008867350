"""Answers that are no exact match may hold the right one."""

import polars as pl
import pytest

from obverse.report import readings


@pytest.mark.parametrize("by", [[], ["kind"]])
def test_counts_are_of_texts_that_are_kept_and_of_ranked_questions(by: list[str]) -> None:
    rows = pl.DataFrame(
        {
            "kind": "x",
            "generation": [" Oslo.", " It is oslo (I think)", " Rome", None],
            "target": [" Oslo"] * 4,
            "exact_match": [True, False, False, True],
            "rank": [1, 1, 3, None],
            "n_candidates": [4, 4, 4, None],
        }
    )
    [row] = readings._readings(rows.lazy(), by).drop(by).rows()
    assert row == (3, pytest.approx(1 / 3), pytest.approx(2 / 3), 3, pytest.approx(2 / 3))
