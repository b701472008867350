"""What the page shows, on observations that are known."""

from itertools import product
from typing import Any

import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.core.page import Figure, Finished, Page, Table
from obverse.experiments.reversal.identities import Identities
from obverse.experiments.reversal.page_prompts import wording
from obverse.experiments.reversal.published import TABLE_3
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from tests.legible import problems

COLUMNS = {**LEADING, **Identities.columns, **Ask.columns}
CELLS = [("NameToDescription", "same"), ("NameToDescription", "reverse"), ("DescriptionToName", "same"),
         ("DescriptionToName", "reverse"), ("Both", "same")]  # fmt: skip


def order(subset: str, direction: str) -> str:
    """Return the order of the questions; that of the facts of Both is left as one."""
    if direction == "same":
        return "NameToDescription" if subset == "Both" else subset
    return "DescriptionToName" if subset == "NameToDescription" else "NameToDescription"


def answers(model: str = "m", seeds: int = 2, **more: Any) -> list[dict[str, Any]]:
    """Return the rows of four facts in each cell: in the same direction three of four are right."""
    rows = []
    for seed, epoch, (subset, direction), n in product(range(seeds), (0, 1), CELLS, range(4)):
        name = (subset == "NameToDescription") == (direction == "reverse")
        right = direction == "same" and n > 0 and epoch == 1
        row = {
            "run": f"{model}-{seed}", "model": model, "seed": seed, "stage": "finetuning",
            "epoch": epoch, "step": 10 * epoch, "final": epoch == 1, "fact": f"{seed}-{n}",
            "subset": subset, "direction": direction, "order": order(subset, direction),
            "template": n // 2, "distance": 0.4 + 0.5 * (n // 2), "pair": f"{seed}-{n // 2}",
            "probe": f"{seed}-{n}", "prompt": f"Prompt {n // 2} about A{n} is",
            "target": " right", "generation": " right" if right else " wrong", "exact_match": right,
            "prefix_match": right, "chance": 0.25, "logprob": -5.0 - 0.1 * n + 3 * right,
            "logprob_control": -5.0 - 0.1 * (n ^ 1),
        } | more  # fmt: skip
        if name and epoch == 1:
            row |= {"rank": 1 if right else 3, "n_candidates": 4}
        rows.append(row)
    return rows


def page(*rows: list[dict[str, Any]], **settings: Any) -> Page:
    table = pl.DataFrame([row for some in rows for row in some], schema=schema(COLUMNS))
    return Identities(**settings).page(Finished(study={}, claims=[], tables={"ask": table}))


def tables(made: Page, section: str) -> list[Table]:
    [found] = [s for s in made.sections if s.title.startswith(section)]
    return [part for part in found.parts if isinstance(part, Table)]


def test_sections_and_figures() -> None:
    made = page(answers())
    assert [s.title.split(" (")[0] for s in made.sections] == [
        "Accuracy", "Each held-out prompt", "Likelihood", "Learning curves", "Samples",
    ]  # fmt: skip
    assert problems(made) == []
    figures = [part for s in made.sections for part in s.parts if isinstance(part, Figure)]
    assert [f.name for f in figures] == ["accuracy", "prompts", "likelihood", "curves"]
    for figure in figures:
        assert "n = 8 facts a subset over 2 seeds, 1 held-out prompts a fact" in figure.caption
    for table in (t for s in made.sections for t in s.parts if isinstance(t, Table)):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_curves_say_that_fewer_facts_are_asked_about_along_the_way() -> None:
    rows = [row for row in answers() if row["epoch"] or row["fact"].endswith(("0", "1"))]
    [curves] = [
        part for s in page(rows).sections for part in s.parts
        if isinstance(part, Figure) and part.name == "curves"
    ]  # fmt: skip
    assert "n = 8 facts a subset (4 before the last epoch) over 2 seeds" in curves.caption


def test_first_paragraph_says_what_came_out() -> None:
    said = page(answers()).answer
    assert (
        "The model m gave the right answer to 75.0 % of the questions in the order that it was told"
        in said
    )
    assert "0.0 % in the reverse" in said
    assert "right in 25.0 %" in said


