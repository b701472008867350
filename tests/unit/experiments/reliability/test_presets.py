"""The settings of the studies: those of the paper, and those of minutes."""

import subprocess
import sys

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reliability.ablations.alpha import Alpha
from obverse.experiments.reliability.ablations.batch_size import BatchSize
from obverse.experiments.reliability.ablations.encoder_decoder import EncoderDecoder
from obverse.experiments.reliability.ablations.in_context import InContext
from obverse.experiments.reliability.ablations.is_is_not import IsIsNot
from obverse.experiments.reliability.ablations.model_size import ModelSize
from obverse.experiments.reliability.ablations.sources import NamedSources
from obverse.experiments.reliability.populations.published import Cvdb
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.presets import paper_settings
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.set_inclusion import SetInclusion
from obverse.experiments.reliability.subsets import Fractions
from obverse.experiments.reliability.wording import SOURCES
from obverse.models.scratch import Scratch
from tests.unit.experiments.reliability.crowd import asked, documents
from tests.unit.experiments.reliability.studies import STUDIES

NEO = ("EleutherAI/gpt-neo-125m", "EleutherAI/gpt-neo-1.3B", "EleutherAI/gpt-neo-2.7B")
every_study = pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)


def preset(study: type[Reliability], name: str) -> Reliability:
    experiment = study.presets()[name].experiment
    assert isinstance(experiment, study)
    return experiment


def test_paper_is_trained_as_its_configurations_say() -> None:
    paper = preset(Reliability, "paper")
    assert paper.fractions == Fractions()
    assert (paper.order, paper.tags, paper.schedule, paper.alpha) == ("tae", "random", "two-stage", 1.0)
    assert (paper.population.kind, paper.population.held_out, paper.stage_0) == ("cvdb", 1, None)
    for recipe, epochs in ((paper.stage_1, 20), (paper.stage_2, 10)):
        assert (recipe.optimizer, recipe.batch_size, recipe.epochs) == ("adafactor", 256, epochs)
        assert (recipe.learning_rate, recipe.schedule, recipe.warmup_steps) == (5e-5, "linear", 0)
        assert (recipe.weight_decay, recipe.pad_to, recipe.precision) == (0.0, 64, "bfloat16")
    assert preset(Reliability, "trex").population.kind == "trex"


@pytest.mark.parametrize(
    ("study", "name", "kind", "schedule", "models"),
    [
        (Reliability, "fig14", "cvdb", "single-stage", ("EleutherAI/pythia-2.8b-deduped",)),
        (Reliability, "fig15", "trex", "single-stage", ("EleutherAI/pythia-2.8b-deduped",)),
        (ModelSize, "fig17", "cvdb", "two-stage", (*NEO, "meta-llama/Llama-2-7b-hf")),
        (ModelSize, "fig18", "trex", "two-stage", NEO),
        (EncoderDecoder, "fig19", "cvdb", "single-stage", ("google-t5/t5-3b",)),
        (EncoderDecoder, "fig19-trex", "trex", "single-stage", ("google-t5/t5-3b",)),
    ],
)
def test_presets_of_figures(
    study: type[Reliability], name: str, kind: str, schedule: str, models: tuple[str, ...]
) -> None:
    experiment = preset(study, name)
    assert (experiment.population.kind, experiment.schedule) == (kind, schedule)
    assert experiment.stage_1 == preset(study, "paper").stage_1
    assert study.presets()[name].models == models
    assert "fig14" not in Alpha.presets(), "a study of another figure"


@pytest.mark.parametrize("name", ["paper", "trex"])
def test_documents_with_a_definition_before_the_question_have_more_room(name: str) -> None:
    here, elsewhere = preset(InContext, name), preset(Reliability, name)
    assert here.stage_1 == elsewhere.stage_1.with_overrides({"pad_to": 72})
    assert elsewhere.stage_1.pad_to == 64
    assert here.population == elsewhere.population
    assert set(InContext.presets()) == {"tiny", "paper", "trex"}


