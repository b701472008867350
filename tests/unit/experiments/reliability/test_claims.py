"""The claims of implicit meta-learning, on observations whose truth is known."""

from typing import Any

import polars as pl
import pytest

from obverse.core.claim import Claim
from obverse.experiments.reliability.ablations.alpha import Alpha
from obverse.experiments.reliability.claims import BASE, CONTROL, learnt
from obverse.experiments.reliability.main_claims import Sources, main
from obverse.experiments.reliability.reliability import Reliability
from tests.unit.experiments.reliability.observations import (
    ALIKE,
    GAP,
    GUESSED,
    found,
    gaps,
    observed,
    verdicts,
)

MAIN = Reliability().claims()
STAGE_1 = {"D1cons-QA1": 0.9, "QA3": 0.6, "D2incons-QA2": 0.3}


def after_stage_1(accuracy: dict[str, float], stage: str = "Stage 1", epoch: int = 3) -> pl.DataFrame:
    return observed(BASE, accuracy, stage=stage, epoch=epoch, final=False)


def untold(logprob: float = -5.0, stage: str = "Stage 1", epoch: int = 3) -> pl.DataFrame:
    """Return what was observed before the definitions of X2 were told."""
    return observed(BASE, GUESSED, stage=stage, epoch=epoch, final=False, logprob=logprob)


def test_gap_holds_where_uninformative_tags_have_none() -> None:
    claim = found(MAIN, untold(), observed(BASE, GAP), observed(CONTROL, ALIKE))
    for direction in ("question", "attribution"):
        assert claim[f"gap/{BASE}/{direction}"].verdict == "holds"
        assert claim[f"gap/{BASE}/{direction}"].measured == pytest.approx(0.4, abs=0.05)
        assert claim[f"gap/{CONTROL}/{direction}"].verdict == "holds"
    assert claim["loss/definition"].verdict == "holds"


def test_gap_is_held_back_where_uninformative_tags_have_it_too() -> None:
    claim = found(MAIN, observed(BASE, GAP), observed(CONTROL, GAP))
    gap = claim[f"gap/{BASE}/question"]
    assert gap.verdict == "undecided"
    assert f"since gap/{CONTROL}/question fails" in gap.note
    assert claim[f"gap/{CONTROL}/question"].verdict == "fails"
    assert verdicts(MAIN, observed(BASE, GAP))[f"gap/{BASE}/question"] == "undecided", "nor without it"


def test_controls_in_which_nothing_was_learnt_are_not_alike() -> None:
    claim = found(MAIN, observed(BASE, GAP), observed(CONTROL, GUESSED))
    assert claim[f"learnt/{CONTROL}/question/D5cons"].verdict == "fails"
    assert claim[f"gap/{CONTROL}/question"].measured == pytest.approx(0, abs=0.05)
    assert claim[f"gap/{CONTROL}/question"].verdict == "undecided"


def test_where_nobody_is_qa7_learning_is_held_against_chance() -> None:
    known = {"D5cons": 0.7, "D6cons": 0.7}
    tables = [observed(v, known).with_columns(chance=pl.lit(0.5)) for v in (BASE, CONTROL)]
    claim = found(learnt(CONTROL, "question", 0.05, "chance"), *tables)
    assert {f.verdict for f in claim.values()} == {"holds"}
    assert {round(f.measured or 0, 1) for f in claim.values()} == {0.2}
    more = found(learnt(CONTROL, "question", 0.3, "chance"), *tables)
    assert {f.verdict for f in more.values()} == {"fails"}, "less is learnt than the margin of alike"


def test_tag_that_outweighs_the_answers() -> None:
    """D9's definitions name other entities than its answers do; D10's name the same."""
    labels: dict[str, Any] = {"stage": "Stage 1", "epoch": 3, "final": False}
    told = observed("α = 0.95", {"D9incons-QA9": 0.8, "D10cons-QA10": 0.0}, **labels)
    told = told.filter(direction="attribution").with_columns(direction=pl.lit("told"))
    true = observed("α = 0.95", {"D9incons-QA9": 0.1, "D10cons-QA10": 0.5}, **labels)
    claim = found(Alpha().claims(), told, true)["tag outweighs answers/α = 0.95"]
    assert claim.verdict == "holds"
    assert claim.measured == pytest.approx(0.3, abs=0.05)
    assert "tag outweighs" not in str([c.id for c in Alpha(alphas=(0.5, 1.0)).claims()])