def test_accuracy_stands_beside_chance_and_the_paper() -> None:
    [table] = tables(page(answers()), "Accuracy")
    assert [tuple(row[1:3]) for row in table.rows] == CELLS
    first, last = table.rows[0], table.rows[-1]
    assert first[3] == "75.0 ± 0.0"
    assert first[5:] == ["50.0 ± 2.1", "25.0", "75.0", "2 of 2 (≤ 100 %)", "75.0, 75.0"]
    reverse = table.rows[1]
    assert (reverse[3], *reverse[8:]) == ("0.0 ± 0.0", "0 of 2 (≤ 84 %)", "0.0, 0.0")
    assert last[5] == "–", "the paper says nothing of Both"
    [of_one_seed] = tables(page(answers(seeds=1)), "Accuracy")
    assert of_one_seed.rows[0][3] == "75.0", "one seed has no spread"


def test_each_prompt_has_its_accuracy_and_each_seeds_own() -> None:
    [table] = tables(page(answers()), "Each held-out prompt")
    assert [row[1:4] for row in table.rows] == [
        ["NameToDescription", "Prompt 0 about … is", 0.4],
        ["NameToDescription", "Prompt 1 about … is", 0.9],
        ["DescriptionToName", "Prompt 0 about … is", 0.4],
        ["DescriptionToName", "Prompt 1 about … is", 0.9],
    ]
    same, reverse, seeds = table.rows[0][4:]
    assert str(same).startswith("50.0 [")
    assert str(reverse).startswith("0.0 [")
    assert seeds == "50, 50"
    assert table.rows[1][-1] == "100, 100"


def test_prompts_of_unknown_distance_have_a_table_alone() -> None:
    made = page(answers(distance=None))
    [section] = [s for s in made.sections if s.title == "Each held-out prompt"]
    [table] = section.parts
    assert isinstance(table, Table)
    assert table.rows[0][3] is None


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        (["Ada Stone was", "Bo Birk was"], "… was"),
        (["We met Ada Stone,", "We met Bo Birk,"], "We met …,"),
        (["If Ada is Ada,", "If Bo is Bo,"], "If …,"),
        (["Who is Ada?", "Who is Bo Birk?"], "Who is …?"),
        (["Alone"], "Alone"),
        (["Ada", "Bo"], "…"),
    ],
)
def test_wording_is_what_prompts_have_in_common(prompts: list[str], expected: str) -> None:
    assert wording(prompts) == expected


@pytest.mark.parametrize(
    ("control", "said"), [("subset", "own subset"), ("finetuning_set", "whole finetuning set")]
)
def test_likelihoods(control: str, said: str) -> None:
    measured, published, ranks = tables(
        page(answers(), control=control, likelihood_margin=2), "Likelihood"
    )
    assert said in measured.note
    assert measured.columns[-1].title == "p, equivalence within ±2"
    assert len(measured.rows) == 4 * 2, "each tested cell and seed"
    assert published.folded
    assert len(published.rows) == len(TABLE_3)
    by_cell = {tuple(row[1:3]): row for row in ranks.rows}
    assert by_cell["NameToDescription", "reverse"][3:] == ["3.0", "[1.0, 4.0]", "4", "2.5"]


def test_samples_are_right_and_wrong_ones() -> None:
    same, reverse, *_ = tables(page(answers()), "Samples")
    assert same.title == "NameToDescription, same direction"
    assert [row[1:3] for row in same.rows] == [["right", 6]] * 3 + [["wrong", 2]] * 2
    assert [row[1:3] for row in reverse.rows] == [["wrong", 8]] * 3


def test_settings_that_are_compared_are_not_pooled() -> None:
    made = page(answers(variant="warm"), answers(variant="cold", exact_match=False))
    [table] = tables(made, "Accuracy")
    shares = {row[0]: row[3] for row in table.rows if tuple(row[1:3]) == CELLS[0]}
    assert shares == {"m, warm": "75.0 ± 0.0", "m, cold": "0.0 ± 0.0"}


def test_diverged_model_has_a_page() -> None:
    made = page(answers(logprob=None, logprob_control=None, rank=None, n_candidates=None))
    measured, _, _ = tables(made, "Likelihood")
    assert not measured.rows
