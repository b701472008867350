"""The reverse in context: what is told, what stands in the prompt, and what is claimed of it."""

from collections import Counter
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING
from obverse.core.page import Figure, Finished, Text
from obverse.experiments.drills import spaced
from obverse.experiments.reversal.crowd import Crowd, reading
from obverse.experiments.reversal.dataset import DIRECTIONS, ORDERS
from obverse.experiments.reversal.in_context import InContext
from obverse.experiments.reversal.in_context_asking import ALONE, AMONG, CONTEXTS, NONE
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.stats.verdict import evaluate
from tests.drawn import render
from tests.legible import problems


def small(**settings: Any) -> InContext:
    sizes = {"facts_per_subset": 4, "throwaway": 50, "rehearsed": 20, "words": 12, "forms": 3,
             "shown": 3, "asked": 2, "drills": (10, 10, 10)}  # fmt: skip
    return InContext.model_validate(sizes | settings)


def asked(experiment: InContext, seed: int = 0) -> Ask:
    [(ask, _)] = experiment.stages(seed)[-1].measures
    assert isinstance(ask, Ask)
    return ask


def test_spaces_around_marks_leave_words_alone() -> None:
    said = spaced('The author of "Amber Echo", so we hear, is Toll\'s only judge: Ada.')
    assert said == 'The author of " Amber Echo " , so we hear , is Toll\'s only judge : Ada .'
    assert spaced(said) == said


def test_throwaway_people_are_nobody_that_is_asked_about() -> None:
    crowd = Crowd(6, 2, Random(1))
    facts = crowd.people(5, Random(2), prefix="x")
    assert len({f.name for f in facts}) == len({f.description for f in facts}) == 5
    documents = reading(crowd, 300, facts=3, questions=2, told=2, asked=1, draw=Random(3), but=facts)
    for fact in facts:
        for document in documents:
            assert spaced(fact.name) not in document.text
            assert spaced(fact.description) not in document.text


def test_more_people_than_can_be_told_apart_are_refused() -> None:
    crowd = Crowd(2, 1, Random(1))
    assert crowd.people(0, Random(2)) == []
    with pytest.raises(ObverseError, match="40 more people cannot be told apart by 2 first names"):
        crowd.people(40, Random(2))


def test_reading_asks_back_what_was_stated() -> None:
    crowd = Crowd(12, 3, Random(1))
    for document in reading(crowd, 50, facts=2, questions=3, told=2, asked=1, draw=Random(3)):
        first, second = document.completion.split()[:2]
        assert {first.casefold(), second.casefold()} <= set(document.prompt.casefold().split())


def test_facts_are_told_in_their_order_alone() -> None:
    reading_stage, telling = small().stages(3)
    assert reading_stage.measures == ()
    assert reading_stage.training is not None
    assert reading_stage.training.in_order, "exercises come from easy to hard"
    assert len(reading_stage.training.documents) == 3 * 10 + 50
    assert telling.training is not None
    facts = {p.fact for p in asked(small(), 3).probes}
    told = [d for d in telling.training.documents if d.fact in facts]
    shown = [d for d in telling.training.documents if d.fact and d.fact not in facts]
    assert len(told) == 2 * 4 * 2, "in the trained wordings alone"
    assert len(shown) == 2 * 3 * (2 + 2), "in the held-out ones too"
    assert len(telling.training.documents) == len(told) + len(shown) + 20
    for document in told:
        first = document.labels["subset"] == "NameToDescription"
        [name] = {
            p.targets[0].strip()
            for p in asked(small(), 3).probes
            if p.fact == document.fact and (p.labels["direction"] == "reverse") == first
        }
        assert (name in document.prompt) is first
        assert (name in document.completion) is not first


def test_each_question_is_asked_with_the_fact_and_without_it() -> None:
    probes = asked(small(beside=2)).probes
    assert len(probes) == 8 * 2 * 2 * 3
    cells = Counter(p.labels["context"] for p in probes)
    assert set(cells) == set(CONTEXTS)
    assert len(set(cells.values())) == 1
    for probe in probes:
        answer, context = probe.targets[0].strip().casefold(), probe.labels["context"]
        assert (answer in probe.prompt.casefold()) is (context != NONE)
        assert probe.targets[0] in probe.candidates
        inside = [c for c in probe.candidates if c.strip().casefold() in probe.prompt.casefold()]
        assert len(inside) == {NONE: 0, ALONE: 1, AMONG: 3}[str(context)]
        assert probe.chance == pytest.approx(1 / 3 if context == AMONG else 1 / 4)


def test_the_facts_place_in_the_prompt_tells_nothing() -> None:
    experiment = small(facts_per_subset=30, beside=1, words=40)
    first = []
    for probe in asked(experiment).probes:
        if probe.labels["context"] == AMONG:
            right, [wrong] = probe.targets[0], set(probe.candidates) - set(probe.targets)
            said = probe.prompt.casefold()
            first.append(said.index(right.strip().casefold()) < said.index(wrong.strip().casefold()))
    assert 0.35 < sum(first) / len(first) < 0.65


