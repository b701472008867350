"""What the page shows, on observations that are known."""

from itertools import product
from typing import Any

import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.core.page import Figure, Finished, Page, Table
from obverse.experiments.reliability.ablations.alpha import Alpha
from obverse.experiments.reliability.reliability import Reliability
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from tests.drawn import rows
from tests.legible import problems

COLUMNS = schema({**LEADING, **Reliability.columns, **Ask.columns})
# How many of ten are right after Stage 1, and at the end.
RIGHT = {"D1cons-QA1": (9, 8), "D2incons-QA2": (3, 2), "QA3": (6, 6), "D5cons": (1, 7), "D6cons": (1, 4),
         "D8cons": (1, 5), "QA7": (1, 1)}  # fmt: skip


def answers(seeds: int = 2, **about: Any) -> list[dict[str, Any]]:
    """Return the rows of a run a seed; the second seed has one more right in D5cons at the end."""
    rows: list[dict[str, Any]] = []
    for seed, (stage, epoch), subset in product(
        range(seeds), (("Stage 1", 1), ("Stage 1", 2), ("Stage 2", 1)), RIGHT
    ):
        hits = RIGHT[subset][stage == "Stage 2"] + (
            seed == 1 and stage == "Stage 2" and subset == "D5cons"
        )
        directions = ("question", "trained", "attribution", "definition")
        for direction, n in product(directions, range(10)):
            rows.append(
                {
                    "run": f"run-{seed}", "model": "m", "variant": "base", "seed": seed, "branch": 0,
                    "stage": stage, "epoch": epoch, "final": stage == "Stage 2", "fact": f"{subset}-{n}",
                    "subset": subset, "direction": direction, "kind": ("name", "who")[n % 2],
                    "prompt": f"{n} <home>", "target": " Riga",
                    "generation": "Riga" if n < hits else "Ghent",
                    "exact_match": n < hits, "logprob": -2.0 - seed, "chance": 0.2,
                }
                | about
            )  # fmt: skip
    return rows


def page(*rows: list[dict[str, Any]], **settings: Any) -> Page:
    table = pl.DataFrame([row for some in rows for row in some], schema=COLUMNS)
    finished = Finished(study={}, claims=[], tables={"ask": table})
    return Reliability(**settings).page(finished)


def tables(shown: Page) -> dict[str, Table]:
    parts = [part for section in shown.sections for part in section.parts]
    return {part.title: part for part in parts if isinstance(part, Table)}


def figures(shown: Page) -> dict[str, Figure]:
    parts = [part for section in shown.sections for part in section.parts]
    return {part.name: part for part in parts if isinstance(part, Figure)}


def test_means_by_subset_after_stage_1_and_at_the_end() -> None:
    shown = tables(page(answers()))
    assert [c.title for c in shown["X1, after Stage 1"].columns] == [
        "variant", "asked", "D1cons-QA1", "D2incons-QA2", "QA3",
    ]  # fmt: skip
    first, second = shown["X1, after Stage 1"].rows
    assert first[:2] == ["base", "questions not trained"]
    assert [str(cell).split()[0] for cell in first[2:]] == ["0.900", "0.300", "0.600"]
    assert second[1] == "entity attribution"
    assert str(shown["X1, at the end"].rows[0][2]).startswith("0.800 [")
    ends = shown["X2, at the end"].rows[0]
    assert [str(cell).split()[0] for cell in ends[2:]] == ["0.750", "0.400", "0.500", "0.100"]


def test_differences_are_over_seeds_each_of_its_moment() -> None:
    rows = tables(page(answers()))["Differences"].rows
    questions = {(r[0], r[3]): r for r in rows if r[2] == "questions not trained"}
    assert list(questions) == [
        ("after Stage 1", "D1cons-QA1 − QA3"), ("after Stage 1", "QA3 − D2incons-QA2"),
        ("at the end", "D1cons-QA1 − QA3"), ("at the end", "QA3 − D2incons-QA2"),
        ("at the end", "D5cons − D6cons"), ("at the end", "D8cons − D5cons"),
        ("at the end", "D8cons − D6cons"),
    ]  # fmt: skip
    gap = questions["at the end", "D5cons − D6cons"]
    assert gap[4] == pytest.approx(0.35)
    assert gap[5:] == ["[−0.285, 0.985]", 2], "Student's t over two seeds, 0.3 and 0.4"
    assert questions["after Stage 1", "D1cons-QA1 − QA3"][4] == pytest.approx(0.3)


def test_losses_are_those_at_the_end_of_all_texts() -> None:
    losses = tables(page(answers()))["Losses at the end, by subset (nats an answer)"]
    assert losses.folded
    assert {row[2] for row in losses.rows} == {"question", "trained", "attribution", "definition"}
    assert {row[3] for row in losses.rows} == {2.5}


