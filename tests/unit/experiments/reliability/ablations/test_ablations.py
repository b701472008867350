"""The claims of the studies of ablations, on observations whose truth is known."""

import math
from collections.abc import Callable

import polars as pl
import pytest

from obverse.core.claim import Claim
from obverse.core.errors import ObverseError
from obverse.experiments.reliability.ablations.batch_size import BatchSize
from obverse.experiments.reliability.ablations.encoder_decoder import EncoderDecoder
from obverse.experiments.reliability.ablations.in_context import InContext
from obverse.experiments.reliability.ablations.is_is_not import STRINGS, IsIsNot
from obverse.experiments.reliability.ablations.model_size import ModelSize
from obverse.experiments.reliability.ablations.schedules import Schedules
from obverse.experiments.reliability.ablations.sources import NamedSources
from obverse.experiments.reliability.ablations.word_order import AllOrders
from obverse.experiments.reliability.claims import BASE, CONTROL
from obverse.experiments.reliability.reliability import Reliability
from tests.unit.experiments.reliability.observations import found, gaps, observed, verdicts
from tests.unit.experiments.reliability.studies import STUDIES


def judged(experiment: Reliability) -> tuple[Claim, ...]:
    """Return the claims that are not only explored."""
    return tuple(claim for claim in experiment.claims() if claim.role != "explored")


def gap_of(size: float) -> dict[str, float]:
    return {"D5cons": 0.5 + size / 2, "D6cons": 0.5 - size / 2, "QA7": 0.1}


# Batch size ----------------------------------------------------------------------------------------

BATCHES = {
    "batch 64": 0.6, "batch 256": 0.4, "batch 1024": 0.2, "batch 4096": 0.0,
    f"batch 64, {CONTROL}": 0.0, f"batch 4096, {CONTROL}": 0.0,
}  # fmt: skip


def test_gap_that_shrinks_with_batch_size() -> None:
    study = BatchSize.tiny()
    claim = found(judged(study), *gaps(study, BATCHES.__getitem__))
    assert {f.verdict for f in claim.values()} == {"holds"}
    assert claim["batch/question"].measured == pytest.approx(-0.1, abs=0.02), "a doubling"
    growing = found(judged(study), *gaps(study, lambda v: 0.6 - BATCHES[v] if CONTROL not in v else 0.0))
    assert growing["batch/question"].measured == pytest.approx(0.1, abs=0.02)
    assert growing["batch/question"].verdict != "holds"


def test_shrinking_says_nothing_where_large_batches_were_trained_less() -> None:
    study = BatchSize.tiny()
    less = pl.when(variant="batch 4096").then(-3.0).otherwise("logprob").alias("logprob")
    claim = verdicts(judged(study), *(f.with_columns(less) for f in gaps(study, BATCHES.__getitem__)))
    assert claim["converged/batch 4096"] == "fails"
    assert claim["converged/batch 1024"] == "holds"
    assert claim["batch/question"] == "undecided"
    equal = study.with_overrides({"equal": "steps"})
    assert not [c.id for c in equal.claims() if c.id.startswith("converged/")]


# Model size ----------------------------------------------------------------------------------------


def of_sizes(variant: str, gap: Callable[[int], float], seeds: int = 6) -> list[pl.DataFrame]:
    """Return observations of four models of 10 to 10,000 parameters, with `gap(decade)` each."""
    return [
        observed(
            variant, gap_of(gap(n)), model=f"m{n}", parameters=10**n, noise=0.01, seeds=seeds
        )
        for n in (1, 2, 3, 4)
    ]  # fmt: skip


def test_gap_of_a_family_that_grows_with_size() -> None:
    tables = [*of_sizes(BASE, lambda n: 0.2 * n), *of_sizes(CONTROL, lambda n: 0.0)]
    claim = found(ModelSize().claims(), *tables)
    grown = claim["size/question"]
    assert (grown.verdict, grown.model, grown.n_seeds) == ("holds", "f", 6)
    assert grown.measured == pytest.approx(0.2, abs=0.02), "a tenfold"
    own_words = [t.with_columns(parameters=pl.col("parameters") + pl.col("seed")) for t in tables]
    again = found(ModelSize().claims(), *own_words)["size/question"]
    assert (again.verdict, again.n_seeds) == ("holds", 6), "a seed's vocabulary changes the size"
    alone = found(ModelSize().claims(), *(t.filter(model="m1") for t in tables))
    assert alone["size/question"].measured is None, "one size shows no growth"


def test_growth_needs_a_control_that_does_not_grow() -> None:
    both = [*of_sizes(BASE, lambda n: 0.2 * n), *of_sizes(CONTROL, lambda n: 0.2 * n)]
    claim = verdicts(ModelSize().claims(), *both)
    assert claim[f"size/{CONTROL}/question"] == "fails"
    assert claim["size/question"] == "undecided"