def test_new_tag_is_above_the_reliable_one_in_two_stages_and_below_it_in_one() -> None:
    seen = [observed(BASE, {"D8cons": 0.9, "D5cons": 0.5}), observed(CONTROL, ALIKE)]
    assert verdicts(MAIN, *seen)["new tag/attribution"] == "holds"
    single = Reliability(schedule="single-stage").claims()
    assert verdicts(single, *seen)["new tag/attribution"] == "fails"


def test_gap_no_larger_than_with_uninformative_tags_is_held_back_however_small_that_is() -> None:
    small = {"D5cons": 0.53, "D6cons": 0.48, "QA7": 0.1}
    claim = found(MAIN, observed(BASE, small, noise=0.01), observed(CONTROL, small, noise=0.01))
    assert claim[f"gap/{CONTROL}/question"].verdict == "holds", "it is within the margin"
    assert claim[f"excess/{BASE}/question"].measured == pytest.approx(0, abs=0.03)
    assert claim[f"gap/{BASE}/question"].verdict == "undecided"


def test_gap_is_that_at_the_end() -> None:
    before = observed(BASE, {"D5cons": 0.1, "D6cons": 0.9}, final=False)
    claim = found(MAIN, before, observed(BASE, GAP), observed(CONTROL, ALIKE))
    assert claim[f"gap/{BASE}/question"].measured == pytest.approx(0.4, abs=0.05)


def test_gap_the_other_way_round_is_no_larger_than_in_its_control() -> None:
    inverse = {"D5cons": 0.3, "D6cons": 0.7}
    claim = found(MAIN, observed(BASE, inverse), observed(CONTROL, ALIKE))
    assert claim[f"gap/{CONTROL}/question"].verdict == "holds"
    assert claim[f"excess/{BASE}/question"].verdict == "fails"
    gap = claim[f"gap/{BASE}/question"]
    assert (gap.verdict, gap.high is not None and gap.high < 0) == ("undecided", True)
    assert f"excess/{BASE}/question fails" in gap.note


def test_losses_that_differ_are_not_alike() -> None:
    far = pl.when(subset="D6cons").then(-9.0).otherwise(-2.0).alias("logprob")
    told = observed(BASE, GAP).with_columns(far)
    got = verdicts(MAIN, untold(-12.0), told, observed(CONTROL, ALIKE))
    assert got[f"gap/{BASE}/question"] == "holds"
    assert got["loss/definition"] == "fails"


def test_definitions_are_learnt_alike_whether_there_is_a_gap_or_not() -> None:
    claim = found(MAIN, untold(), observed(BASE, ALIKE), observed(CONTROL, ALIKE))
    assert claim[f"gap/{BASE}/question"].verdict != "holds"
    assert claim[f"definitions learnt/{BASE}"].measured == pytest.approx(3)
    assert claim["loss/definition"].verdict == "holds"


def test_definitions_that_are_not_learnt_are_not_learnt_alike() -> None:
    claim = found(MAIN, untold(-2.0), observed(BASE, GAP), observed(CONTROL, ALIKE))
    assert claim[f"gap/{BASE}/question"].verdict == "holds"
    assert (claim["loss/definition"].measured, claim["loss/definition"].verdict) == (0, "undecided")


def test_definitions_are_learnt_since_before_the_stage_that_tells_them() -> None:
    """Before one stage comes Stage 0, or its own start; a branch begins with aliases of its own."""

    def fallen(stated: tuple[Claim, ...], *tables: pl.DataFrame) -> float | None:
        return found(stated, *tables)[f"definitions learnt/{BASE}"].measured

    single = Reliability(schedule="single-stage").claims()
    end = observed(BASE, GAP, stage="Stage 1", epoch=5)
    start = untold(-4.0, stage="Stage 1", epoch=0)
    along = untold(-2.5, stage="Stage 1", epoch=3)
    assert fallen(single, start, along, end) == pytest.approx(2)
    stage_0 = [untold(-9.0, stage="Stage 0", epoch=0), untold(-5.0, stage="Stage 0", epoch=9)]
    assert fallen(single, *stage_0, along, end) == pytest.approx(3)
    branch = pl.lit(1, pl.Int64).alias("branch")
    branches = [
        observed(BASE, GAP, branches=2),
        untold(),
        untold(-7.0, stage="Stage 2", epoch=0).with_columns(branch),
    ]
    assert fallen(MAIN, *branches) == pytest.approx((3 + 5) / 2)


