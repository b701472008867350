"""The claims of implicit meta-learning, on observations whose truth is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from obverse.core.claim import Claim, Finding
from obverse.core.experiment import Variant
from obverse.core.measure import LEADING
from obverse.experiments.reliability.alpha import Alpha
from obverse.experiments.reliability.batch_size import BatchSize
from obverse.experiments.reliability.claims import BASE, CONTROL, learnt
from obverse.experiments.reliability.in_context import InContext
from obverse.experiments.reliability.main_claims import main
from obverse.experiments.reliability.model_size import ModelSize
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.schedules import Schedules
from obverse.experiments.reliability.sources import TagKinds
from obverse.experiments.reliability.word_order import AllOrders
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.stats.verdict import evaluate
from tests.unit.experiments.reliability.studies import STUDIES

COLUMNS = schema({**LEADING, **Reliability.columns, **Ask.columns})
FACTS = 40
GAP = {"D5cons": 0.7, "D6cons": 0.3, "QA7": 0.1}
ALIKE = {"D5cons": 0.5, "D6cons": 0.5, "QA7": 0.1}
GUESSED = {"D5cons": 0.1, "D6cons": 0.1, "QA7": 0.1}


def observed(
    variant: str,
    accuracy: dict[str, float],
    *,
    seeds: int = 6,
    branches: int = 1,
    noise: float = 0.02,
    **about: Any,
) -> pl.DataFrame:
    """Return answers to questions and about entities; a seed's luck is the same in both subsets."""
    draw = np.random.default_rng(len(variant))
    labels = {
        "model": "m", "family": "f", "parameters": 10, "variant": variant, "stage": "Stage 2", "epoch": 1,
        "final": True, "logprob": -2.0,
    } | about  # fmt: skip
    rows = []
    for seed in range(seeds):
        for branch in range(branches):
            for subset, share in accuracy.items():
                hits = round(FACTS * min(max(share + draw.normal(0, noise), 0), 1))
                rows += [
                    labels | {
                        "run": f"{variant}{seed}", "seed": seed, "branch": branch, "subset": subset,
                        "direction": direction, "fact": f"f{i}", "exact_match": i < hits,
                    }
                    for direction in ("question", "attribution", "definition")
                    for i in range(FACTS)
                ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


def found(stated: tuple[Claim, ...], *tables: pl.DataFrame) -> dict[str, Finding]:
    return {f.claim: f for f in evaluate(stated, {"ask": pl.concat(tables)})}


def verdicts(stated: tuple[Claim, ...], *tables: pl.DataFrame) -> dict[str, str]:
    return {id: f.verdict for id, f in found(stated, *tables).items()}


MAIN = Reliability().claims()
STAGE_1 = {"D1cons-QA1": 0.9, "QA3": 0.6, "D2incons-QA2": 0.3}


def after_stage_1(accuracy: dict[str, float], stage: str = "Stage 1", epoch: int = 3) -> pl.DataFrame:
    return observed(BASE, accuracy, stage=stage, epoch=epoch, final=False)


def test_gap_holds_where_uninformative_tags_have_none() -> None:
    claim = found(MAIN, observed(BASE, GAP), observed(CONTROL, ALIKE))
    for direction in ("question", "attribution"):
        assert claim[f"gap/{BASE}/{direction}"].verdict == "holds"
        assert claim[f"gap/{BASE}/{direction}"].measured == pytest.approx(0.4, abs=0.05)
        assert claim[f"gap/{CONTROL}/{direction}"].verdict == "holds"
    assert claim["loss/definition"].verdict == "holds"


def test_gap_is_held_back_where_uninformative_tags_have_it_too() -> None:
    claim = found(MAIN, observed(BASE, GAP), observed(CONTROL, GAP))
    gap = claim[f"gap/{BASE}/question"]
    assert (gap.verdict, gap.note) == (
        "undecided",
        f"its control does not hold: gap/{CONTROL}/question, excess/{BASE}/question",
    )
    assert claim[f"gap/{CONTROL}/question"].verdict == "fails"
    assert verdicts(MAIN, observed(BASE, GAP))[f"gap/{BASE}/question"] == "undecided", "nor without it"


def test_controls_in_which_nothing_was_learnt_are_not_alike() -> None:
    claim = found(MAIN, observed(BASE, GAP), observed(CONTROL, GUESSED))
    assert claim[f"learnt/{CONTROL}/question/D5cons"].verdict == "undecided"
    assert claim[f"gap/{CONTROL}/question"].measured == pytest.approx(0, abs=0.05)
    assert claim[f"gap/{CONTROL}/question"].verdict == "undecided"


def test_where_nobody_is_qa7_learning_is_held_against_chance() -> None:
    known = {"D5cons": 0.7, "D6cons": 0.7}
    tables = [observed(v, known).with_columns(chance=pl.lit(0.5)) for v in (BASE, CONTROL)]
    claim = found(learnt(CONTROL, "question", "chance"), *tables)
    assert {f.verdict for f in claim.values()} == {"holds"}
    assert {round(f.measured or 0, 1) for f in claim.values()} == {0.2}


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


def test_gap_the_other_way_round_fails() -> None:
    inverse = {"D5cons": 0.3, "D6cons": 0.7}
    got = verdicts(MAIN, observed(BASE, inverse), observed(CONTROL, ALIKE))
    assert got[f"gap/{BASE}/question"] == "fails"
    assert got[f"gap/{CONTROL}/question"] == "holds"


def test_losses_that_differ_are_not_alike() -> None:
    far = pl.when(subset="D6cons").then(-9.0).otherwise(-2.0).alias("logprob")
    got = verdicts(MAIN, observed(BASE, GAP).with_columns(far), observed(CONTROL, ALIKE))
    assert got[f"gap/{BASE}/question"] == "holds"
    assert got["loss/definition"] == "fails"


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
        "apart": True, "guess": "chance",
    }  # fmt: skip
    stated = main(told=True, **of)
    assert [c.id for c in stated] == [
        "stage 1/D1cons-D2incons", f"gap/{BASE}/question", f"excess/{BASE}/question",
        *(f"learnt/{CONTROL}/question/{subset}" for subset in ("D5cons", "D6cons")),
        f"gap/{CONTROL}/question", "loss/definition", "loss/stage 1/trained", "loss/stage 1/definition",
    ]  # fmt: skip
    assert [c.id for c in main(told=False, **of)] == [c.id for c in stated][:-3], "none is trained"
    got = found(stated, after_stage_1(STAGE_1), observed(BASE, GAP))
    assert got["stage 1/D1cons-D2incons"].measured == pytest.approx(0.6, abs=0.05)