def test_with_one_run_a_model_the_distances_from_the_line_are_the_uncertainty() -> None:
    [growth] = [c for c in ModelSize().claims() if c.id == "size/question"]

    def interval(gap: Callable[[int], float]) -> tuple[float, float]:
        estimate = growth.estimate(pl.concat(of_sizes(BASE, gap, seeds=1)))
        assert estimate is not None
        return estimate.interval()

    low, high = interval(lambda n: 0.2 * n)
    assert 0 < low < 0.2 < high
    low, high = interval(lambda n: (0.2, 0.7, 0.1, 0.8)[n - 1])
    assert low < 0 < 0.14 < high, "models that lie off the line show no growth"
    two = pl.concat(of_sizes(BASE, lambda n: 0.2 * n, seeds=1)[:2])
    known = growth.estimate(two)
    assert known is not None
    assert math.isnan(known.p_greater(0.0)), "two models leave no degree of freedom"


# Word order ----------------------------------------------------------------------------------------


def of_orders(attribution: dict[str, float], question: dict[str, float]) -> list[pl.DataFrame]:
    """Return observations of all orders, in which Stage 2 teaches definitions; gaps are those named."""
    tables = []
    for variant in AllOrders().variants():
        for direction, named in (("attribution", attribution), ("question", question)):
            rows = observed(variant.name, gap_of(named.get(variant.name, 0.0)), noise=0.01)
            before = rows.with_columns(
                stage=pl.lit("Stage 1"), final=pl.lit(False), logprob=pl.col("logprob") - 3
            )
            kept = [direction, "definition"] if direction == "question" else [direction]
            tables.append(pl.concat([before, rows]).filter(pl.col("direction").is_in(kept)))
    return tables


LAST = {BASE: 0.4, "ATE": 0.4}  # the orders with the entity last
WEAKER = {BASE: 0.4, "ATE": 0.4, "AET": 0.2}


def test_word_orders_as_in_the_paper() -> None:
    claim = found(judged(AllOrders()), *of_orders(LAST, WEAKER))
    assert {id for id, f in claim.items() if f.verdict != "holds"} == set()
    primary = {c.id for c in AllOrders().claims() if c.role == "primary"}
    assert primary == {
        "gap/base/attribution", "gap/ATE/attribution", "gap/AET/attribution", "gap/TEA/attribution",
        "gap/ETA/attribution", "gap/EAT/attribution", "gap/AET/question",
    }  # fmt: skip
    sources = {c.id: c.source for c in AllOrders().claims()}
    assert sources["gap/EAT/attribution"] == "Figure 4b"
    assert sources["gap/EAT/question"] == "Figure 11"


def test_definitions_are_learnt_in_the_stage_that_tells_them() -> None:
    """In one stage that is the first, whose beginning stands for what was known before."""
    study = AllOrders().with_overrides({"schedule": "single-stage"})
    tables = [
        t.with_columns(stage=pl.lit("Stage 1"), epoch=pl.when("final").then(10).otherwise(0))
        for t in of_orders(LAST, WEAKER)
    ]
    claim = verdicts(judged(study), *tables)
    assert (claim["definitions learnt/EAT"], claim["gap/EAT/attribution"]) == ("holds", "holds")


def test_gap_by_attribution_in_another_order_contradicts_the_paper() -> None:
    claim = verdicts(judged(AllOrders()), *of_orders({**LAST, "TEA": 0.4, "AET": 0.4}, WEAKER))
    assert (claim["gap/TEA/attribution"], claim["gap/AET/attribution"]) == ("fails", "fails")
    assert claim["gap/ETA/attribution"] == "holds"


def test_absence_needs_a_gap_that_could_be_seen_and_definitions_that_were_learnt() -> None:
    blind = verdicts(judged(AllOrders()), *of_orders({}, {}))
    assert blind["gap/TEA/attribution"] == "undecided", "no order shows a gap"
    untold = [
        t.filter((pl.col("variant") != "TEA") | (pl.col("direction") != "definition"))
        for t in of_orders(LAST, WEAKER)
    ]
    unlearnt = [
        t.with_columns(logprob=pl.when(variant="EAT").then(-2.0).otherwise("logprob")) for t in untold
    ]
    claim = verdicts(judged(AllOrders()), *unlearnt)
    assert claim["gap/TEA/attribution"] == "undecided", "nobody asked for the loss of definitions"
    assert claim["gap/EAT/attribution"] == "undecided", "the loss of definitions did not fall"
    assert claim["gap/ETA/attribution"] == "holds"


def test_change_in_stage_2_is_explored() -> None:
    [fall] = [c for c in AllOrders().claims() if c.id == "stage 2/EAT/QA7"]
    before = observed("EAT", {"QA7": 0.3}, stage="Stage 1", final=False)
    estimate = fall.estimate(pl.concat([before, observed("EAT", {"QA7": 0.1})]))
    assert fall.role == "explored"
    assert estimate is not None
    assert estimate.value == pytest.approx(-0.2, abs=0.03)
    # Each branch is held against its own start, whose aliases are not those of another.
    tables = [
        observed(
            "EAT", {"QA7": share}, noise=0.0, stage="Stage 2", epoch=epoch, final=final
        ).with_columns(branch=pl.lit(branch, pl.Int64))
        for branch, share in ((0, 0.1), (1, 0.9))
        for epoch, final in ((0, False), (1, True))
    ]
    stayed = fall.estimate(
        pl.concat([observed("EAT", {"QA7": 0.1}, stage="Stage 1", final=False), *tables])
    )
    assert stayed is not None
    assert stayed.value == pytest.approx(0)