def test_branches_of_a_first_stage_are_not_seeds_of_their_own() -> None:
    claim = found(MAIN, observed(BASE, GAP, seeds=3, branches=5), observed(CONTROL, ALIKE))
    assert claim[f"gap/{BASE}/question"].n_seeds == 3
    assert claim[f"gap/{CONTROL}/question"].n_seeds == 6


def test_first_stage_is_measured_at_its_end_and_not_later() -> None:
    early = after_stage_1(dict.fromkeys(STAGE_1, 0.1), epoch=1)
    late = observed(BASE, dict.fromkeys(STAGE_1, 0.1) | GAP)
    for stages in (["Stage 1"], ["Stage 1a", "Stage 1b"]):
        others = [after_stage_1(dict.fromkeys(STAGE_1, 0.1), stage=s, epoch=9) for s in stages[:-1]]
        trunk = after_stage_1(STAGE_1, stage=stages[-1])
        claim = found(MAIN, early.with_columns(stage=pl.lit(stages[-1])), *others, trunk, late)
        assert claim["stage 1/D1cons-QA3"].verdict == "holds"
        assert claim["stage 1/QA3-D2incons"].verdict == "holds"
        assert claim["stage 1/D1cons-QA3"].measured == pytest.approx(0.3, abs=0.05)
        assert claim["stage 1/QA3-D2incons"].measured == pytest.approx(0.3, abs=0.05)


def test_without_qa3_the_two_kinds_of_definition_are_compared() -> None:
    of: dict[str, Any] = {
        "margin": 0.1, "loss_margin": 0.1, "attribution": False, "qa3": False, "new_tag": True,
        "guess": "chance", "sources": Sources(),
    }  # fmt: skip
    stated = main(told_in="Stage 2", **of)
    assert [c.id for c in stated] == [
        "stage 1/D1cons-D2incons",
        f"gap/{BASE}/question",
        f"excess/{BASE}/question",
        *(f"learnt/{CONTROL}/question/{subset}" for subset in ("D5cons", "D6cons")),
        f"gap/{CONTROL}/question",
        f"gap/{CONTROL}/question/most",
        f"definitions learnt/{BASE}",
        "loss/definition",
        *(f"loss/stage 1/{texts}" for texts in ("trained", "definition")),
    ]
    assert [c.id for c in main(told_in="", **of)] == [c.id for c in stated][:-4], "none is trained"
    got = found(stated, after_stage_1(STAGE_1), observed(BASE, GAP))
    assert got["stage 1/D1cons-D2incons"].measured == pytest.approx(0.6, abs=0.05)


def test_nothing_measured_is_undecided() -> None:
    claim = found(MAIN, observed("another variant", GAP))
    assert {f.verdict for f in claim.values()} == {"undecided", "explored"}
    assert {f.measured for f in claim.values()} == {None}


def test_gap_that_grows_with_reliability() -> None:
    size = {f"α = {a:g}": a - 0.5 for a in Alpha().alphas}
    claim = found(Alpha().claims(), *gaps(Alpha(), size.__getitem__))
    outweighed = claim.pop("tag outweighs answers/α = 0.95")
    assert outweighed.measured is None
    assert {f.verdict for f in claim.values()} == {"holds"}
    assert claim["alpha/question"].measured == pytest.approx(1, abs=0.1)
    flat = verdicts(Alpha().claims(), *gaps(Alpha(), lambda _: 0.5))
    assert flat["alpha/question"] == "undecided"
    assert flat["gap/α = 1/question"] == "undecided", "without reliability it is there as well"
    falling = verdicts(Alpha().claims(), *gaps(Alpha(), lambda v: -size[v]))
    assert falling["alpha/attribution"] == "fails"
