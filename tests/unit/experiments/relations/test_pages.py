"""What the pages of relations and of two hops show, on observations that are known."""

from itertools import product
from typing import Any

import polars as pl

from obverse.core.experiment import Experiment
from obverse.core.measure import LEADING
from obverse.core.page import Figure, Finished, Page, Table
from obverse.experiments.relations.relations import Relations
from obverse.experiments.relations.two_hop import TwoHop
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from tests.legible import problems

RIGHT = {"as told": True, "first hop": True, "second hop": True}


def page(experiment: Experiment, cells: list[dict[str, str]]) -> Page:
    rows: list[dict[str, Any]] = []
    for cell, seed, n in product(cells, range(2), range(4)):
        right = RIGHT.get(cell["asked"], False)
        rows.append(
            {
                "run": f"m-{seed}", "model": "m", "seed": seed, "stage": "telling", "epoch": 4, "step": 9,
                "final": True, "fact": f"{seed}-{n}", "pair": f"{seed}-{n // 2}", "opening": n % 2,
                "exact_match": right, "chance": 0.25, "logprob": -5.0 + 3 * right - 0.1 * n,
                "logprob_control": -5.0, "probe": f"{n}", "prompt": "A is", "target": " B",
                "generation": " B" if right else " C",
            } | cell
        )  # fmt: skip
    columns = {**LEADING, **experiment.columns, **Ask.columns}
    table = pl.DataFrame(rows, schema=schema(columns))
    return experiment.page(Finished(study={}, claims=[], tables={"ask": table}))


def parts(made: Page, kind: type) -> list[Any]:
    return [part for section in made.sections for part in section.parts if isinstance(part, kind)]


RELATIONS = [
    {"relation": "on / under", "told": told, "asked": asked}
    for told, asked in product(("one way", "both ways"), ("as told", "right", "wrong"))
]


def test_relations() -> None:
    made = page(Relations(), RELATIONS)
    assert [figure.name for figure in parts(made, Figure)] == ["one-way", "likelihood", "both-ways"]
    for figure in parts(made, Figure):
        assert "2 seeds, 2 held-out wordings" in figure.caption
    assert problems(made) == []
    [table] = parts(made, Table)
    assert [row[1:4] for row in table.rows] == [[c["relation"], c["told"], c["asked"]] for c in RELATIONS]
    assert table.rows[0][4] == "100.0"
    assert table.rows[1][4] == "0.0"
    assert table.rows[0][6] == "25.0"
    assert (
        "said 100.0 % of what it was told, 0.0 % of what follows and 0.0 % of what does not"
        in made.answer
    )


def test_two_hops() -> None:
    asked = ("first hop", "second hop", "two hops", "step by step")
    cells = [
        {"documents": d, "shown": "held out", "asked": a} for d, a in product(("separate", "same"), asked)
    ]
    cells += [
        {"documents": d, "shown": "demonstrated", "asked": "two hops"} for d in ("separate", "same")
    ]
    made = page(TwoHop(), cells)
    assert [figure.name for figure in parts(made, Figure)] == ["hops", "hops-likelihood"]
    [table] = parts(made, Table)
    order = [*asked, "two hops, demonstrated"]
    assert [row[1:3] for row in table.rows] == [[d, q] for d in ("separate", "same") for q in order]
    published = {row[2]: row[-1] for row in table.rows if row[1] == "separate"}
    assert published["two hops"] == "0.4"
    assert published["step by step"] == "77.2"
    assert published["two hops, demonstrated"] == "–"
    assert {row[-1] for row in table.rows if row[1] == "same"} == {"–"}, "there is a figure alone"