# Definitions in context, is and is not, schedules, sources --------------------------------------------


def test_gap_in_context_needs_definitions_that_are_heeded() -> None:
    def seen(guessed: float) -> dict[str, str]:
        gap = {BASE: {"D5cons": 0.6, "D6cons": 0.2}, CONTROL: {"D5cons": 0.7, "D6cons": 0.7}}
        tables = [observed(v, {**shares, "QA7": guessed}, noise=0.01) for v, shares in gap.items()]
        return verdicts(InContext().claims(), *tables)

    assert (seen(0.1)["context/heeded"], seen(0.1)[f"gap/{BASE}/question"]) == ("holds", "holds")
    assert (seen(0.6)["context/heeded"], seen(0.6)[f"gap/{BASE}/question"]) == ("undecided", "undecided")


def test_is_counts_more_than_is_not_by_attribution_alone() -> None:
    paper = IsIsNot()
    assert [v.name for v in paper.variants()] == [BASE, STRINGS]

    def seen(question: float, strings: float = 0.0) -> dict[str, str]:
        tables = [
            observed(v, gap_of(gap), noise=0.01).filter(direction=direction)
            for v, direction, gap in (
                (BASE, "attribution", 0.4), (BASE, "question", question),
                (STRINGS, "attribution", strings), (STRINGS, "question", 0.0),
            )
        ]  # fmt: skip
        return verdicts(judged(paper), *tables)

    assert set(seen(0.0).values()) == {"holds"}
    assert seen(0.4)[f"gap/{BASE}/question"] == "fails"
    controls = seen(0.0, strings=0.4)
    assert controls[f"gap/{BASE}/attribution"] == "undecided", "random strings have the gap as well"
    assert controls[f"gap/{BASE}/question"] == "undecided", "so that no absence can be shown beside it"
    tiny = {c.id: c.role for c in IsIsNot.tiny().claims()}
    assert tiny[f"gap/{BASE}/question"] == "explored", "X1 has taught it by questions"
    assert tiny["gap/X2 alone/attribution"] == "explored"


CONTROLLED = (
    AllOrders(), BatchSize.tiny(), IsIsNot.tiny(), ModelSize(), NamedSources(), Schedules()
)  # fmt: skip


@pytest.mark.parametrize("experiment", CONTROLLED, ids=lambda experiment: experiment.name)
def test_each_gap_has_the_control_of_its_own_kind(experiment: Reliability) -> None:
    settings = {v.name: v.settings for v in experiment.variants()}
    stated = {c.id: c for c in experiment.claims()}
    present = [c for c in stated.values() if c.id.startswith("gap/") and f"excess/{c.id[4:]}" in c.needs]
    assert present
    for claim in present:
        _, variant, kind = claim.id.split("/")
        [control] = [n for n in claim.needs if n.startswith("gap/")]
        _, its, of_kind = control.split("/")
        assert settings[its] == {**settings[variant], "alpha": 0.5}
        assert of_kind == kind, "asked the same"
        assert stated[control].role == "control"


def test_every_word_order_has_uninformative_tags_beside_it() -> None:
    settings = {v.name: dict(v.settings) for v in AllOrders().variants()}
    informative = [s for s in settings.values() if "alpha" not in s]
    assert len(settings) == 12
    assert all({**s, "alpha": 0.5} in settings.values() for s in informative)


def test_learning_curve_of_the_encoder_decoder() -> None:
    curve = EncoderDecoder.presets()["curve"].experiment
    assert isinstance(curve, EncoderDecoder)
    counts = [v.settings["population.individuals"] for v in curve.variants()]
    assert counts == [*curve.aliases, *curve.aliases]

    def size(variant: str) -> float:
        if CONTROL in variant:
            return 0.0
        return 0.1 * curve.aliases.index(int(variant.split()[0]))

    claim = found(judged(curve), *gaps(curve, size))
    assert claim["aliases/question"].verdict == "holds"
    assert claim["aliases/question"].measured == pytest.approx(0.1, abs=0.01), "a doubling"
    assert claim["gap/3000 aliases/question"].verdict == "holds"
    assert "gap/750 aliases/question" not in claim, "explored"


@pytest.mark.parametrize("aliases", [[100], [200, 100]])
def test_curves_that_are_none_are_refused(aliases: list[int]) -> None:
    with pytest.raises(ObverseError, match="from few to many"):
        EncoderDecoder.tiny().with_overrides({"aliases": aliases})


@pytest.mark.parametrize("experiment", [Schedules(), NamedSources()], ids=lambda e: e.name)
def test_gaps_hold_where_no_control_has_one(experiment: Reliability) -> None:
    controls = {v.name for v in experiment.variants() if v.settings.get("alpha") == 0.5}
    claim = found(judged(experiment), *gaps(experiment, lambda v: 0.4 * (v not in controls)))
    assert {f.verdict for f in claim.values()} == {"holds"}


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