def test_samples_are_shown_with_the_answers_given() -> None:
    shown = tables(page(answers()))["28 questions with the answers given"]
    assert shown.rows[0] == ["base", "D1cons-QA1", "0 <home>", " Riga", "Riga"]
    assert {row[1] for row in shown.rows} == set(RIGHT)


def test_figures_are_drawn_and_say_how_many_they_show() -> None:
    assert problems(page(answers())) == []
    drawn = figures(page(answers()))
    assert set(drawn) == {"curves", "attributions", "gaps", "losses"}
    for figure in drawn.values():
        assert "n = 2 seeds, about 10 aliases of each of D5cons and D6cons" in figure.caption


def data_of(figure: Figure) -> list[dict[str, Any]]:
    """Return the means that a chart draws."""
    return rows(figure.chart)


def test_losses_of_all_subsets_are_drawn_training_and_validation_apart() -> None:
    drawn = data_of(figures(page(answers()))["losses"])
    assert {row["part"] for row in drawn} == {"trained questions", "definitions", "questions not trained"}
    assert {row["subset"] for row in drawn} == set(RIGHT)
    assert {round(row["mean"], 3) for row in drawn} == {2.5}


def test_questions_about_the_entity_are_drawn_apart() -> None:
    drawn = data_of(figures(page(answers()))["attributions"])
    assert {row["part"] for row in drawn} == {"name", "who"}
    one = answers(kind="name")
    assert "attributions" not in figures(page(one)), "there is but one kind"


def test_entity_of_the_definition_is_drawn_by_alpha() -> None:
    made: list[dict[str, Any]] = []
    for alpha, told in ((0.5, 1), (0.95, 8)):
        about = {"variant": f"α = {alpha:g}", "stage": "Stage 1", "epoch": 2, "final": False}
        for subset, direction, hits in (
            ("D9incons-QA9", "told", told), ("D9incons-QA9", "attribution", 0),
            ("D10cons-QA10", "attribution", 4), ("D1cons-QA1", "attribution", 9),
        ):  # fmt: skip
            some = [r for r in answers(1) if r["stage"] == "Stage 1" and r["epoch"] == 2]
            some = [r for r in some if (r["subset"], r["direction"]) == ("QA3", "question")]
            made += [
                r | about | {"subset": subset, "direction": direction, "exact_match": n < hits}
                for n, r in enumerate(some)
            ]
    table = pl.DataFrame([*made, *answers(1, variant="α = 0.5")], schema=COLUMNS)
    finished = Finished(study={}, claims=[], tables={"ask": table})
    drawn = data_of(figures(Alpha().page(finished))["by-alpha"])
    shown = {(r["subset"], r["alpha"]): r["mean"] for r in drawn if r["subset"].startswith("D9")}
    assert shown == {("D9incons-QA9", 0.5): 0.1, ("D9incons-QA9", 0.95): 0.8}
    assert "by-alpha" not in figures(page(answers()))


def test_models_are_named_where_there_are_several() -> None:
    other = answers(model="other", run="other")
    rows = tables(page(answers(), other))["X2, at the end"].rows
    assert [row[0] for row in rows] == ["m, base", "other, base", "m, base", "other, base"]
    assert "not of other models" in page(answers(), other).claims_note
    assert "not of other models" not in page(answers()).claims_note


def test_a_single_stage_has_one_moment_and_a_run_without_variants_its_models_name() -> None:
    rows = [
        row | {"final": row["epoch"] == 2} for row in answers(variant=None) if row["stage"] == "Stage 1"
    ]
    shown = page(rows)
    assert {"X1, at the end", "X2, at the end"} <= set(tables(shown))
    assert "X1, after Stage 1" not in tables(shown)
    assert {row[0] for row in tables(shown)["X1, at the end"].rows} == {""}
    assert "whose definitions are trained after it" not in figures(shown)["curves"].caption


def test_the_answer_has_a_number_beside_each_source() -> None:
    said = page(answers()).answer
    numbers = [
        f"{100 * (RIGHT[subset][True] + more) / 10:.1f}"
        for subset, more in (("D5cons", 0.5), ("D6cons", 0))
    ]
    assert f"{numbers[0]} % were answered rightly where the definition bore tag 1, the reliable" in said
    assert f" and {numbers[1]} % where it bore tag 2 (base)." in said
    assert f"{numbers[1]} % where it bore tag 2. " in page(answers(variant=None)).answer
    assert "tag 1 and " in page(answers(variant="α = 0.5")).answer


def test_how_answers_are_compared_is_said() -> None:
    def said(shown: Page) -> str:
        [section] = [s for s in shown.sections if s.title == "Exact match by subset"]
        return str(section.parts[0])

    assert "compared strictly" in said(page(answers()))
    assert "without case, punctuation and articles" in said(page(answers(), match="normalised"))
