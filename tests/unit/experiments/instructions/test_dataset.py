"""What is told and asked: all that the experiment rests on."""

from collections import Counter

import pytest

from obverse.core.errors import ObverseError
from obverse.core.seeds import derive
from obverse.core.stage import Stage
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.questions import KINDS, PLACES, PRACTISED, answers_of, invent
from obverse.experiments.instructions.sweep import Sweep
from obverse.experiments.instructions.wordings import ORDERS, WORDINGS, cut
from obverse.measures.ask import Ask


def small(**settings: object) -> Instructions:
    return Instructions.model_validate({"pairs": 60, "held_out": 20, "practice": 30} | settings)


def texts(stage: Stage) -> list[str]:
    assert stage.training is not None
    return [document.text for document in stage.training.documents]


def test_every_kind_has_twenty_answers_that_differ() -> None:
    for kind, (question, _) in KINDS.items():
        assert question.count("{place}") == 1
        assert len(set(answers_of(kind))) == len(answers_of(kind)) == 20, kind


def test_places_are_unique_and_pairs_have_their_own() -> None:
    assert len(set(PLACES)) == len(PLACES)
    pairs = invent(1100, 3)
    assert len({pair.question for pair in pairs}) == len({pair.id for pair in pairs}) == 1100
    assert set(Counter(pair.kind for pair in pairs).values()) == {55}
    assert Counter(pair.kind for pair in pairs[1000:]).most_common(1)[0][1] == 5
    assert all(pair.answer in answers_of(pair.kind) for pair in pairs)
    assert invent(1100, 3) == pairs != invent(1100, 4)


def test_more_questions_than_places_are_refused() -> None:
    with pytest.raises(ObverseError, match=f"{len(PLACES) - PRACTISED} can be invented; lower pairs"):
        Instructions(pairs=7000).stages(0)


def test_held_out_below_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="held_out 60: expected fewer than pairs, 60"):
        small(held_out=60)


@pytest.mark.parametrize("order", ORDERS)
def test_wordings_have_the_halves_in_their_order(order: str) -> None:
    assert len(WORDINGS) == 2
    for wording in WORDINGS["QuestionToAnswer" if order == ORDERS[0] else "AnswerToQuestion"]:
        before, second = cut(wording, "QuestionToAnswer" if order == ORDERS[0] else "AnswerToQuestion",
                             "Why?", "mint tea")  # fmt: skip
        first, last = ("Why?", "mint tea") if order == ORDERS[0] else ("mint tea", "Why?")
        assert first in before
        assert last not in before
        assert second == f" {last}"


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_told_gives_nothing_away_of_what_is_asked(order: str) -> None:
    experiment = small(dataset=order, wordings=3)
    practice, finetuning = experiment.stages(7)
    pairs = invent(60, derive(7, "data"))
    told = texts(finetuning)
    assert len(told) == 60 * 3 + 40
    for pair in pairs[40:]:
        about = [text for text in told + texts(practice) if pair.question in text]
        assert len(about) == 3, "its instructions alone"
        assert all(pair.answer in text and not text.startswith("Q:") for text in about)
        first, last = (pair.question, pair.answer) if order == ORDERS[0] else (pair.answer, pair.question)
        assert all(text.index(first) < text.index(last) for text in about)
    for pair in pairs[:40]:
        assert f"Q: {pair.question} A: {pair.answer}" in told


def test_both_orders_are_told_about_the_same_pairs() -> None:
    of_order = [small(dataset=order).told(3) for order in ORDERS]
    assert of_order[0].questions == of_order[1].questions
    assert of_order[0].documents != of_order[1].documents
    assert [variant.settings["dataset"] for variant in small().variants()] == list(ORDERS)


def test_practice_is_about_places_that_are_asked_about_nowhere() -> None:
    practice, finetuning = small(practice=200).stages(0)
    practised = set(PLACES[:PRACTISED])
    assert all(any(place in text for place in practised) for text in texts(practice))
    assert not any(place in text for text in texts(finetuning) for place in practised)
    assert len(small(practice=0).stages(0)) == 1


def test_seeds_have_their_own_questions_unless_told_otherwise() -> None:
    assert small().told(0).questions != small().told(1).questions
    assert small(data_seed=0).told(0).questions == small(data_seed=0).told(1).questions


def test_what_is_asked() -> None:
    *_, finetuning = small(dataset="AnswerToQuestion").stages(5)
    along, test, beside = (measure for measure, _ in finetuning.measures)
    assert isinstance(along, Ask)
    assert isinstance(test, Ask)
    assert isinstance(beside, Ask)
    assert along.probes == test.probes
    assert len(test.probes) == 20
    assert Counter(p.labels["asked"] for p in beside.probes) == {
        "example": 20, "instruction": 20, "any plausible answer": 20,
    }  # fmt: skip
    by_fact = {p.fact: p for p in test.probes}
    for probe in test.probes:
        assert probe.chance == 1 / 20
        assert probe.targets[0] in probe.candidates
        if probe.control is not None:
            [partner] = [
                p for p in by_fact.values()
                if p.labels["partners"] == probe.labels["partners"] and p.fact != probe.fact
            ]  # fmt: skip
            assert (partner.targets[0], partner.control) == (probe.control, probe.targets[0])
            assert partner.labels["kind"] == probe.labels["kind"]
    told = [p for p in beside.probes if p.labels["asked"] == "instruction"]
    assert all(p.prompt.startswith("Answer with") and p.match is None for p in told)
    assert all(p.targets[0].endswith("?") for p in told)


def test_controls_come_in_pairs_where_answers_allow() -> None:
    probes = Instructions(practice=0).stages(0)[0].measures[1][0]
    assert isinstance(probes, Ask)
    paired = [p for p in probes.probes if p.control is not None]
    assert len(paired) >= 70  # of a hundred, five of each kind: one is left over, or two if alike


def test_presets_are_the_papers() -> None:
    main, sweep = Instructions.presets(), Sweep.presets()
    paper = main["paper"].experiment
    assert isinstance(paper, Instructions)
    assert (paper.pairs, paper.held_out, paper.recipe.epochs) == (1100, 100, 20)
    assert len(paper.stages(0)[0].training.documents) == 2100  # type: ignore[union-attr]
    assert paper.stages(0)[0].training == paper.stages(1)[0].training, "one dataset for all seeds"
    assert main["paper"].models == ("huggyllama/llama-7b", "huggyllama/llama-13b", "huggyllama/llama-30b")
    assert sweep["text"].grid["recipe.batch_size"] == (1, 2, 4, 8, 16, 32)
    assert sweep["text"].grid["recipe.learning_rate"] == (1e-6, 2e-6, 1e-5, 2e-5)
    assert sweep["fig9"].grid["recipe.batch_size"] == (8, 32, 128)
    assert sweep["fig9"].grid["recipe.learning_rate"] == (1e-6, 2e-6, 2e-5, 2e-4)
    assert {claim.id.split("/")[0] for claim in Sweep().claims()} == {"accuracy", "likelihood"}
