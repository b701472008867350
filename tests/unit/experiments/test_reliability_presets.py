"""The settings of the studies: those of the paper, and those of minutes."""

from collections.abc import Mapping

import pytest

from obverse.experiments.reliability import presets
from obverse.experiments.reliability.ablations import BatchSize
from obverse.experiments.reliability.presets import Presets
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions

STUDIES: Mapping[str, Presets] = {
    name: getattr(presets, name)
    for name in ("MAIN", "ALPHA", "ORDER", "BATCH", "SIZE", "STAGES", "CONTEXT", "TAGS", "SETS", "T5")
}


def test_paper_is_trained_as_its_configurations_say() -> None:
    paper = presets.MAIN["paper"]()
    assert paper.fractions == Fractions()
    assert (paper.order, paper.tags, paper.schedule, paper.alpha) == ("tae", "random", "two-stage", 1.0)
    assert (paper.population.kind, paper.population.held_out, paper.stage_0) == ("cvdb", 1, None)
    for recipe, epochs in ((paper.stage_1, 20), (paper.stage_2, 10)):
        assert (recipe.optimizer, recipe.batch_size, recipe.epochs) == ("adafactor", 256, epochs)
        assert (recipe.learning_rate, recipe.schedule, recipe.warmup_steps) == (5e-5, "linear", 0)
        assert (recipe.weight_decay, recipe.pad_to, recipe.precision) == (0.0, 64, "bfloat16")
    assert presets.MAIN["trex"]().population.kind == "trex"


def test_set_inclusion_as_in_the_paper() -> None:
    sets = presets.SETS["paper"]()
    assert isinstance(sets.population, Sets)
    assert (sets.population.individuals, sets.population.members, sets.population.questions) == (
        8000,
        8,
        24,
    )
    assert (sets.stage_1.epochs, sets.stage_2.epochs, sets.stage_1.batch_size) == (100, 40, 512)
    assert sets.claims()[0].id == "stage 1/D1cons-D2incons"
    assert not [c.id for c in sets.claims() if c.id.endswith("attribution")]


@pytest.mark.parametrize("study", STUDIES)
def test_every_variant_of_the_small_studies_can_be_built(study: str) -> None:
    tiny = STUDIES[study]["tiny"]()
    for variant in tiny.variants():
        experiment = tiny.with_overrides({"population.individuals": 300, **variant.settings})
        stages = experiment.stages(0)
        assert all(stage.documents and stage.probes for stage in stages)
        asked = {(p.subset, p.direction) for p in stages[-1].probes}
        assert {("D5cons", "question"), ("D6cons", "question")} <= asked
        assert len({p.id for p in stages[-1].probes}) == len(stages[-1].probes)


@pytest.mark.parametrize("study", STUDIES)
def test_papers_variants_are_settings_that_are_allowed(study: str) -> None:
    for preset in STUDIES[study].values():
        experiment = preset()
        assert all(experiment.with_overrides(v.settings) for v in experiment.variants())


def test_encoder_decoders_write_the_completion() -> None:
    tiny = presets.T5["tiny"]()
    assert tiny.stage_0 is not None
    assert {r.loss_on for r in (tiny.stage_0, tiny.stage_1, tiny.stage_2)} == {"completion"}


def test_micro_batches_are_no_larger_than_batches() -> None:
    large = presets.paper(BatchSize, batch_sizes=(16, 256))
    sizes = [large.with_overrides(v.settings).stage_2 for v in large.variants()]
    assert [(r.batch_size, r.micro_batch_size) for r in sizes] == [(16, 16), (256, 32), (16, 16)]
    assert [v.settings.get("alpha") for v in large.variants()] == [None, None, 0.5]


def test_margins_do_not_make_another_experiment() -> None:
    assert {"margin", "loss_margin"} <= Reliability.analysis
