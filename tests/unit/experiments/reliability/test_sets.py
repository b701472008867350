"""Set inclusion: what variables and integers are asked about, and what is claimed."""

from collections import Counter
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from obverse.core.errors import ObverseError
from obverse.core.page import Finished, Page, Text
from obverse.experiments.reliability.claims import BASE, CONTROL
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.set_inclusion import SetInclusion
from obverse.experiments.reliability.set_questions import SetQuestions
from tests.unit.experiments.reliability.crowd import asked, documents
from tests.unit.experiments.reliability.observations import found, observed

LEARNT = {"D1cons-QA1": 0.9, "D2incons-QA2": 0.8}
INTERNALISED = {"D5cons": 0.75, "D6cons": 0.65}
SMALL: dict[str, Any] = {"population.individuals": 100, "population.memberships": 6}


def listed(text: str) -> tuple[str, list[str]]:
    """Return whom a question is about, and the numbers in its list."""
    who, _, numbers = text.partition(" % ")
    assert numbers.endswith(" =")
    return who, numbers.removesuffix(" =").split()


def test_lists_of_numbers_hold_the_variables_own_or_not() -> None:
    sets = Sets(individuals=40, numbers=12, members=5, questions=8, held_out=4)
    for variable in sets.draw(3):
        seen = set()
        for question in variable.questions:
            who, numbers = listed(question.text)
            assert who == "{name}"
            assert len(numbers) == len(set(numbers)) == 5
            assert set(numbers) <= set(map(str, range(12)))
            assert question.answers == ("true" if variable.entity in numbers else "false",)
            seen.add(frozenset(numbers))
        assert len(seen) == 8, "no list twice, in whatever order"
        assert Counter(q.answers[0] for q in variable.questions) == {"true": 4, "false": 4}
    assert sets.draw(3) == sets.draw(3) != sets.draw(4)
    assert (sets.chance(False), sets.chance(True), sets.known(3)) == (0.5, None, ())


def test_lists_as_long_as_the_numbers_are_refused() -> None:
    with pytest.raises(ValidationError, match="members 5: expected fewer than numbers 5"):
        Sets(members=5, numbers=5)
    with pytest.raises(ValidationError, match="too few lists to ask about so many"):
        Sets(members=2, numbers=4, questions=8)


def test_integers_are_taught_by_membership_and_identity() -> None:
    sets = Sets(numbers=6, members=2, questions=4, held_out=2, memberships=10, identities=3)
    known = sets.known(1)
    assert [person.entity for person in known] == list("012345")
    for person in known:
        kinds = Counter(q.kind for q in person.questions)
        assert kinds == {"true": 5, "false": 5, "identity": 9}
        for question in person.questions:
            if question.kind == "identity":
                assert question.answers == (person.entity,)
            else:
                assert question.kind == ("true" if person.entity in listed(question.text)[1] else "false")
        said = Counter(q.text for q in person.questions if q.kind == "identity")
        assert said == {"is {name}": 3, "means {name}": 3, "names {name}": 3}
    assert sets.known(1) == known != sets.known(2)


def test_what_is_known_is_told_in_stage_0_and_kept_in_stage_1() -> None:
    first, second, third = SetInclusion.tiny().with_overrides(SMALL).stages(0)
    assert [s.name for s in (first, second, third)] == ["Stage 0", "Stage 1", "Stage 2"]
    known = Counter(d.text for d in documents(first))
    assert known["is 7 7"] == 10
    assert len(documents(first)) == 10 * (6 + 3 * 10)
    assert known <= Counter(d.text for d in documents(second))
    assert not any(" % " in d.text for d in documents(third))
    assert "5 % " not in {p.prompt[:4] for p in asked(third)}, "integers themselves are not asked about"


def test_difference_of_stage_1_counts_only_where_questions_were_learnt() -> None:
    claims = SetInclusion.tiny().claims()
    assert [c.source for c in claims if c.id.startswith("stage 1")] == ["Figure 22"]
    for learnt, verdict in ((0.0, "holds"), (-0.35, "undecided")):
        rows = observed(BASE, {k: v + learnt for k, v in LEARNT.items()}, stage="Stage 1", final=False)
        claim = found(claims, rows.with_columns(chance=pl.lit(0.5)))
        assert claim["stage 1/D1cons-D2incons"].verdict == verdict
        assert claim["stage 1/D1cons-D2incons"].measured == pytest.approx(0.1, abs=0.03)


def test_control_is_alike_within_less_than_the_effect() -> None:
    claims = SetInclusion.tiny().claims()
    tables = [observed(BASE, INTERNALISED), observed(CONTROL, {"D5cons": 0.71, "D6cons": 0.7})]
    claim = found(claims, *(t.with_columns(chance=pl.lit(0.5)) for t in tables))
    assert claim[f"gap/{BASE}/question"].verdict == "holds"
    assert claim[f"gap/{CONTROL}/question"].criterion == "within ±0.05"


def test_more_trained_questions_are_of_the_same_variables() -> None:
    study = SetQuestions.tiny().with_overrides(SMALL)
    made = {v.name: study.with_overrides(v.settings).bearers(0)[0] for v in study.variants()}
    assert list(made) == [*(f"{n} trained questions" for n in (2, 4, 8)), CONTROL]
    for n in (2, 4, 8):
        bearers = made[f"{n} trained questions"]
        assert {len(b.trained) for b in bearers if b.subset.stage == 1} == {n}
        assert [b.individual for b in bearers] == [b.individual for b in made["2 trained questions"]]
    with pytest.raises(ObverseError, match="expected each number once, and below 16"):
        study.with_overrides({"trained": (2, 16)})


def test_trends_over_trained_questions() -> None:
    """Each doubling adds 0.1 to D1cons, takes 0.025 from the first gap, and leaves the second alone."""
    study = SetQuestions.tiny()
    tables = []
    for step, n in enumerate(study.trained):
        name, right = f"{n} trained questions", 0.7 + 0.1 * step
        first = {"D1cons-QA1": right, "D2incons-QA2": right - 0.1 + 0.025 * step}
        tables += [
            observed(name, first, stage="Stage 1", final=False, noise=0.0),
            observed(name, INTERNALISED, noise=0.0),
        ]
    claim = found(study.claims(), *(t.with_columns(chance=pl.lit(0.5)) for t in tables))
    assert claim["questions/stage 2"].verdict == "undecided"
    assert "since gap/2 trained questions/question" in claim["questions/stage 2"].note
    slopes = {id: f.measured for id, f in claim.items() if id.startswith("questions/")}
    expected = {"questions/learnt": 0.1, "questions/stage 1": -0.025, "questions/stage 2": 0.0}
    assert slopes == pytest.approx(expected)


def test_page_says_what_differs_from_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reliability, "page", lambda self, finished: Page())
    finished = Finished(study={}, claims=(), tables={})
    [section] = SetInclusion.tiny().page(finished).sections
    [text] = section.parts
    assert isinstance(text, Text)
    assert "knows nothing beforehand" in text.text
    assert SetInclusion.presets()["paper"].experiment.page(finished).sections == ()