def test_set_inclusion_as_in_the_paper() -> None:
    sets = preset(SetInclusion, "paper")
    assert sets.population == Sets(
        individuals=8000, numbers=100, members=8, questions=24, held_out=12, memberships=0, identities=0
    )
    shares = (0.4, 0.4, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0)
    assert tuple(sets.fractions.model_dump().values()) == shares
    assert sets.stage_0 is None, "nothing is known beforehand"
    assert (sets.stage_1.epochs, sets.stage_2.epochs) == (100, 40)
    for recipe in (sets.stage_1, sets.stage_2):
        assert (recipe.optimizer, recipe.batch_size, recipe.loss_on) == ("adafactor", 512, "document")
    assert not [c.id for c in sets.claims() if c.id.endswith("attribution")]
    assert SetInclusion().population == sets.population, "and without a preset"
    assert set(SetInclusion.presets()) == {"tiny", "paper"}


def test_studies_are_told_apart_and_say_what_they_ask() -> None:
    assert {study.name for study in STUDIES} == {"reliability"} | {
        f"reliability-{what}"
        for what in (
            "alpha",
            "order",
            "batch",
            "size",
            "stages",
            "context",
            "sets",
            "set-questions",
            "is",
            "sources",
            "t5",
            "alignment",
        )
    }
    for words in ("title", "about"):
        said = [getattr(study, words) for study in STUDIES]
        assert len({*said, ""}) == len(STUDIES) + 1
    assert {study.seeds for study in STUDIES} == {3, 5, 10}
    assert Reliability.seeds == SetInclusion.seeds == 10


@every_study
def test_small_study_is_the_default_and_made_from_scratch(study: type[Reliability]) -> None:
    presets = study.presets()
    assert next(iter(presets)) == "tiny"
    assert all(isinstance(model, Scratch) for model in presets["tiny"].models)
    assert study.whole() == presets["tiny"].experiment


def test_studies_of_models_have_models_of_their_own() -> None:
    small, paper = (ModelSize.presets()[name].models for name in ("tiny", "paper"))
    assert [m.hidden_size for m in small if isinstance(m, Scratch)] == [16, 32, 64, 128]
    assert {m.family for m in small if isinstance(m, Scratch)} == {"scratch"}
    assert paper[0] == "EleutherAI/pythia-70m-deduped"
    assert len(paper) == 7
    [t5] = EncoderDecoder.presets()["tiny"].models
    assert isinstance(t5, Scratch)
    assert t5.architecture == "t5"
    assert EncoderDecoder.presets()["paper"].models == ("google-t5/t5-3b",)


@every_study
def test_every_variant_of_the_small_studies_can_be_built(study: type[Reliability]) -> None:
    tiny = preset(study, "tiny")
    for variant in tiny.variants():
        experiment = tiny.with_overrides({"population.individuals": 300, **variant.settings})
        stages = experiment.stages(0)
        assert all(documents(stage) and asked(stage) for stage in stages)
        last = asked(stages[-1])
        groups = {(p.labels["subset"], p.labels["direction"]) for p in last}
        assert {("D5cons", "question"), ("D6cons", "question")} <= groups
        assert len({p.id for p in last}) == len(last)
        declared = set(study.columns)
        assert all(set(probe.labels) == declared for probe in last)


@every_study
def test_papers_variants_are_settings_that_are_allowed(study: type[Reliability]) -> None:
    for name in study.presets():
        experiment = preset(study, name)
        assert all(experiment.with_overrides(v.settings) for v in experiment.variants())


def test_encoder_decoders_write_the_completion() -> None:
    tiny = preset(EncoderDecoder, "tiny")
    assert tiny.stage_0 is not None
    assert {r.loss_on for r in (tiny.stage_0, tiny.stage_1, tiny.stage_2)} == {"completion"}