def test_nothing_measured_is_undecided() -> None:
    claim = found(MAIN, observed("another variant", GAP))
    assert {f.verdict for f in claim.values()} == {"undecided"}
    assert {f.measured for f in claim.values()} == {None}


def gaps(experiment: Reliability, size: Callable[[str], float]) -> list[pl.DataFrame]:
    """Return observations of all variants with a gap of `size(variant)` each."""
    return [
        observed(
            v.name,
            {"D5cons": 0.5 + size(v.name) / 2, "D6cons": 0.5 - size(v.name) / 2, "QA7": 0.1},
            noise=0.01,
        )
        for v in experiment.variants()
    ]


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
    falling = verdicts(Alpha().claims(), *gaps(Alpha(), lambda v: 0.5 - size[v]))
    assert falling["alpha/attribution"] == "fails"


def test_gap_that_shrinks_with_batch_size() -> None:
    size = {"batch 64": 0.6, "batch 128": 0.4, "batch 256": 0.2, "batch 512": 0.0, CONTROL: 0.0}
    claim = found(BatchSize().claims(), *gaps(BatchSize(), size.__getitem__))
    assert {f.verdict for f in claim.values()} == {"holds"}
    assert claim["batch/question"].measured == pytest.approx(-0.2, abs=0.02), "a doubling"
    growing = verdicts(BatchSize().claims(), *gaps(BatchSize(), lambda v: 0.6 - size[v]))
    assert growing["batch/question"] == "fails"


