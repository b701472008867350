"""What the page shows, on observations that are known."""

import re
from itertools import pairwise

import polars as pl
import pytest

from obverse.core.page import Figure, Page, Table
from obverse.experiments.reversal.cures.cures import Cures
from obverse.experiments.reversal.cures.page_figures import SOURCE
from obverse.experiments.reversal.cures.page_labels import placed, spread
from tests.legible import problems
from tests.unit.experiments.reversal.cures.observations import Truth, finished, tables
from tests.unit.experiments.reversal.cures.test_claims import PREDICTED


def page(truths: dict[str, Truth]) -> Page:
    return Cures().page(finished(tables(truths, seeds=2)))


def table(made: Page, section: int, number: int = 0) -> list[dict[str, object]]:
    found = [part for part in made.sections[section].parts if isinstance(part, Table)][number]
    return [dict(zip([c.title for c in found.columns], row, strict=True)) for row in found.rows]


def test_a_line_for_each_cure_says_right_wrong_and_why() -> None:
    lines = {str(line["cure"]): line for line in table(page(PREDICTED), 0)}
    assert list(lines) == list(PREDICTED)
    entities = lines["reversed entities"]
    assert 50 < float(str(entities["reverse % [95 %]"]).split()[0]) < 70
    assert 40 < float(str(entities["false reverse % [95 %]"]).split()[0]) < 65
    assert entities["reverse: mean rank"] == "1.0 of 4"
    assert lines["nothing"]["reverse: mean rank"] == "3.0 of 4"
    because = "source predicted from the other entity"
    assert entities[because] == "yes (100 % of facts)"
    assert lines["identity bridge"][because] == "not from the other entity"


def test_a_source_that_can_be_copied_is_told_apart() -> None:
    made = page(PREDICTED | {"inferences in context": Truth(from_other=9)})
    [line] = [line for line in table(made, 0) if line["cure"] == "inferences in context"]
    assert line["source predicted from the other entity"] == "only where it can be copied"


def test_a_source_that_may_be_hidden_is_not_said_to_be_recalled() -> None:
    filled = "bidirectional context (BICO)"
    made = page(PREDICTED | {filled: Truth(from_other=9, recalled=9)})
    [line] = [line for line in table(made, 0) if line["cure"] == filled]
    assert line["source predicted from the other entity"] == "may be hidden (100 % of facts)"


def test_costs_are_read_from_the_runs() -> None:
    [line] = [n for n in table(page(PREDICTED), 2) if n["cure"] == "reversed words"]
    assert line["tokens"] == "1,234"
    assert line["updates"] == "9"
    assert line["seconds a run"] == "20"
    # Ten nats over the four words behind the first.
    assert str(line["held-out perplexity a word"]).startswith("12.2 [")


def test_facts_told_in_both_orders_have_a_line_of_their_own() -> None:
    half = tables({"both orders, 50 %": Truth(), "nothing": Truth()}, seeds=2)
    told = tables({"both orders, 50 %": Truth(reverse=0.9, told="both orders")}, seeds=2)
    for name, rows in told.items():
        more = rows.with_columns(pl.format("{}-b", "fact").alias("fact"))
        half[name] = pl.concat([half[name], more])
    lines = table(Cures().page(finished(half)), 0)
    assert [(n["cure"], n["facts told in"]) for n in lines] == [
        ("nothing", "one order"), ("both orders, 50 %", "one order"),
        ("both orders, 50 %", "both orders"),
    ]  # fmt: skip
    shares = [float(re.findall(r"[\d.]+", str(n["reverse % [95 %]"]))[0]) for n in lines]
    assert shares[:2] == [0, 0]
    assert shares[2] > 80


def test_figures_have_a_point_for_each_cure() -> None:
    made = page(PREDICTED)
    drawn = {p.name: p for s in made.sections for p in s.parts if isinstance(p, Figure)}
    assert set(drawn) == {"cures", "likelihood"}
    assert problems(made) == []
    spec = drawn["cures"].chart.to_dict()
    named = [rows for rows in spec["datasets"].values() if "label" in rows[0]]
    assert sorted(row["label"] for row in named[0]) == sorted(PREDICTED)
    assert "2 seeds" in drawn["cures"].caption
    there = {row["source"] for row in named[0]}
    colours = [one["encoding"].get("color", {}) for one in spec["layer"]]
    domains = [one["scale"]["domain"] for one in colours if "scale" in one]
    assert domains
    assert all(set(domain) == there for domain in domains), "a legend has no entry without a mark"
    assert len(there) < len(SOURCE)


@pytest.mark.parametrize("heights", [[0.0] * 8, [0, 0.01, 0.5, 0.99, 1, 1], [0.3], [], [0.0] * 40])
def test_labels_keep_their_distance_and_order(heights: list[float]) -> None:
    found = spread(heights, 0.05)
    least = min(0.05, 1 / max(1, len(heights) - 1))
    assert all(-1e-9 <= p <= 1 + 1e-9 for p in found)
    assert all(b - a >= least - 1e-9 for a, b in pairwise(found))
    if heights == [0.3]:
        assert found == [0.3]


def test_points_in_one_place_have_one_line_to_their_labels() -> None:
    points = [(0.0, 0.0), (0.6, 0.5), (0.01, 0.0), (0.02, 0.02), (0.6, 0.0)]
    found = placed(points, 0.05)
    heights = [height for height, _ in found]
    together = sorted(heights[i] for i in (0, 2, 3))
    assert [leads for _, leads in found] == [False, True, True, False, True]
    assert together[2] - together[0] == pytest.approx(0.1), "nothing between labels of a group"
    assert not together[0] < heights[4] < together[2]
    assert max(heights) == heights[1] == 0.5