def test_a_pretrained_model_is_asked_as_it_is() -> None:
    paper = InContext.presets()["paper"].experiment
    assert isinstance(paper, InContext)
    [stage] = paper.stages(0)
    assert stage.training is None
    assert {c.id for c in paper.claims()} == {
        f"{context}/{order}/{direction}"
        for context in ("alone", "among")
        for order in ORDERS
        for direction in DIRECTIONS
    }
    prompts = [p.prompt for p in asked(paper).probes if p.labels["context"] == ALONE]
    assert len(prompts) == 2 * 30 * 2 * 10
    assert not any(" ," in prompt or " ." in prompt for prompt in prompts)


def test_own_facts_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    rows = [f"Person{n} Last{n},the keeper of lamp {n}\n" for n in range(8)]
    path.write_text("name,description\n" + "".join(rows), encoding="utf-8")
    facts = {p.fact for p in asked(small(data=path)).probes}
    assert facts == {f"Person{n} Last{n}" for n in range(8)}
    with pytest.raises(ObverseError, match="pass --set facts_per_subset=4"):
        small(data=path, facts_per_subset=5).stages(0)


def observed(**accuracy: float) -> pl.DataFrame:
    """Draw observations with the accuracy of each direction from weights, and of a fact among others."""
    draw = np.random.default_rng(0)
    rows = []
    for seed, order, direction, context, fact in product(
        range(5), ORDERS, DIRECTIONS, CONTEXTS, range(20)
    ):
        right = {NONE: accuracy[direction], ALONE: 0.95, AMONG: accuracy["among"]}[context]
        rows.append(
            {
                "run": f"r{seed}", "model": "m", "seed": seed, "step": 9, "epoch": 1, "final": True,
                "fact": f"{seed}-{fact}", "subset": order, "direction": direction, "context": context,
                "template": 0, "chance": 0.5 if context == AMONG else 0.05,
                "exact_match": bool(draw.random() < right),
            }
        )  # fmt: skip
    columns = {**LEADING, **InContext.columns, **Ask.columns}
    return pl.DataFrame(rows, schema=schema(columns), strict=False)


def verdicts(rows: pl.DataFrame) -> dict[str, str]:
    return {f.claim: f.verdict for f in evaluate(InContext().claims(), {"ask": rows})}


def test_what_is_read_and_not_known_is_told_apart() -> None:
    found = verdicts(observed(same=0.9, reverse=0.0, among=0.95))
    assert len(found) == 14
    assert set(found.values()) == {"holds"}


def test_a_model_that_knows_the_reverse_has_no_curse() -> None:
    found = verdicts(observed(same=0.9, reverse=0.9, among=0.95))
    assert {found[f"weights/{order}/reverse"] for order in ORDERS} == {"fails"}
    assert "holds" not in {found[f"gap/{order}"] for order in ORDERS}


def test_a_model_that_names_anybody_in_the_prompt_does_not_read() -> None:
    found = verdicts(observed(same=0.9, reverse=0.0, among=0.5))
    assert {found[f"among/{order}/same"] for order in ORDERS} == {"fails"}
    assert {found[f"among/{order}/reverse"] for order in ORDERS} == {"undecided"}
    assert {found[f"alone/{order}/reverse"] for order in ORDERS} == {"holds"}


def test_intervals_are_over_wordings_where_there_are_several() -> None:
    """Half of four wordings are always answered and half never: of others nothing is known."""
    wording = pl.col("fact").str.split("-").list.last().cast(pl.Int64) % 4
    rows = observed(same=0.9, reverse=0.0, among=0.95).with_columns(exact_match=wording < 2)
    one, several = (
        {
            f.claim: f
            for f in evaluate(InContext().claims(), {"ask": rows.with_columns(template=wordings)})
        }
        for wordings in (pl.lit(0), wording)
    )
    for claim, found in several.items():
        if not claim.startswith("gap"):
            alone = one[claim]
            assert found.measured == alone.measured == 0.5
            assert found.low is not None
            assert alone.low is not None
            assert found.low < 0.1 < 0.3 < alone.low


def test_a_model_that_learnt_nothing_says_nothing_of_weights() -> None:
    found = verdicts(observed(same=0.0, reverse=0.0, among=0.95))
    assert {found[f"weights/{order}/reverse"] for order in ORDERS} == {"undecided"}


def test_figure_has_a_panel_for_each_subset_and_says_what_it_rests_on() -> None:
    rows = observed(same=0.9, reverse=0.0, among=0.95)
    made = InContext().page(Finished(study={}, claims=[], tables={"ask": rows}))
    figure = made.sections[0].parts[0]
    assert isinstance(figure, Figure)
    assert "n = 20 facts a subset and seed, 5 seeds" in figure.caption
    assert problems(made) == []
    svg, _ = render(figure.chart)
    assert all(f">{order}<" in svg for order in ORDERS)
    assert len(made.sections[0].parts) == 1


def test_page_says_that_reading_was_trained_in_the_order_given() -> None:
    rows = observed(same=0.9, reverse=0.0, among=0.95)
    runs = [{"stages": [{"name": "reading"}, {"name": "telling"}]}]
    made = InContext().page(Finished(study={}, claims=[], tables={"ask": rows}, runs=runs))
    said = made.sections[0].parts[1]
    assert isinstance(said, Text)
    assert "in the order in which they are given" in said.text