def test_gap_of_a_family_that_grows_with_size() -> None:
    control = [observed(CONTROL, ALIKE, model=m, parameters=n) for m, n in (("s", 10), ("l", 1000))]
    grown = [
        observed(BASE, {"D5cons": 0.5 + g, "D6cons": 0.5}, model=m, parameters=n, noise=0.01)
        for m, n, g in (("s", 10, 0.1), ("l", 1000, 0.5))
    ]
    claim = found(ModelSize().claims(), *control, *grown)
    assert claim["size/question"].verdict == "holds"
    assert claim["size/question"].model == "f"
    assert claim["size/question"].measured == pytest.approx(0.2, abs=0.02), "a tenfold"
    other = [f.with_columns(parameters=pl.col("parameters") + pl.col("seed")) for f in (*control, *grown)]
    own_words = found(ModelSize().claims(), *other)["size/question"]
    assert (own_words.verdict, own_words.n_seeds) == ("holds", 6), "a seed's vocabulary changes the size"
    alone = found(ModelSize().claims(), control[0], grown[0])
    assert alone["size/question"].measured is None, "one size shows no growth"


def test_word_orders_without_a_gap_are_shown_only_beside_one_that_has_it() -> None:
    last = {BASE, "ATE"}
    claim = found(AllOrders().claims(), *gaps(AllOrders(), lambda v: 0.4 * (v in last)))
    assert len(claim) == 11
    assert {f.verdict for f in claim.values()} == {"holds"}
    blind = verdicts(AllOrders().claims(), *gaps(AllOrders(), lambda _: 0.0))
    assert blind["gap/TEA/question"] == "undecided"
    seen = verdicts(AllOrders().claims(), *gaps(AllOrders(), lambda v: 0.4 * (v != CONTROL)))
    assert seen["gap/TEA/question"] == "fails"


def test_gap_in_context_needs_definitions_that_are_heeded() -> None:
    seen = [observed(v.name, {"D5cons": 0.6, "D6cons": 0.2, "QA7": 0.1}, noise=0.01) for v in context()]
    deaf = [observed(v.name, {"D5cons": 0.6, "D6cons": 0.2, "QA7": 0.6}, noise=0.01) for v in context()]
    assert verdicts(InContext().claims(), *seen)["context/heeded"] == "holds"
    assert verdicts(InContext().claims(), *deaf)["context/heeded"] == "undecided"
    assert verdicts(InContext().claims(), *deaf)[f"gap/{BASE}/question"] == "undecided"


def context() -> tuple[Variant, ...]:
    return InContext().variants()


@pytest.mark.parametrize("experiment", [Schedules(), TagKinds()])
def test_each_variant_has_the_control_of_its_own_kind(experiment: Reliability) -> None:
    controls = {v.name for v in experiment.variants() if v.settings.get("alpha") == 0.5}
    claim = found(experiment.claims(), *gaps(experiment, lambda v: 0.4 * (v not in controls)))
    assert {f.verdict for f in claim.values()} == {"holds"}
    settings = {v.name: v.settings for v in experiment.variants()}
    for stated in experiment.claims():
        for control in (n for n in stated.needs if n.startswith("gap/")):
            of, its = (settings[name.split("/", 1)[1].rsplit("/", 1)[0]] for name in (stated.id, control))
            assert its == {**of, "alpha": 0.5}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_claims_have_names_of_their_own_and_need_claims_that_are_made(
    study: type[Reliability],
) -> None:
    experiment = study.tiny()
    stated = experiment.claims()
    ids = [c.id for c in stated]
    assert len(set(ids)) == len(ids)
    assert {control for c in stated for control in c.needs} <= set(ids)
    names = [v.name for v in experiment.variants()]
    assert len(set(names)) == len(names)
    for variant in experiment.variants():
        experiment.with_overrides(variant.settings)  # refused, were they not settings of it