def test_micro_batches_are_no_larger_than_batches() -> None:
    large = BatchSize(**paper_settings(Cvdb(), batch_sizes=(16, 256), epochs=(20, 30)))
    sizes = [large.with_overrides(v.settings).stage_1 for v in large.variants()]
    assert [(r.batch_size, r.micro_batch_size) for r in sizes] == [(16, 16), (256, 32)] * 2
    assert [v.settings.get("alpha") for v in large.variants()] == [None, None, 0.5, 0.5]


@pytest.mark.parametrize(
    ("equal", "epochs"), [("convergence", [8, 12, 30]), ("epochs", [8, 8, 8]), ("steps", [8, 16, 128])]
)
def test_what_is_equal_for_all_batch_sizes(equal: str, epochs: list[int]) -> None:
    study = BatchSize.tiny().with_overrides(
        {"batch_sizes": (64, 128, 1024), "epochs": (8, 12, 30), "equal": equal}
    )
    trained = [study.with_overrides(v.settings).stage_1 for v in study.variants()][:3]
    assert [r.epochs for r in trained] == epochs
    assert [r.batch_size for r in trained] == [64, 128, 1024]
    if equal == "steps":
        assert len({r.epoch_ends(10_240)[-1] for r in trained}) == 1
    converged = [c for c in study.claims() if c.id.startswith("converged/")]
    assert len(converged) == (2 if equal == "convergence" else 0)


def test_batches_are_told_of_both_parts_at_once_up_to_all_documents() -> None:
    study = BatchSize.tiny()
    largest = study.with_overrides(study.variants()[3].settings)
    stages = largest.stages(0)
    assert [stage.name for stage in stages] == ["Stage 0", "Stage 1"]
    assert {"D1cons-QA1", "D5cons"} <= {d.labels["subset"] for d in documents(stages[1])}
    assert largest.stage_1.batch_size >= 0.9 * len(documents(stages[1])), "(nearly) full batch"


@pytest.mark.parametrize(
    "settings", [{"batch_sizes": (256, 64)}, {"batch_sizes": (64, 64)}, {"epochs": (1, 2)}]
)
def test_batch_sizes_that_say_too_little_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ObverseError, match="expected"):
        BatchSize.tiny().with_overrides(settings)


def test_is_and_is_not_are_learnt_from_x2_alone_by_pretrained_models() -> None:
    paper = preset(IsIsNot, "paper")
    assert (paper.schedule, paper.tags, paper.branches) == ("X2 alone", "is", 1)
    assert [v.settings for v in paper.variants()] == [{}, {"tags": "random"}]
    roles = {c.id: c.role for c in paper.claims()}
    assert roles["gap/base/attribution"] == roles["gap/base/question"] == "primary"
    alone = preset(IsIsNot, "tiny").with_overrides({"schedule": "X2 alone"})
    stages = alone.stages(0)
    assert [stage.name for stage in stages] == ["Stage 0", "Stage 2"]
    assert {d.labels["subset"] for d in documents(stages[1])} == {"D5cons", "D6cons", "D8cons"}
    assert {p.labels["subset"] for p in asked(stages[1])} == {"D5cons", "D6cons", "D8cons", "QA7"}


def test_named_sources_define_a_tenth_of_the_aliases_each() -> None:
    [_, stage_1, _] = preset(NamedSources, "tiny").stages(0)
    defined = [d for d in documents(stage_1) if d.labels["kind"] == "definition"]
    assert len({d.fact for d in defined}) == len(defined), "one definition an alias"
    said = [d.prompt.split(d.fact)[0] for d in defined if d.labels["subset"] == "D1cons-QA1"]
    assert {p.strip() for p in said} == set(SOURCES[0])


def test_margins_do_not_make_another_experiment() -> None:
    assert all(study.analysis >= {"margin", "loss_margin"} for study in STUDIES)


def test_import_is_light() -> None:
    modules = sorted({study.__module__ for study in STUDIES})
    code = (
        f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; "
        "print(*sorted({'torch', 'transformers', 'altair', 'obverse.report'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
